//! A JavaScript front end, its backend, and an API that the backend calls for the user.
//!
//! If no endpoint is configured, it runs with `logto-dev`, without a Logto account.

mod api;
mod backend;
#[cfg(test)]
mod tests;

use std::error::Error;

use logto_dev::Provider;
use logto_rocket::{ApiResource, Logto};
use rocket::figment::Figment;
use rocket::fs::{FileServer, relative};
use rocket::{Build, Rocket, catchers, routes, tokio};

use crate::api::Items;
use crate::backend::ApiClient;

/// The front end and its backend: what browsers talk to.
fn site(figment: Figment) -> Rocket<Build> {
    // `join`: `Rocket.toml` and the environment come first.
    let figment = figment
        .join(("logto.resources", [Items::INDICATOR]))
        .join(("logto.scopes", Items::SCOPES))
        .join(("api_url", "http://127.0.0.1:8001"));
    rocket::custom(figment)
        .attach(Provider::fairing())
        .attach(Logto::fairing())
        .attach(ApiClient::fairing())
        .mount("/", FileServer::from(relative!("static")))
        .mount("/api", routes![backend::me, backend::items, backend::add])
        .register("/api", catchers![backend::failed])
}

/// Launches both. Yours would be two programs.
#[rocket::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let site = site(rocket::Config::figment()).ignite().await?;
    // The address of `logto-dev` is known now.
    let endpoint = logto_rocket::Config::from_figment(site.figment())?.endpoint;
    let figment = rocket::Config::figment();
    let port: u16 = figment.extract_inner("api_port").unwrap_or(8001);
    let api = api::api(figment.merge(("port", port)), endpoint);
    tokio::try_join!(site.launch(), api.launch())?;
    Ok(())
}

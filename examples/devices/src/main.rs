//! A page where users see their sessions and end them.

mod page;
#[cfg(test)]
mod tests;

use logto_dev::Provider;
use logto_rocket::{Error, Logto, LogtoClient, LogtoFairing, User, authenticated};
use rocket::figment::Figment;
use rocket::response::Redirect;
use rocket::response::content::{RawCss, RawHtml};
use rocket::{Build, Rocket, get, launch, post, routes, uri};

#[get("/")]
fn home(user: Option<&User>) -> RawHtml<String> {
    page::home(user.is_some())
}

#[authenticated(redirect)]
#[get("/devices")]
async fn devices(logto: LogtoClient<'_>) -> Result<RawHtml<String>, Error> {
    Ok(page::devices(&logto.sessions().await?))
}

/// Ends one of the user's sessions. The attribute refuses a form from another site.
#[authenticated(redirect)]
#[post("/devices/<handle>/end")]
async fn end(handle: &str, logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.end_session(handle).await?;
    Ok(Redirect::to(uri!(devices)))
}

#[get("/style.css")]
fn style() -> RawCss<&'static str> {
    RawCss(include_str!("style.css"))
}

fn application(figment: Figment, logto: LogtoFairing) -> Rocket<Build> {
    // `join`: `logto.session.store` in Rocket.toml comes first.
    rocket::custom(figment.join(("logto.session.store", "memory")))
        .attach(Provider::fairing())
        .attach(logto)
        .mount("/", routes![home, devices, end, style])
}

#[launch]
fn rocket() -> _ {
    application(rocket::Config::figment(), Logto::fairing())
}

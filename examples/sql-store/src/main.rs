//! Sessions in SQLite, with the application's own `SessionStore`.

mod database;
mod shared;
mod store;
#[cfg(test)]
mod tests;

use logto_dev::Provider;
use logto_rocket::{Logto, User, authenticated};
use rocket::figment::Figment;
use rocket::{Build, Rocket, get, launch, routes};
use sqlx::SqlitePool;

use crate::store::SqlStore;

#[authenticated(redirect)]
#[get("/")]
fn home(user: &User) -> String {
    format!("Hello, {}!", user.name().unwrap_or("you"))
}

fn application(figment: Figment) -> Rocket<Build> {
    let logto = Logto::fairing().store_with(|rocket| {
        let pool = rocket.state::<SqlitePool>().ok_or("attach the database first")?;
        Ok::<_, &str>(SqlStore::new(pool.clone()))
    });
    rocket::custom(figment)
        .attach(Provider::fairing())
        .attach(database::fairing())
        .attach(logto)
        .mount("/", routes![home])
}

#[launch]
fn rocket() -> _ {
    application(rocket::Config::figment())
}

//! Users in the application's own database, provisioned at sign-in.
//!
//! If no endpoint is configured, it runs with `logto-dev`, without a Logto account.

mod database;
mod member;
mod notes;
mod pages;
mod provisioning;
#[cfg(test)]
mod tests;

use logto_dev::Provider;
use logto_rocket::{Logto, User, UserScope, authenticated};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::response::content::RawCss;
use rocket::{Build, Request, Rocket, catch, catchers, get, launch, routes};

use crate::member::Member;
use crate::pages::Page;
use crate::provisioning::Provisioning;

#[get("/")]
fn home(user: Option<&User>) -> Page {
    pages::home(user)
}

/// Where users go who sign in for the first time.
#[authenticated(redirect)]
#[get("/welcome")]
fn welcome(member: &Member) -> Page {
    pages::welcome(member)
}

#[get("/style.css")]
fn style() -> RawCss<&'static str> {
    RawCss(include_str!("style.css"))
}

/// A failed sign-in has logto-rocket's own page.
#[catch(default)]
fn failed(status: Status, _: &Request<'_>) -> Page {
    pages::failure(status)
}

fn application(figment: Figment) -> Rocket<Build> {
    // `join`: `Rocket.toml` and the environment come first.
    rocket::custom(figment.join(("logto.scopes", [UserScope::Email.as_str()])))
        .attach(Provider::fairing())
        .attach(database::fairing())
        .attach(Logto::fairing().hooks(Provisioning))
        .mount("/", routes![home, welcome, style])
        .mount("/", routes![notes::list, notes::add, notes::remove])
        .register("/", catchers![failed])
}

#[launch]
fn rocket() -> _ {
    application(rocket::Config::figment())
}

//! An API that takes access tokens, with two pages for browsers.
//!
//! If no endpoint is configured, it runs with `logto-dev`, without a Logto account.

mod items;
mod openapi;
mod pages;
mod routes;
#[cfg(test)]
mod tests;

use logto_dev::Provider;
use logto_rocket::{ApiResource, AuthInfo, Logto, User, authenticated, public};
use rocket::figment::Figment;
use rocket::response::content::{RawCss, RawHtml};
use rocket::serde::json::json;
use rocket::{Build, Rocket, State, get, launch, routes};

use crate::items::Store;
use crate::routes::Items;

/// For browsers, and for programs with a token.
#[authenticated(session, bearer, redirect, scopes(Items::Read))]
#[get("/")]
fn home(auth: &AuthInfo, store: &State<Store>) -> RawHtml<String> {
    pages::home(auth, &store.of(None))
}

/// Roles come from the ID token: presented tokens have none.
#[authenticated(redirect, roles("items-admin"))]
#[get("/admin")]
fn admin(user: &User, store: &State<Store>) -> RawHtml<String> {
    pages::admin(user, &store.all())
}

#[public]
#[get("/style.css")]
fn style() -> RawCss<&'static str> {
    RawCss(include_str!("style.css"))
}

fn application(figment: Figment) -> Rocket<Build> {
    rocket::custom(with_defaults(figment))
        .attach(Provider::fairing())
        .attach(Logto::fairing().deny_unprotected("/"))
        .manage(Store::new())
        .mount("/", routes::api())
        .mount("/", routes![home, admin, style, openapi::document, openapi::docs])
}

/// What a sign-in asks for, and a machine that `logto-dev` knows. `join`: `Rocket.toml` and
/// the environment come first.
fn with_defaults(figment: Figment) -> Figment {
    let machine = json!({
        "secret": "for-development-only",
        "roles": ["items-admin"],
        "organizations": { "8wz3nrme4n02": ["editor"] },
    });
    figment
        .join(("logto.resources", [Items::INDICATOR]))
        .join(("logto.scopes", [Items::SCOPES, &["roles"]].concat()))
        .join(("logto_dev.port", 3001))
        .join(("logto_dev.machine_app", machine))
}

#[launch]
fn rocket() -> _ {
    application(rocket::Config::figment())
}

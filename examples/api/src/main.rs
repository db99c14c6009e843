//! An API that takes access tokens, with two pages for browsers.
//!
//! Where no endpoint is configured it runs with `logto-dev`, without an account at Logto.

mod items;
mod pages;
#[cfg(test)]
mod tests;

use logto_dev::Provider;
use logto_rocket::{ApiResource, AuthInfo, Logto, User, authenticated};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::response::content::RawHtml;
use rocket::response::status::{Custom, NoContent};
use rocket::serde::json::{Json, json};
use rocket::{Build, Rocket, State, delete, get, launch, post, routes};

use crate::items::{Item, NewItem, Store};

/// The API, as it is called in the Logto Console, and its permissions.
#[derive(ApiResource)]
#[resource("https://api.example.com")]
enum Items {
    #[scope("read:items")]
    Read,
    #[scope("write:items")]
    Write,
}

#[authenticated(bearer, scopes(Items::Read))]
#[get("/items")]
fn list(store: &State<Store>) -> Json<Vec<Item>> {
    Json(store.of(None))
}

#[authenticated(bearer, scopes(Items::Write))]
#[post("/items", data = "<item>")]
fn create(item: Json<NewItem>, auth: &AuthInfo, store: &State<Store>) -> Custom<Json<Item>> {
    let item = store.add(item.into_inner().name, auth.sub.clone());
    Custom(Status::Created, Json(item))
}

#[authenticated(bearer, scopes(Items::Write))]
#[delete("/items/<id>")]
fn remove(id: u32, store: &State<Store>) -> Option<NoContent> {
    store.remove(id).then_some(NoContent)
}

/// The token is for this resource in this organization: a token without an organization
/// says nothing of any of them.
#[authenticated(bearer, scopes(Items::Read), organization = "<org>")]
#[get("/organizations/<org>/items")]
fn list_of(org: &str, store: &State<Store>) -> Json<Vec<Item>> {
    Json(store.of(Some(org)))
}

/// For browsers, and for programs with a token.
#[authenticated(session, bearer, redirect, scopes(Items::Read))]
#[get("/")]
fn home(auth: &AuthInfo, store: &State<Store>) -> RawHtml<String> {
    pages::home(auth, &store.of(None))
}

/// Roles are those of the ID token: tokens that requests present have none of their own.
#[authenticated(redirect, roles("items-admin"))]
#[get("/admin")]
fn admin(user: &User, store: &State<Store>) -> RawHtml<String> {
    pages::admin(user, &store.all())
}

fn application(figment: Figment) -> Rocket<Build> {
    rocket::custom(with_defaults(figment))
        .attach(Provider::fairing())
        .attach(Logto::fairing().deny_unprotected("/"))
        .manage(Store::new())
        .mount("/", routes![list, create, remove, list_of, home, admin])
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

//! An API that `logto-rocket` protects and rocket_okapi describes, at `/openapi.json`.
//!
//! `#[openapi]` comes first, then `#[authenticated]`, and the route attribute last.

mod documented;
#[cfg(test)]
mod tests;
mod token;

use logto_dev::Provider;
use logto_rocket::{ApiResource, Config, Logto, User, authenticated};
use rocket::fairing::AdHoc;
use rocket::response::status::NoContent;
use rocket::serde::json::Json;
use rocket::serde::{Deserialize, Serialize};
use rocket::{Build, Rocket, get, launch, put};
use rocket_okapi::settings::OpenApiSettings;
use rocket_okapi::{get_openapi_route, openapi, openapi_get_routes_spec};
use schemars::JsonSchema;

use crate::documented::{Documented, add_answers};
use crate::token::{Scopes, Token, add_discovery};

/// The API that programs call, and its permissions.
#[derive(ApiResource)]
#[resource("https://notes.example.com")]
enum Notes {
    #[scope("read:notes")]
    Read,
}

/// For the document: what a route with `scopes(Notes::Read)` needs.
struct ReadNotes;

impl Scopes for ReadNotes {
    const SCOPES: &'static [&'static str] = &[Notes::Read.scope()];
}

#[derive(Serialize, JsonSchema)]
#[serde(crate = "rocket::serde")]
struct Me {
    id: String,
    name: Option<String>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(crate = "rocket::serde")]
struct Note {
    text: String,
}

/// A page that greets the user
#[openapi(tag = "pages")]
#[authenticated(redirect)]
#[get("/profile")]
fn profile(user: Documented<&User>) -> String {
    format!("Hello, {}!", user.name().unwrap_or("stranger"))
}

/// The user
#[openapi]
#[authenticated]
#[get("/api/me")]
fn me(user: Documented<&User>) -> Json<Me> {
    let name = user.name().value().map(str::to_owned);
    Json(Me { id: user.subject().to_owned(), name })
}

/// Write a note
#[openapi]
#[authenticated]
#[put("/api/notes/<id>", data = "<note>")]
fn write(id: u32, user: Documented<&User>, note: Json<Note>) -> NoContent {
    rocket::info!("note {id} of {} has {} bytes", user.subject(), note.text.len());
    NoContent
}

/// The notes, for programs
#[openapi]
#[authenticated(bearer, scopes(Notes::Read))]
#[get("/api/notes")]
fn list(token: Token<'_, ReadNotes>) -> Json<Vec<Note>> {
    Json(vec![Note { text: format!("For {}", token.0.sub) }])
}

// With `ignore` the guard stays as it is. The document has the path and its parameters,
// but does not say that a session is needed.
/// Read a note
#[openapi(ignore = "user")]
#[authenticated]
#[get("/api/notes/<id>")]
fn read(id: u32, user: &User) -> Json<Note> {
    Json(Note { text: format!("Note {id} of {}", user.subject()) })
}

#[launch]
fn rocket() -> Rocket<Build> {
    rocket::build()
        .attach(Provider::fairing())
        .attach(Logto::fairing())
        .attach(AdHoc::on_ignite("API", |rocket| async { mount(rocket) }))
}

/// Mounts the routes and their document, which has the endpoint of the configuration.
fn mount(rocket: Rocket<Build>) -> Rocket<Build> {
    // Without an endpoint, `Logto::fairing()` ends the launch.
    let endpoint = Config::from_figment(rocket.figment()).map(|config| config.endpoint);
    let settings = OpenApiSettings::new();
    let (routes, mut document) = openapi_get_routes_spec![settings: profile, me, write, read, list];
    add_answers(&mut document);
    add_discovery(&mut document, &endpoint.unwrap_or_default());
    rocket.mount("/", routes).mount("/", [get_openapi_route(document, &settings)])
}

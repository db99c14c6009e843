//! An API that `logto-rocket` protects and utoipa describes, at `/openapi.json`.
//!
//! `#[utoipa::path]` stands above `#[authenticated]`, and the route attribute last.

#[cfg(test)]
mod tests;

use logto_dev::Provider;
use logto_rocket::{Logto, User, authenticated};
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::serde::{Deserialize, Serialize};
use rocket::{Build, Rocket, get, launch, put, routes};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

#[derive(Serialize, ToSchema)]
#[serde(crate = "rocket::serde")]
struct Me {
    id: String,
    name: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(crate = "rocket::serde")]
struct Note {
    text: String,
}

/// A page that greets the user
#[utoipa::path(
    responses(
        (status = 200, body = String),
        (status = 303, description = "Nobody is signed in: to sign-in, and back"),
        (status = 401, description = "Nobody is signed in, and the client is a script"),
    ),
    security(("session" = [])),
)]
#[authenticated(redirect)]
#[get("/profile")]
fn profile(user: &User) -> String {
    format!("Hello, {}!", user.name().unwrap_or("stranger"))
}

/// The user
#[utoipa::path(
    responses(
        (status = 200, body = Me),
        (status = 401, description = "Nobody is signed in"),
    ),
    security(("session" = [])),
)]
#[authenticated]
#[get("/api/me")]
fn me(user: &User) -> Json<Me> {
    let name = user.name().value().map(str::to_owned);
    Json(Me { id: user.subject().to_owned(), name })
}

/// Write a note
#[utoipa::path(
    responses(
        (status = 204),
        (status = 401, description = "Nobody is signed in"),
        (status = 403, description = "A page of another origin sent this"),
    ),
    security(("session" = [])),
)]
#[authenticated]
#[put("/api/notes/<id>", data = "<note>")]
fn write(id: u32, user: &User, note: Json<Note>) -> Status {
    rocket::info!("note {id} of {} has {} bytes", user.subject(), note.text.len());
    Status::NoContent
}

/// The document of the routes in `paths(..)`.
#[derive(OpenApi)]
#[openapi(paths(profile, me, write), modifiers(&Session))]
struct Document;

/// Says that the session's cookie opens them.
struct Session;

impl Modify for Session {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let about = "Set by `/sign-in`. The name goes on with six characters that tell \
                     applications apart, and begins with `__Host-` on https.";
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description("logto_", about));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

#[get("/openapi.json")]
fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}

#[launch]
fn rocket() -> Rocket<Build> {
    rocket::build()
        .attach(Provider::fairing())
        .attach(Logto::fairing())
        .mount("/", routes![profile, me, write, document])
}

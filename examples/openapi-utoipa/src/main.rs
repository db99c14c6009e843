//! An API that `logto-rocket` protects and utoipa describes, at `/openapi.json`.
//!
//! `#[utoipa::path]` comes first, then `#[authenticated]`, and the route attribute last.

#[cfg(test)]
mod tests;

use logto_dev::Provider;
use logto_rocket::{ApiResource, AuthInfo, Logto, User, authenticated};
use rocket::response::status::NoContent;
use rocket::serde::json::Json;
use rocket::serde::{Deserialize, Serialize};
use rocket::{Build, Rocket, get, launch, put, routes};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

/// The API that programs call, and its permissions.
#[derive(ApiResource)]
#[resource("https://notes.example.com")]
enum Notes {
    #[scope("read:notes")]
    Read,
}

#[derive(Serialize, ToSchema)]
#[serde(crate = "rocket::serde")]
struct Me {
    id: String,
    name: Option<String>,
}

#[derive(Deserialize, Serialize, ToSchema)]
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
fn write(id: u32, user: &User, note: Json<Note>) -> NoContent {
    rocket::info!("note {id} of {} has {} bytes", user.subject(), note.text.len());
    NoContent
}

/// The notes, for programs
#[utoipa::path(
    responses(
        (status = 200, body = Vec<Note>),
        (status = 401, description = "There is no token, or it is invalid or for another resource"),
        (status = 403, description = "The token lacks a scope"),
        (status = 503, description = "Logto's keys are not available"),
    ),
    security(("token" = [Notes::Read.scope()])),
)]
#[authenticated(bearer, scopes(Notes::Read))]
#[get("/api/notes")]
fn list(auth: &AuthInfo) -> Json<Vec<Note>> {
    Json(vec![Note { text: format!("For {}", auth.sub) }])
}

/// The document of the routes in `paths(..)`.
#[derive(OpenApi)]
#[openapi(paths(profile, me, write, list), modifiers(&Schemes))]
struct Document;

/// What opens them: the session's cookie, or an access token.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let about = "Set by `/sign-in`. Six more characters in the name tell \
                     applications apart, and begins with `__Host-` on https.";
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description("logto_", about));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
        let about = "An access token from Logto. The client requests it with the resource \
                     `https://notes.example.com` and the scopes of the operation.";
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        let token = token.description(Some(about)).build();
        components.add_security_scheme("token", SecurityScheme::Http(token));
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
        .mount("/", routes![profile, me, write, list, document])
}

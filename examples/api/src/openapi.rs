//! The OpenAPI document, and a page that shows it. Both are public.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use logto_rocket::public;
use rocket::get;
use rocket::response::content::RawHtml;
use rocket::serde::json::{Json, serde_json::to_value};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify, OpenApi, ToSchema};

use crate::{pages, routes};

#[derive(OpenApi)]
#[openapi(
    info(title = "Items"),
    paths(routes::list, routes::create, routes::remove, routes::list_of),
    components(schemas(Refusal)),
    modifiers(&Token)
)]
struct Document;

#[public]
#[get("/openapi.json")]
pub(crate) fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}

#[public]
#[get("/docs")]
pub(crate) fn docs() -> RawHtml<String> {
    pages::docs(&to_value(Document::openapi()).unwrap_or_default())
}

/// Logto's access tokens open the routes.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let about = "An access token from Logto. The client requests it with the resource \
                     `https://api.example.com` and the scopes of the operation, and by the \
                     organization for an organization's items.";
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
        let scheme = SecurityScheme::Http(scheme.description(Some(about)).build());
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// What each route with `bearer` answers if it does not run.
pub(crate) struct Refusals;

/// Why the route did not run
#[derive(ToSchema)]
#[allow(dead_code, reason = "it is what logto-rocket writes")]
struct Refusal {
    error: String,
}

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let refusals = [
            ("401", "There is no token, or it is invalid or for another resource"),
            ("403", "The token lacks a scope, or is not for this organization"),
            ("503", "Logto's keys are not available"),
        ];
        refusals.map(|(status, about)| (status.to_owned(), refusal(status, about))).into()
    }
}

fn refusal(status: &str, about: &str) -> RefOr<Response> {
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Refusal"))).build();
    let response = ResponseBuilder::new().description(about).content("application/json", body);
    if status == "503" {
        return response.build().into();
    }
    let header =
        HeaderBuilder::new().description(Some("What is wrong with the token, by RFC 6750"));
    response.header("WWW-Authenticate", header.build()).build().into()
}

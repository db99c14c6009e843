//! The metadata of API resources, for clients that know only an API's address (RFC 9728).

use std::io::Cursor;

use rocket::http::{ContentType, Header, Method, Status};
use rocket::request::Request;
use rocket::route::{Handler, Outcome, Route};
use rocket::{Data, Response};

use crate::logto::Logto;
use crate::mark;
use crate::resource::WELL_KNOWN;

/// Ahead of the application's own routes there, which get all other addresses.
const RANK: isize = -20;

/// The routes for the metadata that the configuration publishes, at the root of the site.
pub(crate) fn metadata_routes(logto: &Logto) -> Vec<Route> {
    if logto.resource_metadata().is_empty() {
        return Vec::new();
    }
    // One for all: Rocket finds no route by a path with percent-encoding.
    let path = format!("{WELL_KNOWN}/<_..>");
    let methods = [Method::Get, Method::Options];
    let routes = methods.map(|method| {
        let mut route = Route::ranked(RANK, method, &path, Metadata);
        route.name = Some("logto ResourceMetadata".into());
        mark::open(route)
    });
    routes.into()
}

#[derive(Clone)]
struct Metadata;

#[rocket::async_trait]
impl Handler for Metadata {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let Some(document) = Logto::of(request).and_then(|logto| document(logto, request)) else {
            return Outcome::forward(data, Status::NotFound);
        };
        let mut response = Response::build();
        // Public and the same for all: clients in browsers may read it from any origin.
        response.header(Header::new("Access-Control-Allow-Origin", "*"));
        if request.method() == Method::Options {
            response.status(Status::NoContent);
            response.header(Header::new("Access-Control-Allow-Methods", "GET, HEAD"));
            // MCP clients say which version they speak.
            response.header(Header::new("Access-Control-Allow-Headers", "*"));
        } else {
            response.header(ContentType::JSON);
            response.header(Header::new("Cache-Control", "public, max-age=3600"));
            response.sized_body(document.len(), Cursor::new(document));
        }
        Outcome::Success(response.finalize())
    }
}

fn document(logto: &Logto, request: &Request<'_>) -> Option<String> {
    let mut all = logto.resource_metadata().iter();
    let metadata = all.find(|metadata| metadata.is_at(request.uri()))?;
    Some(metadata.json(logto.issuer()))
}

//! The API: its permissions, its routes, and what the OpenAPI document says about them.
//!
//! `#[utoipa::path]` comes first, then `#[authenticated]`, and the route attribute last.

use logto_rocket::{ApiResource, AuthInfo, authenticated};
use rocket::http::Status;
use rocket::response::status::{Custom, NoContent};
use rocket::serde::json::Json;
use rocket::{Route, State, delete, get, post, routes};

use crate::items::{Item, NewItem, Store};
use crate::openapi::Refusals;

/// The API, as the Logto Console names it, and its permissions.
#[derive(ApiResource)]
#[resource("https://api.example.com")]
pub(crate) enum Items {
    #[scope("read:items")]
    Read,
    #[scope("write:items")]
    Write,
}

pub(crate) fn api() -> Vec<Route> {
    routes![list, create, remove, list_of]
}

/// List the items
#[utoipa::path(
    tag = "items",
    responses((status = 200, description = "The items", body = Vec<Item>), Refusals),
    security(("token" = [Items::Read.scope()])),
)]
#[authenticated(bearer, scopes(Items::Read))]
#[get("/items")]
fn list(store: &State<Store>) -> Json<Vec<Item>> {
    Json(store.of(None))
}

/// Create an item
#[utoipa::path(
    tag = "items",
    responses(
        (status = 201, description = "The item", body = Item),
        (status = 400, description = "The body is not JSON"),
        (status = 422, description = "The body is not an item"),
        Refusals,
    ),
    security(("token" = [Items::Write.scope()])),
)]
#[authenticated(bearer, scopes(Items::Write))]
#[post("/items", data = "<item>")]
fn create(item: Json<NewItem>, auth: &AuthInfo, store: &State<Store>) -> Custom<Json<Item>> {
    let item = store.add(item.into_inner().name, auth.sub.clone());
    Custom(Status::Created, Json(item))
}

/// Delete an item
#[utoipa::path(
    tag = "items",
    responses(
        (status = 204, description = "It is deleted"),
        (status = 404, description = "There is no such item"),
        Refusals,
    ),
    security(("token" = [Items::Write.scope()])),
)]
#[authenticated(bearer, scopes(Items::Write))]
#[delete("/items/<id>")]
fn remove(id: u32, store: &State<Store>) -> Option<NoContent> {
    store.remove(id).then_some(NoContent)
}

/// List the items of an organization
///
/// The token must be for this API in this organization.
#[utoipa::path(
    tag = "items",
    responses((status = 200, description = "The items", body = Vec<Item>), Refusals),
    security(("token" = [Items::Read.scope()])),
)]
#[authenticated(bearer, scopes(Items::Read), organization = "<org>")]
#[get("/organizations/<org>/items")]
fn list_of(org: &str, store: &State<Store>) -> Json<Vec<Item>> {
    Json(store.of(Some(org)))
}

//! `#[tracing::instrument]` above, between and below.

use logto_rocket::{User, authenticated};
use rocket::{Route, get, routes};

use crate::shape::Shape;
use crate::support::{name, ran};

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("traced above, async", "/above/async", "alice"),
    Shape::get("traced above, sync", "/above/sync/7", "7 alice"),
    Shape::get("traced between, async", "/between/async", "alice"),
    Shape::get("traced between, sync", "/between/sync/7", "7 alice"),
    Shape::get("traced below, async", "/below/async/7", "7 alice"),
    Shape::get("traced below, sync", "/below/sync/7", "7 alice"),
    Shape::get("traced, with a Result", "/result", "alice"),
];

pub(crate) fn routes() -> Vec<Route> {
    routes![above_async, above, between_async, between, below_async, below, result]
}

#[tracing::instrument(skip_all)]
#[authenticated]
#[get("/above/async")]
async fn above_async(user: &User) -> String {
    ran(name(user).to_owned())
}

#[tracing::instrument]
#[authenticated]
#[get("/above/sync/<id>")]
fn above(id: u8, user: &User) -> String {
    ran(format!("{id} {}", name(user)))
}

#[authenticated]
#[tracing::instrument(skip(user))]
#[get("/between/async")]
async fn between_async(user: &User) -> &str {
    ran(name(user))
}

#[authenticated]
#[tracing::instrument]
#[get("/between/sync/<id>")]
fn between(id: u8, user: &User) -> String {
    ran(format!("{id} {}", name(user)))
}

#[authenticated]
#[get("/below/async/<id>")]
#[tracing::instrument]
async fn below_async(user: &User, id: u8) -> String {
    ran(format!("{id} {}", name(user)))
}

#[authenticated]
#[get("/below/sync/<id>")]
#[tracing::instrument(fields(user = name(user)))]
fn below(user: &User, id: u8) -> String {
    ran(format!("{id} {}", name(user)))
}

#[authenticated]
#[get("/result")]
#[tracing::instrument(ret, err(Debug))]
async fn result(user: &User) -> Result<&str, rocket::response::Debug<std::io::Error>> {
    ran(Ok(name(user)))
}

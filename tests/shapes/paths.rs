//! Paths, ranks, methods, and several routes on one path.

use std::path::PathBuf;

use logto_rocket::{User, authenticated};
use rocket::http::Method;
use rocket::http::uri::Segments;
use rocket::http::uri::fmt::Path;
use rocket::{Route, get, head, options, post, route, routes};

use crate::shape::Shape;
use crate::support::{name, ran};

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("the first of two ranks", "/rank/7", "number 7"),
    Shape::get("a forward to the second rank", "/rank/x", "word x"),
    Shape::get("a forward from a public route", "/public-first/x", "word x"),
    Shape::get("ignored segments", "/ignored/7/a/b", "ignored"),
    Shape::get("an ignored name", "/anything/a/b", "b"),
    Shape::get("PathBuf", "/file/a/b.txt", "a/b.txt"),
    Shape::get("Segments", "/segments/a/b", "2"),
    Shape::get("Option and Result of a segment", "/perhaps/7/x", "7 false"),
    Shape::get("static and dynamic query", "/query?on&a=1&b=2", "1 2 alice"),
    Shape::get("one path, GET", "/several", "got"),
    Shape::get("one path, POST", "/several", "posted").by(Method::Post),
    Shape::get("#[route]", "/routed", "routed"),
    Shape::get("#[route] with all of its keys", "/keyed/7", "keyed 7")
        .sending("text/plain", "x")
        .by(Method::Put),
    Shape::get("#[rocket::get]", "/qualified", "qualified"),
    Shape::get("#[head]", "/headed", "").by(Method::Head),
    Shape::get("HEAD on a GET route", "/several-heads", "").by(Method::Head),
    Shape::get("#[options]", "/options", "options").by(Method::Options),
    Shape::get("a redirect to the sign-in", "/sent/7?x=1", "7 1")
        .redirecting("/sign-in?return_to=%2Fpaths%2Fsent%2F7%3Fx%3D1"),
    Shape::get("a redirect to a page", "/welcomed", "alice")
        .redirecting("/welcome?return_to=%2Fpaths%2Fwelcomed"),
];

pub(crate) fn routes() -> Vec<Route> {
    routes![
        number,
        word,
        public_number,
        word_behind,
        ignored,
        anything,
        file,
        segments,
        perhaps,
        query,
        got,
        posted,
        routed,
        keyed,
        qualified,
        headed,
        several_heads,
        opts,
        sent,
        welcomed
    ]
}

#[authenticated]
#[get("/rank/<id>", rank = 1)]
fn number(id: u8) -> String {
    ran(format!("number {id}"))
}

#[authenticated]
#[get("/rank/<id>", rank = 2)]
fn word(id: &str) -> String {
    ran(format!("word {id}"))
}

#[get("/public-first/<id>")]
fn public_number(id: u8) -> String {
    format!("number {id}")
}

#[authenticated]
#[get("/public-first/<id>", rank = 2)]
async fn word_behind(id: &str, _user: &User) -> String {
    ran(format!("word {id}"))
}

#[authenticated]
#[get("/ignored/<_id>/<_..>")]
fn ignored(_id: u64, _user: &User) -> &'static str {
    ran("ignored")
}

#[authenticated]
#[get("/anything/<_>/<last>")]
fn anything(last: String) -> String {
    ran(last)
}

#[authenticated]
#[get("/file/<path..>")]
fn file(path: PathBuf) -> Option<String> {
    ran(path.into_os_string().into_string().ok())
}

#[authenticated]
#[get("/segments/<path..>")]
fn segments(path: Segments<'_, Path>, _user: &User) -> String {
    ran(path.count().to_string())
}

#[authenticated]
#[get("/perhaps/<a>/<b>")]
fn perhaps(a: Option<u8>, b: Result<u8, &str>) -> String {
    ran(format!("{} {}", a.unwrap_or_default(), b.is_ok()))
}

#[authenticated]
#[get("/query?on&<a>&<b..>")]
fn query(a: u8, b: std::collections::HashMap<String, u8>, user: &User) -> String {
    ran(format!("{a} {} {}", b.values().sum::<u8>(), name(user)))
}

#[authenticated]
#[get("/several")]
fn got() -> &'static str {
    ran("got")
}

#[authenticated]
#[post("/several")]
fn posted() -> &'static str {
    ran("posted")
}

#[authenticated]
#[route(GET, uri = "/routed")]
fn routed() -> &'static str {
    ran("routed")
}

#[authenticated]
#[rocket::route(PUT, uri = "/keyed/<id>", rank = 3, format = "text/plain", data = "<_data>")]
fn keyed(id: u8, _data: &[u8]) -> String {
    ran(format!("keyed {id}"))
}

#[authenticated]
#[rocket::get("/qualified", rank = 3)]
fn qualified() -> &'static str {
    ran("qualified")
}

#[authenticated]
#[head("/headed")]
fn headed() {
    ran(());
}

#[authenticated]
#[get("/several-heads")]
fn several_heads() -> &'static str {
    ran("cut off")
}

#[authenticated]
#[options("/options")]
fn opts() -> &'static str {
    ran("options")
}

#[authenticated(redirect)]
#[get("/sent/<id>?<x>")]
fn sent(id: u8, x: u8) -> String {
    ran(format!("{id} {x}"))
}

#[authenticated(redirect = "/welcome")]
#[get("/welcomed")]
fn welcomed(user: &User) -> &str {
    ran(name(user))
}

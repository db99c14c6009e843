//! Sync, async, lifetimes, bounds, patterns, qualifiers.

// Rocket's own code repeats the types, beyond the reach of an `allow` on the function.
#![allow(clippy::type_complexity)]

use std::fmt::Display;
use std::marker::PhantomData;

use logto_rocket::{User, authenticated};
use rocket::http::Status;
use rocket::request::{FromParam, FromRequest, Outcome, Request};
use rocket::{Route, get, routes};

use crate::shape::Shape;
use crate::support::{name, ran};

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("sync", "/sync/7", "7 alice"),
    Shape::get("async, with an await", "/asynchronous/7", "7 alice"),
    Shape::get("no answer", "/unit", ""),
    Shape::get("named lifetimes", "/named/long/b", "long"),
    Shape::get("elided lifetimes", "/elided/a", "a"),
    Shape::get("an anonymous lifetime in a path", "/anonymous/a", "a alice"),
    Shape::get("lifetime bounds and a where clause", "/constrained?q=a", "a alice"),
    Shape::get("mut parameters", "/mutable/7", "8 alice"),
    Shape::get("a const fn", "/constant", "constant"),
    Shape::get("an extern fn", "/foreign", ""),
    Shape::get("projections, function pointers and tuples as types", "/types/9", "9"),
    Shape::get("`?` that succeeds", "/early/9", "10"),
    Shape::get("`?` that fails", "/late/255", "").status(400),
    Shape::get("a return in the middle", "/returns/0", "").status(418),
    Shape::get("the user first", "/first/1/2", "alice 1 2"),
    Shape::get("the user in the middle", "/middle/1/2", "1 alice 2"),
    Shape::get("no parameter at all", "/none", "none"),
    Shape::get("a static lifetime", "/static", "static"),
    Shape::get("a closure and a block in the body", "/body/3", "9"),
];

pub(crate) fn routes() -> Vec<Route> {
    routes![
        sync,
        asynchronous,
        unit,
        named,
        elided,
        anonymous,
        constrained,
        mutable,
        constant,
        foreign,
        types,
        early,
        late,
        returns,
        first,
        middle,
        none,
        fixed,
        body
    ]
}

#[authenticated]
#[get("/sync/<id>")]
fn sync(id: u64, user: &User) -> String {
    ran(format!("{id} {}", name(user)))
}

#[authenticated(redirect = false)]
#[get("/asynchronous/<id>")]
async fn asynchronous(user: &User, id: u64) -> Result<String, Status> {
    rocket::tokio::task::yield_now().await;
    Ok(ran(format!("{id} {}", name(user))))
}

#[authenticated]
#[get("/unit")]
fn unit() {
    ran(());
}

#[authenticated]
#[get("/named/<a>/<b>")]
fn named<'a>(a: &'a str, b: &'a str, user: &'a User) -> &'a str {
    ran(if a.len() > b.len() { a } else { name(user) })
}

#[authenticated]
#[get("/elided/<a>")]
async fn elided(a: &str) -> &str {
    ran(a)
}

struct Borrowed<'r>(&'r str);

impl<'r> FromParam<'r> for Borrowed<'r> {
    type Error = ();
    fn from_param(param: &'r str) -> Result<Self, ()> {
        Ok(Self(param))
    }
}

#[authenticated]
#[get("/anonymous/<a>")]
fn anonymous(a: Borrowed<'_>, user: &'_ User) -> String {
    ran(format!("{} {}", a.0, name(user)))
}

#[authenticated]
#[get("/constrained?<q>")]
fn constrained<'a, 'b>(q: &'b str, user: &'a User) -> String
where
    'b: 'a,
    &'b str: Display,
{
    ran(q.to_string() + " " + name(user))
}

#[authenticated]
#[get("/mutable/<id>")]
fn mutable(mut id: u64, #[allow(unused_mut)] mut user: &User) -> String {
    id += 1;
    ran(format!("{id} {}", name(user)))
}

#[authenticated]
#[get("/constant")]
const fn constant() -> Constant {
    Constant
}

/// Notes for the `const fn`, which cannot, that it ran.
struct Constant;

impl<'r> rocket::response::Responder<'r, 'static> for Constant {
    fn respond_to(self, request: &'r Request<'_>) -> rocket::response::Result<'static> {
        ran("constant").respond_to(request)
    }
}

#[authenticated]
#[get("/foreign")]
extern "C" fn foreign() {
    ran(());
}

struct Of<T>(PhantomData<T>);

#[rocket::async_trait]
impl<'r, T> FromRequest<'r> for Of<T> {
    type Error = ();
    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Success(Self(PhantomData))
    }
}

trait Wide {
    type As: for<'a> FromParam<'a> + ToString;
}

impl Wide for u8 {
    type As = u32;
}

#[authenticated]
#[get("/types/<at>")]
fn types(
    at: <u8 as Wide>::As,
    of: Of<(u8, [fn(&str) -> u8; 2])>,
    _user: Option<&User>,
) -> (Status, String) {
    let Of(PhantomData) = of;
    ran((Status::Ok, at.to_string()))
}

#[authenticated]
#[get("/early/<n>")]
async fn early(n: u8) -> Result<String, Status> {
    ran(());
    let n = u8::checked_add(n, 1).ok_or(Status::BadRequest)?;
    Ok(n.to_string())
}

#[authenticated]
#[get("/late/<n>")]
fn late(n: u8) -> Result<String, rocket::response::status::BadRequest<()>> {
    ran(());
    let n = n.checked_add(1).ok_or(rocket::response::status::BadRequest(()))?;
    Ok(n.to_string())
}

#[authenticated]
#[get("/returns/<n>")]
async fn returns(n: u8) -> Result<String, rocket::response::status::Custom<()>> {
    ran(());
    if n == 0 {
        return Err(rocket::response::status::Custom(Status::ImATeapot, ()));
    }
    Ok(n.to_string())
}

#[authenticated]
#[get("/first/<a>/<b>")]
fn first(user: &User, a: u8, b: u8) -> String {
    ran(format!("{} {a} {b}", name(user)))
}

#[authenticated]
#[get("/middle/<a>/<b>")]
fn middle(a: u8, user: &User, b: u8) -> String {
    ran(format!("{a} {} {b}", name(user)))
}

#[authenticated]
#[get("/none")]
fn none() -> &'static str {
    ran("none")
}

#[authenticated]
#[get("/static")]
async fn fixed<'r>(_user: &'r User) -> &'static str {
    ran("static")
}

#[authenticated]
#[get("/body/<n>")]
fn body(n: u32) -> String {
    let square = |n: u32| n * n;
    let result = { ran(square(n)) };
    result.to_string()
}

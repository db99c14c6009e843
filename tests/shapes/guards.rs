//! Request guards beside the user's, and every way to take the user.

use std::net::IpAddr;

use logto_rocket::{IdTokenClaims, User, UserInfo, authenticated};
use rocket::http::{Accept, Cookie, CookieJar, Header, Status};
use rocket::outcome::Outcome::{Error, Forward, Success};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::Responder;
use rocket::{Config, Ignite, Rocket, Route, Shutdown, State, get, routes};

use crate::shape::Shape;
use crate::support::{name, ran};

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("&State", "/state", "Hello, alice"),
    Shape::get("&CookieJar", "/jar", "set"),
    Shape::get("a guard of the application", "/custom", "custom alice"),
    Shape::get("a guard that fails, as a Result", "/failing", "failed"),
    Shape::get("a guard that forwards, as an Option", "/forwarding", "none"),
    Shape::get("a guard that is an Outcome", "/outcome", "forward"),
    Shape::get("&Config, &Limits and Shutdown", "/rocket", "debug"),
    Shape::get("&Route and Method", "/route", "GET route"),
    Shape::get("Option of an address and of a header", "/headers", "false"),
    Shape::get("Option<&User>", "/optional", "alice"),
    Shape::get("Result<&User>", "/result", "alice"),
    Shape::get("the user twice, and the claims", "/twice", "alice alice alice"),
    Shape::get("Option<&UserInfo>", "/info", "alice"),
    Shape::get("Result<&UserInfo>", "/info-result", "alice"),
    Shape::get("a type of the application that holds the user", "/wrapped", "alice"),
    Shape::get("a guard that fails", "/broken", "").caught(418),
];

pub(crate) fn routes() -> Vec<Route> {
    routes![
        state,
        jar,
        custom,
        failing,
        forwarding,
        outcome,
        the_rocket,
        route,
        headers,
        optional,
        result,
        twice,
        info,
        info_result,
        wrapped,
        broken
    ]
}

/// The application's managed state.
pub(crate) struct Greeting(pub(crate) &'static str);

#[authenticated]
#[get("/state")]
fn state(greeting: &State<Greeting>, user: &User) -> String {
    ran(format!("{}, {}", greeting.0, name(user)))
}

#[authenticated]
#[get("/jar")]
fn jar(jar: &CookieJar<'_>, _user: &User) -> &'static str {
    jar.add(Cookie::new("seen", "yes"));
    ran("set")
}

struct Custom<'r>(&'r str);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Custom<'r> {
    type Error = &'static str;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        match request.headers().get_one("X-Custom") {
            Some("fail") => Error((Status::ImATeapot, "failed")),
            Some(_) => Forward(Status::NotFound),
            None => Success(Self("custom")),
        }
    }
}

#[authenticated]
#[get("/custom")]
async fn custom(custom: Custom<'_>, user: &User) -> String {
    ran(format!("{} {}", custom.0, name(user)))
}

struct Failing;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Failing {
    type Error = &'static str;
    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Error((Status::ImATeapot, "failed"))
    }
}

#[authenticated]
#[get("/failing")]
fn failing(guard: Result<Failing, &'static str>) -> &'static str {
    ran(guard.err().unwrap_or("succeeded"))
}

struct Forwarding;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Forwarding {
    type Error = ();
    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Forward(Status::NotFound)
    }
}

#[authenticated]
#[get("/forwarding")]
fn forwarding(guard: Option<Forwarding>) -> &'static str {
    ran(if guard.is_some() { "some" } else { "none" })
}

#[authenticated]
#[get("/outcome")]
fn outcome(guard: rocket::outcome::Outcome<Forwarding, (Status, ()), Status>) -> &'static str {
    ran(match guard {
        Success(_) => "success",
        Error(_) => "error",
        Forward(_) => "forward",
    })
}

#[authenticated]
#[get("/rocket")]
fn the_rocket(config: &Config, _limits: &rocket::data::Limits, rocket: Shutdown) -> String {
    drop(rocket);
    ran(config.profile.to_string())
}

#[authenticated]
#[get("/route")]
fn route(route: &Route, method: rocket::http::Method) -> String {
    ran(format!("{method} {}", route.name.as_deref().unwrap_or_default()))
}

#[authenticated]
#[get("/headers")]
fn headers(ip: Option<IpAddr>, accept: Option<&Accept>, _user: &User) -> String {
    ran((ip.is_some() && accept.is_some()).to_string())
}

#[authenticated]
#[get("/optional")]
fn optional(user: Option<&User>) -> Option<&str> {
    ran(user.map(name))
}

#[authenticated]
#[get("/result")]
fn result<'r>(user: logto_rocket::Result<&'r User>) -> Result<&'r str, Status> {
    ran(user.map(name).map_err(|_| Status::ServiceUnavailable))
}

#[authenticated]
#[get("/twice")]
fn twice(one: &User, two: &User, claims: &IdTokenClaims) -> String {
    ran([name(one), name(two), claims.username().unwrap_or_default()].join(" "))
}

#[authenticated(fetch_user_info = true, redirect = false)]
#[get("/info")]
fn info(info: Option<&UserInfo>) -> Option<&str> {
    ran(info.and_then(|info| info.username().value()))
}

#[authenticated(fetch_user_info)]
#[get("/info-result")]
async fn info_result<'r>(info: logto_rocket::Result<&'r UserInfo>) -> Option<&'r str> {
    ran(info.ok().and_then(|info| info.username().value()))
}

struct Wrapped<'r>(&'r User);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Wrapped<'r> {
    type Error = logto_rocket::Error;
    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        request.guard::<&User>().await.map(Self)
    }
}

impl rocket::Sentinel for Wrapped<'_> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        <&User as rocket::Sentinel>::abort(rocket)
    }
}

#[authenticated]
#[get("/wrapped")]
fn wrapped<'r>(user: Wrapped<'r>) -> impl Responder<'r, 'r> + use<'r> {
    ran(name(user.0))
}

struct Noted;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Noted {
    type Error = Header<'static>;
    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Error((Status::ImATeapot, ran(Header::new("X", "noted"))))
    }
}

#[authenticated]
#[get("/broken")]
fn broken(_noted: Noted) {
    unreachable!("its guard fails");
}

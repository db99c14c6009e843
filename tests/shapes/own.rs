//! Guards of the application with the names of ours, and other names for ours.

use logto_rocket::{AccessToken, OrganizationToken, UserInfo, authenticated};
use rocket::data::{Data, FromData, Outcome as DataOutcome};
use rocket::http::Status;
use rocket::outcome::Outcome::{Error, Success};
use rocket::request::{FromParam, FromRequest, Outcome, Request};
use rocket::{Route, get, post, routes, uri};

use crate::shape::Shape;
use crate::support::ran;

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("a User of the application", "/value", "own"),
    Shape::get("… in an Option", "/option", "own"),
    Shape::get("… in a Result in an Option", "/result", "own"),
    Shape::get("… as a part of the path", "/path/own", "own"),
    Shape::get("… as the body", "/body", "own").sending("text/plain", "own"),
    Shape::get("an IdTokenClaims of the application that fails", "/claims", "").caught(418),
    Shape::get("a UserInfo of the application, by a path", "/info", "own"),
    Shape::get("&UserInfo by another name", "/aliases/info", "alice"),
    Shape::get("tokens by other names", "/aliases/token", "true"),
    Shape::get("an organization's token by another name", "/aliases/org/nyb79mqzrg8c", "true"),
];

pub(crate) fn routes() -> Vec<Route> {
    routes![value, option, result, path, body, claims, info, user_info, token, organization]
}

struct User(String);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Success(Self("own".into()))
    }
}

#[rocket::async_trait]
impl<'r> FromData<'r> for User {
    type Error = std::io::Error;

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> DataOutcome<'r, Self> {
        String::from_data(request, data).await.map(|body| Self(body.to_string()))
    }
}

impl<'r> FromParam<'r> for User {
    type Error = &'r str;

    fn from_param(param: &'r str) -> Result<Self, &'r str> {
        Ok(Self(param.into()))
    }
}

impl rocket::http::uri::fmt::FromUriParam<rocket::http::uri::fmt::Path, &'static str> for User {
    type Target = &'static str;

    fn from_uri_param(param: &'static str) -> &'static str {
        param
    }
}

#[authenticated]
#[get("/value")]
fn value(user: User) -> String {
    ran(user.0)
}

#[authenticated]
#[get("/option")]
async fn option(user: Option<User>) -> Option<String> {
    Some(ran(user?.0))
}

#[authenticated]
#[get("/result")]
fn result<'r>(user: Option<Result<self::User, ()>>, _this: &'r Route) -> Option<String> {
    Some(ran(user?.ok()?.0))
}

#[authenticated]
#[get("/path/<user>")]
fn path(user: User) -> String {
    assert_eq!(uri!(path("own")).to_string(), format!("/path/{}", user.0));
    ran(user.0)
}

#[authenticated]
#[post("/body", data = "<user>")]
fn body(user: User) -> String {
    ran(user.0)
}

struct IdTokenClaims;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IdTokenClaims {
    type Error = &'static str;

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, &'static str> {
        ran(Error((Status::ImATeapot, "failed")))
    }
}

#[authenticated]
#[get("/claims")]
fn claims(_claims: IdTokenClaims) {}

mod guards {
    pub(super) use super::User as UserInfo;
}

#[authenticated]
#[get("/info")]
fn info(user: guards::UserInfo) -> String {
    ran(user.0)
}

type Info<'r> = &'r UserInfo;
type Tok = AccessToken;
type Maybe<T> = Option<T>;

#[authenticated(fetch_user_info)]
#[get("/aliases/info")]
fn user_info<'r>(info: Info<'r>) -> &'r str {
    ran(info.username().unwrap_or_default())
}

#[authenticated(resource = "https://api.example.com")]
#[get("/aliases/token")]
fn token(token: Tok, maybe: Maybe<Tok>) -> String {
    ran((token.secret() == maybe.expect("a token").secret()).to_string())
}

#[authenticated(organization = "<org>")]
#[get("/aliases/org/<org>")]
fn organization(org: &str, token: Maybe<OrganizationToken>) -> String {
    ran((token.is_some() && !org.is_empty()).to_string())
}

//! What a stranger's request triggers: nothing of the handler, but all cookies arrive.

use std::cell::RefCell;

use logto_dev::Provider;
use logto_rocket::{Logto, User, authenticated};
use logto_tests::{Browser, is_session};
use rocket::data::{self, Data, FromData};
use rocket::fairing::AdHoc;
use rocket::form::{FromFormField, ValueField};
use rocket::http::{Cookie, Status};
use rocket::outcome::Outcome;
use rocket::request::{self, FromParam, FromRequest, Request};
use rocket::{catch, catchers, get, post, routes};

use crate::support::{App, ran, rocket, runs};

thread_local! {
    static SEEN: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

fn see(what: &'static str) {
    SEEN.with_borrow_mut(|seen| seen.push(what));
}

fn seen() -> Vec<&'static str> {
    SEEN.take()
}

/// Notes that it was parsed or called.
struct Spy;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Spy {
    type Error = ();
    async fn from_request(_: &'r Request<'_>) -> request::Outcome<Self, ()> {
        see("guard");
        Outcome::Success(Self)
    }
}

impl<'r> FromParam<'r> for Spy {
    type Error = ();
    fn from_param(_: &'r str) -> Result<Self, ()> {
        see("path");
        Ok(Self)
    }
}

impl<'r> FromFormField<'r> for Spy {
    fn from_value(_: ValueField<'r>) -> rocket::form::Result<'r, Self> {
        see("query");
        Ok(Self)
    }
}

#[rocket::async_trait]
impl<'r> FromData<'r> for Spy {
    type Error = ();
    async fn from_data(_: &'r Request<'_>, _: Data<'r>) -> data::Outcome<'r, Self> {
        see("data");
        Outcome::Success(Self)
    }
}

#[authenticated]
#[post("/spied/<_path>?<_query>", data = "<_data>")]
fn spied(_guard: Spy, _path: Spy, _query: Spy, _data: Spy, _user: &User) {
    see("handler");
}

#[rocket::async_test]
async fn nothing_of_the_handler_runs_for_a_stranger() {
    let app = App::of(routes![spied]).await;
    let request = || app.client().post("/spied/a?_query=b").body("c");
    assert_eq!(app.stranger(request()).await.status, Status::Unauthorized);
    assert_eq!(seen(), [""; 0]);
    assert_eq!(app.user(request()).await.status, Status::Ok);
    assert_eq!(seen(), ["guard", "path", "query", "data", "handler"]);
}

#[authenticated]
#[post("/typed/<id>", format = "json", data = "<body>")]
fn typed(id: u8, body: rocket::serde::json::Json<u8>) -> String {
    ran(format!("{id} {}", body.into_inner()))
}

#[rocket::async_test]
async fn a_malformed_request_of_a_stranger_is_a_strangers_request() {
    let app = App::of(routes![typed]).await;
    let request = |path| app.client().post(path).header(rocket::http::ContentType::JSON).body("x");
    for (path, status) in [("/typed/7", 400), ("/typed/x", 422)] {
        assert_eq!(app.stranger(request(path)).await.status, Status::Unauthorized);
        assert_eq!(app.user(request(path)).await.status.code, status);
    }
    assert_eq!(runs(), 0);
}

struct Denies;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Denies {
    type Error = ();
    async fn from_request(_: &'r Request<'_>) -> request::Outcome<Self, ()> {
        Outcome::Error((Status::Unauthorized, ()))
    }
}

#[authenticated(redirect)]
#[get("/denies")]
fn denies(_guard: Denies) {}

#[authenticated(redirect)]
#[get("/answers")]
fn answers() -> (Status, &'static str) {
    (Status::Unauthorized, "not you")
}

#[rocket::async_test]
async fn a_401_of_another_guard_or_of_the_handler_is_left_alone() {
    let app = App::of(routes![denies, answers]).await;
    let answer = app.user(app.client().get("/denies")).await;
    assert_eq!((answer.status, answer.header("location")), (Status::Unauthorized, None));
    assert!(answer.body.contains("<h1>401: Unauthorized</h1>"), "Rocket's page: {answer:?}");
    let answer = app.user(app.client().get("/answers")).await;
    assert_eq!((answer.status, answer.body.as_str()), (Status::Unauthorized, "not you"));
    assert!(answer.cookies.is_empty(), "alice stays signed in");
}

#[authenticated]
#[get("/page")]
fn page() {}

#[rocket::async_test]
async fn cookies_set_before_the_denial_arrive() {
    let fairing = AdHoc::on_request("cookie", |request, _| {
        Box::pin(async move { request.cookies().add(Cookie::new("visited", "yes")) })
    });
    let app = App::launch(rocket().await.attach(fairing).mount("/", routes![page])).await;
    let answer = app.stranger(app.client().get("/page")).await;
    assert_eq!(answer.status, Status::Unauthorized);
    assert!(answer.cookies.iter().any(|cookie| cookie.name() == "visited"), "{answer:?}");
}

#[authenticated(fetch_user_info)]
#[get("/fetched")]
fn fetched() -> &'static str {
    "fetched"
}

#[catch(401)]
fn unauthorized() -> &'static str {
    "who are you?"
}

#[rocket::async_test]
async fn cookies_removed_by_the_denial_arrive_through_a_catcher() {
    let provider = Provider::start().await;
    let rocket = rocket::custom(provider.figment()).attach(Logto::fairing());
    let rocket = rocket.mount("/", routes![page, fetched]).register("/", catchers![unauthorized]);
    let browser = Browser::open(rocket).await;
    browser.sign_in(&provider, "/sign-in?return_to=/page").await;
    assert_eq!(browser.visit("/fetched").await.body, "fetched");

    provider.revoke("alice");
    let answer = browser.visit("/fetched").await;
    assert_eq!((answer.status, answer.body.as_str()), (Status::Unauthorized, "who are you?"));
    assert!(answer.cookies.iter().any(|cookie| is_session(cookie.name())), "{answer:?}");
    assert!(browser.session_cookies().is_empty(), "the session's cookies are gone");
}

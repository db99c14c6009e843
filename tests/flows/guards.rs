//! Guards in every form, and the catchers of the application.

use logto_rocket::{
    IdTokenClaims, Logto, LogtoClient, Policy, User, UserInfo, authenticated, protect,
};
use logto_tests::{Browser, Deviation, Fault, Hostile};
use rocket::error::ErrorKind;
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Build, Rocket, catch, catchers, get, routes};

/// A guard of the application's own, on top of ours.
struct Admin(String);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Admin {
    type Error = logto_rocket::Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let user: &User = try_outcome!(request.guard().await);
        match user.get("admin").value() {
            Some(_) => Outcome::Success(Self(user.subject().to_owned())),
            None => Outcome::Forward(Status::Forbidden),
        }
    }
}

#[get("/admin")]
fn admin(admin: Admin) -> String {
    admin.0
}

#[get("/option")]
fn option(user: Option<&User>) -> &'static str {
    if user.is_some() { "user" } else { "nobody" }
}

#[get("/result")]
fn result(user: logto_rocket::Result<&User>) -> String {
    match user {
        Ok(user) => user.subject().to_owned(),
        Err(error) => error.to_string(),
    }
}

#[get("/ranked")]
fn ranked(claims: &IdTokenClaims) -> String {
    claims.subject().to_owned()
}

#[get("/ranked", rank = 2)]
fn ranked_stranger() -> &'static str {
    "Hello, stranger."
}

#[get("/info")]
fn info(info: &UserInfo) -> String {
    info.subject().to_owned()
}

#[get("/option/claims")]
fn option_claims(claims: Option<&IdTokenClaims>) -> &str {
    claims.map_or("nobody", IdTokenClaims::subject)
}

#[get("/result/claims")]
fn result_claims(claims: logto_rocket::Result<&IdTokenClaims>) -> String {
    claims.map_or_else(|error| told(&error), |claims| claims.subject().to_owned())
}

#[get("/option/info")]
fn option_info(info: Option<&UserInfo>) -> &str {
    info.map_or("nobody", UserInfo::subject)
}

#[get("/result/info")]
fn result_info(info: logto_rocket::Result<&UserInfo>) -> String {
    info.map_or_else(|error| told(&error), |info| info.subject().to_owned())
}

/// What a handler can learn of a failure.
fn told(error: &logto_rocket::Error) -> String {
    format!("{} {:?}", error.status().code, error.kind())
}

#[authenticated]
#[get("/protected")]
fn protected() -> &'static str {
    "protected"
}

#[authenticated(redirect, fetch_user_info)]
#[get("/page")]
fn page(user: &User, info: &UserInfo) -> String {
    format!("{} {}", user.info().is_some(), info.subject())
}

#[catch(401)]
async fn unauthorized(request: &Request<'_>) -> String {
    let user = request.guard::<Option<&User>>().await.succeeded().flatten();
    format!("our 401, {}", user.map_or("nobody", |user| user.subject()))
}

#[catch(503)]
fn unavailable() -> &'static str {
    "our 503"
}

fn app(figment: Figment) -> Rocket<Build> {
    let routes = routes![admin, option, result, ranked, ranked_stranger, info, protected, page];
    let fallible = routes![option_claims, result_claims, option_info, result_info];
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes).mount("/", fallible)
}

async fn signed_in(op: &Hostile, rocket: Rocket<Build>) -> Browser {
    let browser = Browser::open(rocket).await;
    let callback = op.authorize(browser.visit("/sign-in").await.location());
    assert_eq!(browser.visit(&callback).await.status, Status::SeeOther);
    browser
}

#[rocket::async_test]
async fn guards_forward_for_strangers_and_succeed_for_users() {
    let op = Hostile::start().await;
    let stranger = Browser::open(app(op.figment())).await;
    let status = async |path| stranger.visit(path).await.status;
    assert_eq!(stranger.visit("/option").await.body, "nobody");
    assert_eq!(stranger.visit("/ranked").await.body, "Hello, stranger.");
    assert_eq!(status("/result").await, Status::Unauthorized);
    assert_eq!(status("/info").await, Status::Unauthorized);
    assert_eq!(status("/admin").await, Status::Unauthorized);

    let user = signed_in(&op, app(op.figment())).await;
    assert_eq!(user.visit("/option").await.body, "user");
    assert_eq!(user.visit("/ranked").await.body, "u-alice");
    assert_eq!(user.visit("/result").await.body, "u-alice");
    assert_eq!(user.visit("/info").await.body, "u-alice");
    assert_eq!(user.visit("/page").await.body, "true u-alice");
    assert_eq!(user.visit("/admin").await.status, Status::Forbidden);
}

#[rocket::async_test]
async fn an_option_is_none_for_strangers_where_a_result_forwards() {
    let op = Hostile::start().await;
    let stranger = Browser::open(app(op.figment())).await;
    let user = signed_in(&op, app(op.figment())).await;
    for what in ["claims", "info"] {
        let (option, result) = (format!("/option/{what}"), format!("/result/{what}"));
        let answer = stranger.visit(&option).await;
        assert_eq!((answer.status, answer.body.as_str()), (Status::Ok, "nobody"), "{option}");
        assert_eq!(stranger.visit(&result).await.status, Status::Unauthorized, "{result}");
        assert_eq!(user.visit(&option).await.body, "u-alice", "{option}");
        assert_eq!(user.visit(&result).await.body, "u-alice", "{result}");
    }
    assert_eq!(op.count("me"), 2, "nothing is asked about a stranger");
}

/// REL-3: what the handler does with it is up to the handler; the session stays.
#[rocket::async_test]
async fn user_info_from_a_provider_that_is_down_is_none_or_an_error_of_503() {
    let op = Hostile::start().await;
    let browser = signed_in(&op, app(op.figment())).await;
    let cookies = browser.cookies();
    op.stop().await;
    for (path, body) in [
        ("/option/info", "nobody"),
        ("/result/info", "503 Unreachable"),
        ("/option/claims", "u-alice"),
        ("/result/claims", "u-alice"),
    ] {
        let answer = browser.visit(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (Status::Ok, body), "{path}");
        assert_eq!(answer.cookies.len(), 0, "{path}");
    }
    assert_eq!(browser.cookies(), cookies);
    op.resume();
    assert_eq!(browser.visit("/result/info").await.body, "u-alice");
}

#[rocket::async_test]
async fn a_stranger_gets_the_applications_401_where_there_is_one() {
    let op = Hostile::start().await;
    let plain = Browser::open(app(op.figment())).await;
    let answer = plain.fetch("/protected").await;
    assert_eq!(answer.body, r#"{"error":"Not authenticated"}"#);
    assert_eq!(answer.header("content-type"), Some("application/json"));

    let own = app(op.figment()).register("/", catchers![unauthorized]);
    assert_eq!(Browser::open(own).await.visit("/protected").await.body, "our 401, nobody");
    let elsewhere = app(op.figment()).register("/admin", catchers![unauthorized]);
    let answer = Browser::open(elsewhere).await.fetch("/protected").await;
    assert_eq!(answer.body, r#"{"error":"Not authenticated"}"#);
}

#[rocket::async_test]
async fn a_failure_goes_to_the_applications_catcher_and_else_to_ours() {
    let op = Hostile::start().await;
    let browser = signed_in(&op, app(op.figment())).await;
    op.deviate(Deviation::Answer("me", Fault::Busy(503, 1)));
    let answer = browser.visit("/page").await;
    assert_eq!(answer.status, Status::ServiceUnavailable);
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert!(answer.body.contains("<h1>"), "{}", answer.body);
    let answer = browser.fetch("/page").await;
    assert!(answer.json()["error"].is_string());
    assert_eq!(browser.visit("/protected").await.body, "protected", "the session stays");

    op.behave();
    let own = app(op.figment()).register("/", catchers![unavailable]);
    let browser = signed_in(&op, own).await;
    op.deviate(Deviation::Answer("me", Fault::Busy(503, 1)));
    let answer = browser.visit("/page").await;
    assert_eq!((answer.body.as_str(), answer.header("retry-after")), ("our 503", Some("5")));
}

#[rocket::async_test]
async fn an_application_without_the_fairing_does_not_launch() {
    let bare = || rocket::custom(rocket::Config::figment().merge(("log_level", "off")));
    let aborts = async |routes| {
        let error = bare().mount("/", routes).ignite().await.expect_err("no fairing, no launch");
        matches!(error.kind(), ErrorKind::SentinelAborts(_))
    };
    assert!(aborts(routes![protected]).await, "the attribute");
    assert!(aborts(routes![ranked]).await, "a guard");
    assert!(aborts(routes![option]).await, "an optional guard");

    let routes = protect(routes![ranked_stranger], Policy::new());
    let launched = Browser::open(bare().mount("/", routes)).await;
    assert_eq!(launched.visit("/ranked").await.status, Status::InternalServerError);
}

/// A26: so no door is open.
#[rocket::async_test]
async fn a_configuration_that_cannot_be_used_ends_the_launch() {
    let op = Hostile::start().await;
    for (key, value) in [("logto.base_url", "nowhere"), ("logto.app_secrt", "x")] {
        let rocket = app(op.figment().merge((key, value)));
        let error = rocket.ignite().await.expect_err(key);
        assert!(matches!(error.kind(), ErrorKind::FailedFairings(_)), "{key}");
    }
}

/// A guard that calls ours by hand, where no sentinel sees it.
#[derive(Clone, Copy)]
struct Unseen(Status);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Unseen {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let user = status(&request.guard::<&User>().await);
        let client = status(&request.guard::<LogtoClient<'_>>().await);
        match (user, client) {
            (Some(first), Some(second)) if first == second => Outcome::Success(Self(first)),
            _ => Outcome::Error((Status::Ok, ())),
        }
    }
}

fn status<S, E>(outcome: &Outcome<S, E>) -> Option<Status> {
    match outcome {
        Outcome::Error((status, _)) => Some(*status),
        _ => None,
    }
}

#[get("/unseen")]
fn unseen(unseen: Unseen) -> Status {
    unseen.0
}

/// A26: without the fairing nobody is a user.
#[rocket::async_test]
async fn a_guard_without_the_fairing_fails_with_500() {
    let figment = Figment::from(rocket::Config::debug_default()).merge(("log_level", "off"));
    let browser = Browser::open(rocket::custom(figment).mount("/", routes![unseen])).await;
    assert_eq!(browser.visit("/unseen").await.status, Status::InternalServerError);
}

//! Back-channel logout: what is posted to its route, where the route is, and the keys it needs.

use std::time::{Duration, Instant};

use logto_rocket::{Error, Logto};
use logto_tests::{Alter, Browser, Deviation, Fault, Hostile, app, base64url};
use rocket::form::Form;
use rocket::http::{ContentType, Method, Status};
use rocket::tokio::time::sleep;
use rocket::{FromForm, State, post, routes};
use serde_json::json;

use crate::backchannel::{assert_answered, assert_refused, signed_in};

/// L9, A11: other methods, other bodies, too much, nothing, twice.
#[rocket::async_test]
async fn a_request_that_is_not_a_logout_is_refused() {
    let (op, browser) = signed_in().await;
    let token = op.logout_token("u-alice", None);
    let form = format!("logout_token={token}");
    let twice = format!("{form}&{form}");
    let long = format!("x={}&{form}", "x".repeat(1 << 20));
    let json = json!({ "logout_token": token }).to_string();
    for (kind, body) in [
        (Some(ContentType::Form), ""),
        (Some(ContentType::Form), "logout_token="),
        (Some(ContentType::Form), "token=x"),
        (Some(ContentType::Form), &twice),
        (Some(ContentType::Form), &long),
        (Some(ContentType::Form), &json),
        (Some(ContentType::JSON), &json),
        (Some(ContentType::Plain), &form),
        (Some(ContentType::FormData), &form),
        (None, &form),
        (None, ""),
    ] {
        let request = browser.client().post("/backchannel-logout").body(body);
        let request = kind.iter().fold(request, |r, kind| r.header(kind.clone()));
        let what = format!("{kind:?} {body:.40}");
        assert_answered(&browser.deliver(request).await, Status::BadRequest, &what);
    }
    let in_address = browser.client().post(format!("/backchannel-logout?{form}"));
    let answer = browser.deliver(in_address.header(ContentType::Form)).await;
    assert_answered(&answer, Status::BadRequest, "in the address");
    for method in [Method::Get, Method::Head, Method::Put, Method::Delete] {
        let request = browser.client().req(method, format!("/backchannel-logout?{form}"));
        let answer = browser.deliver(request).await;
        assert_eq!(answer.status, Status::NotFound, "{method}: no route is there");
    }
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
}

/// L9, T18: garbage of every kind is 400, immediately.
#[rocket::async_test]
async fn garbage_is_refused_at_once() {
    let (op, browser) = signed_in().await;
    let right = op.logout_token("u-alice", None);
    let (header, payload) = (right.split('.').next().unwrap(), right.split('.').nth(1).unwrap());
    let deep = base64url(format!("{{\"iss\":{}", "[".repeat(10_000)));
    let start = Instant::now();
    for garbage in [
        "%00%FF%FE".to_owned(),
        "ä.ö.ü".to_owned(),
        ".".repeat(60_000),
        "A".repeat(60_000),
        format!("{header}.{payload}.{}", "A".repeat(20_000)),
        format!("{header}.{deep}.AAAA"),
        format!("{deep}.{payload}.AAAA"),
        format!("{header}.{payload}."),
        format!("{header}..AAAA"),
        format!("{header}.{payload}.====+/"),
    ] {
        let answer = browser.post_logout(&garbage).await;
        assert_answered(&answer, Status::BadRequest, &format!("{garbage:.20}"));
    }
    let raw = browser.client().post("/backchannel-logout").header(ContentType::Form);
    let answer = browser.deliver(raw.body(b"logout_token=\xff\xfe\x00&\x80=%%%")).await;
    assert_answered(&answer, Status::BadRequest, "bytes");
    assert!(start.elapsed().as_millis() < 1000, "{:?}", start.elapsed());
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
}

/// T7: keys that were rotated just before.
#[rocket::async_test]
async fn keys_rotated_just_before_a_logout_are_fetched_once() {
    let (op, browser) = signed_in().await;
    op.rotate();
    let answer = browser.post_logout(&op.logout_token("u-alice", None)).await;
    assert_answered(&answer, Status::Ok, "the new key");
    assert_eq!((browser.visit("/").await.body.as_str(), op.count("jwks")), ("Hello, stranger!", 2));
}

/// T6: junk costs one look at the keys, and none of the looks that sign-ins have.
#[rocket::async_test]
async fn junk_does_not_keep_a_sign_in_from_new_keys() {
    let (op, browser) = signed_in().await;
    let junk = Deviation::Header(Alter::set("kid", "unknown"));
    for _ in 0..20 {
        let token = op.wrong_logout_token("u-alice", None, std::slice::from_ref(&junk));
        assert_refused(&browser, &token, "an unknown kid").await;
    }
    assert_eq!(op.count("jwks"), 2);
    op.rotate();
    browser.forget();
    assert_eq!(browser.sign_in(&op, "/protected").await.status, Status::Ok);
    assert_eq!(op.count("jwks"), 3);
    // The keys fetched for the sign-in serve everybody.
    let answer = browser.post_logout(&op.logout_token("u-alice", None)).await;
    assert_answered(&answer, Status::Ok, "the new key");
    assert_eq!(op.count("jwks"), 3);
}

/// L10, T7: a provider whose keys cannot be fetched is told so; the same token works later.
#[rocket::async_test]
async fn a_logout_whose_keys_cannot_be_fetched_is_tried_again() {
    let (op, browser) = signed_in().await;
    op.rotate();
    let token = op.logout_token("u-alice", None);
    op.deviate(Deviation::Answer("jwks", Fault::Html(500)));
    let answer = browser.post_logout(&token).await;
    assert_answered(&answer, Status::ServiceUnavailable, "no keys");
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
    op.behave();
    sleep(Duration::from_millis(1100)).await;
    assert_answered(&browser.post_logout(&token).await, Status::Ok, "the keys are there");
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
}

/// L10: so is one whose first discovery fails.
#[rocket::async_test]
async fn a_logout_while_the_provider_is_down_is_not_blamed_on_the_token() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    op.stop().await;
    let answer = browser.post_logout(&op.logout_token("u-alice", None)).await;
    assert_answered(&answer, Status::ServiceUnavailable, "down");
    assert_answered(&browser.post_logout("junk").await, Status::BadRequest, "junk needs no keys");
}

#[derive(FromForm)]
struct Body {
    logout_token: String,
}

#[post("/logged-out", data = "<body>")]
async fn logged_out(body: Form<Body>, logto: &State<Logto>) -> Result<(), Error> {
    logto.handle_backchannel_logout(&body.logout_token).await
}

async fn post(browser: &Browser, path: &str, body: String) -> Status {
    let request = browser.client().post(path.to_owned()).header(ContentType::Form).body(body);
    browser.deliver(request).await.status
}

#[rocket::async_test]
async fn the_route_is_where_the_configuration_says_or_the_applications_own() {
    let op = Hostile::start().await;
    let figment = op.figment().merge(("logto.routes.base", "/auth"));
    let figment = figment.merge(("logto.routes.backchannel_logout", "/ended"));
    let browser = Browser::open(app(figment)).await;
    let body = || format!("logout_token={}", op.logout_token("u-alice", None));
    assert_eq!(browser.post_logout("x").await.status, Status::NotFound);
    assert_eq!(post(&browser, "/auth/ended", body()).await, Status::Ok);

    let figment = op.figment().merge(("logto.routes.backchannel_logout", false));
    let browser = Browser::open(app(figment).mount("/", routes![logged_out])).await;
    browser.sign_in(&op, "/protected").await;
    assert_eq!(browser.post_logout("x").await.status, Status::NotFound);
    assert_eq!(post(&browser, "/logged-out", "logout_token=x".into()).await, Status::BadRequest);
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
    assert_eq!(post(&browser, "/logged-out", body()).await, Status::Ok);
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
}

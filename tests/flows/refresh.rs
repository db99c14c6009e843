//! Access tokens that expire, and the refresh that replaces them.

use std::time::Duration;

use logto_tests::{Alter, Browser, Deviation, Fault, Forgery, Hostile, app};
use rocket::futures::future::join_all;
use rocket::http::Status;
use rocket::tokio::time::sleep;

/// A user whose access token has just expired.
async fn with_ended_token() -> (Hostile, Browser) {
    let op = Hostile::start().await;
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 1)));
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    sleep(Duration::from_millis(1_100)).await;
    op.behave();
    (op, browser)
}

/// RP-refresh-token.
#[rocket::async_test]
async fn an_expired_access_token_is_replaced() {
    let (op, browser) = with_ended_token().await;
    let answer = browser.fetch("/api/userinfo").await;
    assert_eq!(answer.status, Status::Ok, "{answer:?}");
    let refresh = &op.requests("token")[1];
    assert_eq!(refresh.field("grant_type"), Some("refresh_token"));
    assert_eq!(refresh.field("scope"), None, "no more than was granted");
    assert!(refresh.headers["authorization"].starts_with("Basic "));
    assert_eq!(browser.fetch("/api/userinfo").await.status, Status::Ok);
    assert_eq!((op.count("token"), op.count("me")), (2, 2), "the new one is kept");
}

/// T20, RP-refresh-invalid-issuer, RP-refresh-invalid-sub: a refresh that brings another user, or a
/// token that proves nothing, ends the session.
#[rocket::async_test]
async fn a_refresh_that_brings_somebody_else_ends_the_session() {
    let changes = [
        Deviation::RefreshedClaims(Alter::append("iss", "1")),
        Deviation::RefreshedClaims(Alter::append("sub", "1")),
        Deviation::RefreshedClaims(Alter::without("sub")),
        Deviation::RefreshedClaims(Alter::append("aud", "1")),
        Deviation::RefreshedClaims(Alter::append("nonce", "1")),
        Deviation::RefreshedClaims(Alter::set("auth_time", 5)),
        Deviation::Forged(Forgery::Flipped),
        Deviation::Forged(Forgery::Unsigned("none")),
    ];
    let survived = join_all(changes.into_iter().map(async |change| {
        let (op, browser) = with_ended_token().await;
        let what = format!("{change:?}");
        op.deviate(change);
        let answer = browser.fetch("/api/userinfo").await;
        assert!([401, 502].contains(&answer.status.code), "{what}: {answer:?}");
        assert_eq!((op.count("token"), op.count("me")), (2, 0), "{what}");
        op.behave();
        let is_over = browser.visit("/").await.body == "Hello, stranger!"
            && browser.session_cookies().is_empty();
        (what, is_over)
    }));
    let mut survived = survived.await;
    survived.retain(|(_, is_over)| !is_over);
    assert_eq!(survived, [], "the session goes on");
}

/// T20: nor may it belong to an older sign-in of the same user, wherever the session is; a copy of
/// the session is worth nothing either.
#[rocket::async_test]
async fn a_refresh_of_an_older_sign_in_ends_the_session() {
    for store in ["cookie", "memory"] {
        let op = Hostile::start().await;
        let time = |seconds: i64| Alter::set("auth_time", 1_795_000_000 + seconds);
        op.deviate(Deviation::Claims(time(0)));
        op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
        let figment = op.figment().merge(("logto.session.store", store));
        let browser = Browser::open(app(figment)).await;
        browser.sign_in(&op, "/protected").await;
        let before = browser.cookies();
        assert_eq!(browser.fetch("/api/userinfo").await.status, Status::Ok, "the same time");
        op.deviate(Deviation::RefreshedClaims(time(-100)));
        let answer = browser.fetch("/api/userinfo").await;
        assert_eq!(answer.status, Status::Unauthorized, "{store}: {answer:?}");
        op.behave();
        for cookies in [browser.cookies(), before] {
            browser.restore(cookies);
            assert_eq!(browser.visit("/").await.body, "Hello, stranger!", "{store}");
        }
    }
}

/// REF-1: a hundred requests at once cost one refresh, and all succeed.
#[rocket::async_test]
async fn a_hundred_requests_at_once_refresh_once() {
    let (op, browser) = with_ended_token().await;
    op.deviate(Deviation::RotateRefreshTokens);
    let answers = join_all((0..100).map(|_| browser.fetch("/api/userinfo"))).await;
    assert!(answers.iter().all(|answer| answer.status == Status::Ok));
    assert_eq!((answers.len(), op.count("token")), (100, 2));
}

/// REF-2: a late request with the old cookie gets what the first one got.
#[rocket::async_test]
async fn a_late_request_with_the_old_cookie_does_not_refresh_again() {
    let (op, browser) = with_ended_token().await;
    op.deviate(Deviation::RotateRefreshTokens);
    let old = browser.cookies();
    assert_eq!(browser.fetch("/api/userinfo").await.status, Status::Ok);
    browser.restore(old);
    let late = browser.fetch("/api/userinfo").await;
    assert_eq!((late.status, op.count("token")), (Status::Ok, 2));
    assert_eq!(late.session_cookies().len(), 1, "it carries the newest session: {late:?}");
}

/// A rotated refresh token is kept, whatever happens to the request that brought it.
#[rocket::async_test]
async fn a_rotated_refresh_token_survives_a_failed_request() {
    let (op, browser) = with_ended_token().await;
    op.deviate(Deviation::RotateRefreshTokens);
    op.deviate(Deviation::Answer("me", Fault::Html(500)));
    let answer = browser.fetch("/api/userinfo").await;
    assert_eq!(answer.status, Status::ServiceUnavailable);
    assert_eq!(answer.session_cookies().len(), 1, "{answer:?}");
    op.behave();
    // Another process, which has only the cookie.
    let other = Browser::open(app(op.figment())).await;
    other.restore(browser.cookies());
    assert_eq!(other.fetch("/api/userinfo").await.status, Status::Ok);
    assert_eq!(op.count("token"), 2);
}

/// REL-4: a refresh that fails for a while ends nothing.
#[rocket::async_test]
async fn a_refresh_that_fails_for_a_while_keeps_the_session() {
    let faults =
        [Fault::Html(500), Fault::Busy(503, 30), Fault::Busy(429, 30), Fault::Silence, Fault::Slow];
    join_all(faults.map(async |fault| {
        let (op, browser) = with_ended_token().await;
        op.deviate(Deviation::Answer("token", fault.clone()));
        let count = op.count("token");
        for _ in 0..20 {
            let answer = browser.fetch("/api/userinfo").await;
            assert_eq!(answer.status, Status::ServiceUnavailable, "{fault:?}: {answer:?}");
        }
        let asked = op.count("token") - count;
        assert!(asked <= 4, "{fault:?}: {asked} of twenty requests asked");
        assert_eq!(browser.visit("/").await.body, "Hello, u-alice!", "{fault:?}");
        op.behave();
        sleep(Duration::from_millis(2_100)).await;
        assert_eq!(browser.fetch("/api/userinfo").await.status, Status::Ok, "{fault:?}");
    }))
    .await;
}

/// A grant that Logto ended ends the session, once.
#[rocket::async_test]
async fn a_refused_refresh_ends_the_session() {
    let (op, browser) = with_ended_token().await;
    op.end_grants();
    let old = browser.cookies();
    let answer = browser.fetch("/api/userinfo").await;
    assert_eq!(answer.status, Status::Unauthorized, "{answer:?}");
    assert!(browser.session_cookies().is_empty(), "the cookie is deleted: {answer:?}");
    browser.restore(old);
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
    assert_eq!(browser.visit("/protected").await.status, Status::SeeOther);
    assert_eq!(op.count("token"), 2);
}

/// The tokens of a refresh are kept while its ID token cannot be verified: losing a rotated
/// refresh token would end the session at the next refresh.
#[rocket::async_test]
async fn a_refresh_is_kept_while_the_keys_cannot_be_fetched() {
    let op = Hostile::start().await;
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;

    // A new process, which has no keys yet.
    let restarted = Browser::open(app(op.figment())).await;
    restarted.restore(browser.cookies());
    op.deviate(Deviation::RotateRefreshTokens);
    op.deviate(Deviation::Answer("jwks", Fault::Busy(503, 1)));
    assert_eq!(restarted.fetch("/api/userinfo").await.status, Status::Ok);
    op.behave();

    let again = Browser::open(app(op.figment())).await;
    again.restore(restarted.cookies());
    assert_eq!(again.fetch("/api/userinfo").await.status, Status::Ok);
}

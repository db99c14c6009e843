//! Our cookies side by side: their total size is bounded, as servers in front refuse a header
//! that is too long, on every page and even at sign-out.

use logto_tests::{Alter, Answer, Browser, Deviation, Hostile, app};
use rocket::figment::Figment;
use rocket::http::Status;
use serde_json::{Value, json};

use crate::jar::is_stranger;

/// The default of `session.max_cookie_bytes`.
const MAX: usize = 6000;

/// What all our cookies take in a request.
fn bytes(browser: &Browser) -> usize {
    browser.cookies().iter().map(|(name, value)| name.len() + value.len() + 3).sum()
}

fn with_memory(op: &Hostile) -> Figment {
    op.figment().merge(("logto.session.store", "memory"))
}

async fn signed_in(op: &Hostile, browser: &Browser, organizations: usize) -> Answer {
    op.behave();
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    op.deviate(Deviation::Claims(Alter::member(organizations)));
    let started = browser.visit("/sign-in").await;
    browser.visit(&op.authorize(started.location())).await
}

/// S32, S10: the callback says so, and an existing session stays; a store has room for the
/// session.
#[rocket::async_test]
async fn a_session_over_the_limit_is_refused_with_a_page_of_its_own() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    assert_eq!(signed_in(&op, &browser, 100).await.status, Status::SeeOther);
    let before = browser.session_cookies();
    let back = signed_in(&op, &browser, 200).await;
    assert_eq!(back.status, Status::InternalServerError);
    back.assert_no_sign_in();
    assert!(back.body.contains("Session too large"), "{}", back.body);
    assert!(back.body.contains("organizations or roles"), "{}", back.body);
    let [home, again] = [">Home<", ">Sign in again<"].map(|link| back.body.find(link));
    assert!(home.is_some() && home < again, "trying again does not help: {}", back.body);
    assert_eq!(browser.session_cookies(), before);
    assert!(browser.sign_in_cookies().is_empty());

    let stored = Browser::open(app(with_memory(&op))).await;
    assert_eq!(signed_in(&op, &stored, 200).await.status, Status::SeeOther);
    let claims = stored.visit("/protected").await.json();
    assert_eq!(claims["organization_roles"].as_array().map(Vec::len), Some(400));
}

/// S32: whatever is left over from sign-ins, and with a session that takes nearly everything.
#[rocket::async_test]
async fn pending_sign_ins_give_way_to_the_session() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let long = format!("/pages/1?tab={}", "x".repeat(450));
    for session in [100, 130, 100] {
        for _ in 0..5 {
            browser.visit(&long).await;
            browser.start("/protected?new").await;
            browser.visit(&format!("/sign-in?return_to={long}")).await;
        }
        assert!(browser.sign_in_cookies().len() > 1 || bytes(&browser) > MAX - 1000);
        let back = signed_in(&op, &browser, session).await;
        assert_eq!(back.status, Status::SeeOther, "{back:?}");
        assert!(bytes(&browser) <= MAX, "{} bytes with the session", bytes(&browser));
        assert!(!is_stranger(&browser).await);
        for _ in 0..5 {
            let started = browser.visit(&format!("/sign-in?return_to={long}")).await;
            assert_eq!(started.status, Status::SeeOther);
            let newest = browser.sign_in_cookies();
            let is_new = |name: &String| started.cookies.iter().any(|c| c.name() == name);
            let (own, others): (Vec<_>, Vec<_>) = newest.iter().partition(|(name, _)| is_new(name));
            assert_eq!(own.len(), 1, "the sign-in that has just begun");
            let own = own[0].0.len() + own[0].1.len() + 3;
            assert!(bytes(&browser) <= MAX || others.is_empty(), "{} bytes", bytes(&browser));
            assert!(bytes(&browser) <= MAX + own && own <= 2048);
        }
        browser.forget();
    }
}

/// S32: absent roles keep a user out; old ones would let one in.
#[rocket::async_test]
async fn a_session_that_grows_at_a_refresh_loses_the_claims_that_grow() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    assert_eq!(signed_in(&op, &browser, 20).await.status, Status::SeeOther);
    let growing = ["organizations", "organization_roles", "roles", "custom_data"];
    let refreshed = async |organizations: usize| -> Value {
        op.behave();
        op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
        op.deviate(Deviation::RefreshedClaims(Alter::member(organizations)));
        op.deviate(Deviation::RefreshedClaims(Alter::set("roles", json!(["new"]))));
        op.deviate(Deviation::RefreshedClaims(Alter::set("custom_data", json!({"new": true}))));
        op.deviate(Deviation::RefreshedClaims(Alter::set("name", "New Name")));
        for _ in 0..2 {
            assert_eq!(browser.visit("/api/userinfo").await.status, Status::Ok);
        }
        assert!(bytes(&browser) <= MAX, "{} bytes", bytes(&browser));
        browser.visit("/protected").await.json()
    };
    let claims = refreshed(500).await;
    assert!(growing.iter().all(|name| claims.get(name).is_none()), "{claims}");
    assert_eq!((&claims["name"], &claims["sub"]), (&json!("New Name"), &json!("u-alice")));
    let claims = refreshed(50).await;
    assert_eq!(claims["organization_roles"].as_array().map(Vec::len), Some(100));
    assert!(growing.iter().all(|name| claims.get(name).is_some()), "{claims}");
}

/// S32: with a store the browser has only an id, and everything is kept.
#[rocket::async_test]
async fn a_stored_session_may_grow() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(with_memory(&op))).await;
    signed_in(&op, &browser, 20).await;
    op.behave();
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    op.deviate(Deviation::RefreshedClaims(Alter::member(500)));
    for _ in 0..2 {
        assert_eq!(browser.visit("/api/userinfo").await.status, Status::Ok);
    }
    let claims = browser.visit("/protected").await.json();
    assert_eq!(claims["organizations"].as_array().map(Vec::len), Some(500));
}

//! The session's cookies: how they are written, and what is read from them.

use std::collections::{BTreeMap, HashSet};

use logto_tests::{Alter, Browser, Deviation, Hostile, app, base64url, is_session};
use rocket::figment::Figment;
use rocket::http::{Cookie, SameSite, Status};
use serde_json::{Value, json};

use crate::jar::{deleted, is_stranger};

async fn signed_in() -> (Hostile, Browser) {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    assert_eq!(browser.sign_in(&op, "/protected").await.status, Status::Ok);
    (op, browser)
}

/// An application that keeps its sessions in its memory.
fn stored(op: &Hostile) -> Figment {
    op.figment().merge(("logto.session.store", "memory"))
}

fn assert_attributes(cookie: &Cookie<'_>, secure: bool) {
    assert_eq!(cookie.http_only(), Some(true), "{cookie}");
    assert_eq!(cookie.same_site(), Some(SameSite::Lax), "{cookie}");
    assert_eq!((cookie.path(), cookie.domain()), (Some("/"), None), "{cookie}");
    assert_eq!(cookie.secure().unwrap_or(false), secure, "{cookie}");
    assert_eq!(cookie.name().starts_with("__Host-"), secure, "{cookie}");
    assert!(cookie.name().contains("logto_"), "{cookie}");
}

/// S1: every cookie of a sign-in has the right attributes, over http and over https.
#[rocket::async_test]
async fn cookies_are_written_with_the_right_attributes() {
    for (base, secure) in [("http://localhost:8000", false), ("https://app.example", true)] {
        let op = Hostile::start().await;
        let figment = op.figment().merge(("logto.base_url", base));
        let browser = Browser::at(base, app(figment)).await;
        let started = browser.visit("/sign-in").await;
        assert_eq!(started.cookies.len(), 1, "{started:?}");
        assert!(!is_session(started.cookies[0].name()));
        let back = browser.visit(&op.authorize(started.location())).await;
        assert_eq!(back.session_cookies().len(), 1, "{back:?}");
        assert_eq!(deleted(&back).len(), 1, "the sign-in's own cookie is deleted: {back:?}");
        for cookie in started.cookies.iter().chain(&back.cookies) {
            assert_attributes(cookie, secure);
        }
        assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
    }
}

/// S1: a deletion repeats the attributes, or browsers would ignore it.
#[rocket::async_test]
async fn cookies_are_deleted_with_the_same_attributes() {
    for (base, secure) in [("http://localhost:8000", false), ("https://app.example", true)] {
        let op = Hostile::start().await;
        let figment = op.figment().merge(("logto.base_url", base));
        let browser = Browser::at(base, app(figment)).await;
        browser.sign_in(&op, "/protected").await;
        let session = browser.session_cookies();
        let answer = browser.visit("/sign-out").await;
        let gone = deleted(&answer);
        let names = gone.keys().copied().filter(|name| is_session(name));
        assert!(names.eq(session.keys()), "{gone:?}");
        gone.values().for_each(|cookie| assert_attributes(cookie, secure));
        assert!(browser.session_cookies().is_empty());
    }
}

/// S33: the session's cookie ends with the browser, whenever it is written; its removal and
/// the other cookies are unchanged.
#[rocket::async_test]
async fn a_cookie_that_is_not_persistent_ends_with_the_browser() {
    for store in ["cookie", "memory"] {
        let op = Hostile::start().await;
        op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
        let figment = op.figment().merge(("logto.session.store", store));
        let browser = Browser::open(app(figment.merge(("logto.session.persistent", false)))).await;
        let started = browser.visit("/sign-in").await;
        assert!(started.cookies[0].max_age().is_some_and(|age| age.is_positive()));
        let back = browser.visit(&op.authorize(started.location())).await;
        let refreshed = browser.visit("/api/userinfo").await;
        assert_eq!(refreshed.status, Status::Ok);
        let written = back.session_cookies().into_iter().chain(refreshed.session_cookies());
        let ends: Vec<_> = written.map(|cookie| (cookie.max_age(), cookie.expires())).collect();
        assert_eq!(ends, vec![(None, None); ends.len()], "{store}");
        assert_eq!(ends.len(), 2, "{store}");
        let gone = browser.visit("/sign-out").await;
        let session = deleted(&gone).into_keys().filter(|name| is_session(name)).count();
        assert_eq!((session, browser.session_cookies().len()), (1, 0), "{store}");
    }
}

/// S2: the session that was in the browser before a sign-in is not the one after it.
#[rocket::async_test]
async fn a_planted_session_does_not_become_the_victims() {
    for memory in [false, true] {
        let op = Hostile::start().await;
        let figment = if memory { stored(&op) } else { op.figment() };
        let browser = Browser::open(app(figment)).await;
        op.account(json!({"sub": "u-mallory"}));
        browser.sign_in(&op, "/protected").await;
        let planted = browser.session_cookies();
        assert_eq!(browser.visit("/").await.body, "Hello, u-mallory!");
        op.account(json!({"sub": "u-alice"}));
        let answer = browser.visit("/sign-in").await;
        browser.visit(&op.authorize(answer.location())).await;
        assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
        for (name, value) in browser.session_cookies() {
            assert_ne!(planted.get(&name), Some(&value));
        }
        browser.restore(planted);
        assert_eq!(browser.visit("/").await.body, "Hello, stranger!", "memory: {memory}");
    }
}

/// S3: no two sessions have the same cookie, and it cannot be guessed.
#[rocket::async_test]
async fn every_session_has_a_cookie_of_its_own() {
    const SIGN_INS: usize = 50;
    let op = Hostile::start().await;
    let browser = Browser::open(app(stored(&op))).await;
    let mut seen = HashSet::new();
    for _ in 0..SIGN_INS {
        browser.forget();
        browser.sign_in(&op, "/protected").await;
        let cookies = browser.session_cookies();
        let value = cookies.into_values().next().unwrap();
        assert!(value.len() >= 22, "{value}");
        assert!(seen.insert(value));
    }
    assert_eq!(seen.len(), SIGN_INS);
}

/// S4: a cookie with any one character changed is not a session, and is deleted.
#[rocket::async_test]
async fn a_cookie_with_one_character_changed_is_not_a_session() {
    for memory in [false, true] {
        let op = Hostile::start().await;
        let figment = if memory { stored(&op) } else { op.figment() };
        let browser = Browser::open(app(figment)).await;
        browser.sign_in(&op, "/protected").await;
        let (name, value) = browser.session_cookies().into_iter().next().unwrap();
        for at in 0..value.len() {
            let mut forged = value.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            browser.restore(BTreeMap::from([(name.clone(), forged)]));
            let answer = browser.visit("/").await;
            assert_eq!(answer.body, "Hello, stranger!", "character {at} is free");
            assert!(deleted(&answer).contains_key(name.as_str()), "character {at}: {answer:?}");
        }
        browser.restore(BTreeMap::from([(name, value)]));
        assert!(!is_stranger(&browser).await);
    }
}

/// S4: neither is one that was cut, lengthened, emptied or made up.
#[rocket::async_test]
async fn a_mangled_or_made_up_cookie_is_not_a_session() {
    let (_op, browser) = signed_in().await;
    let (name, value) = browser.session_cookies().into_iter().next().unwrap();
    let forgeries = [
        value[..value.len() - 1].to_owned(),
        value[1..].to_owned(),
        value.clone() + "A",
        value.clone() + &value,
        value.clone() + "=",
        base64url([0; 600]),
        base64url(""),
        "A".repeat(40_000),
        "x".to_owned(),
        "{\"sub\":\"u-alice\"}".to_owned(),
        "../../etc/passwd".to_owned(),
        "%00".to_owned(),
        "é".to_owned(),
    ];
    for forged in forgeries {
        browser.restore(BTreeMap::from([(name.clone(), forged.clone())]));
        assert!(is_stranger(&browser).await, "{forged}");
    }
}

/// S8: having been read before its end does not admit a session.
#[rocket::async_test]
async fn an_ended_session_is_refused_though_it_was_opened_before() {
    for memory in [false, true] {
        let op = Hostile::start().await;
        let figment = if memory { stored(&op) } else { op.figment() };
        let browser = Browser::open(app(figment)).await;
        browser.sign_in(&op, "/protected").await;
        let kept = browser.cookies();
        for _ in 0..3 {
            assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
        }
        assert_eq!(browser.cookies(), kept, "the very cookie that was opened");
        browser.visit("/sign-out").await;
        for _ in 0..3 {
            browser.restore(kept.clone());
            assert!(is_stranger(&browser).await);
            assert_eq!(browser.visit("/protected").await.status, Status::SeeOther);
        }
    }
}

/// S5: the cookie of a pending sign-in is not a session.
#[rocket::async_test]
async fn a_sign_in_cookie_is_not_a_session() {
    let (op, browser) = signed_in().await;
    let session = browser.session_cookies();
    browser.forget();
    let location = browser.start("/protected").await;
    let sign_in = browser.cookies();
    let (name, value) = (session.keys().next().unwrap(), sign_in.values().next().unwrap());
    browser.restore(BTreeMap::from([(name.clone(), value.clone())]));
    assert!(is_stranger(&browser).await);
    let (name, value) = (sign_in.keys().next().unwrap(), session.values().next().unwrap());
    browser.restore(BTreeMap::from([(name.clone(), value.clone())]));
    let redeemed = op.count("token");
    browser.visit(&op.authorize(&location)).await.assert_no_sign_in();
    assert_eq!(op.count("token"), redeemed);
}

/// S5: a cookie of another application, or from another secret, is not ours.
#[rocket::async_test]
async fn a_cookie_of_another_application_is_not_a_session() {
    let (op, browser) = signed_in().await;
    let value = browser.session_cookies().into_values().next().unwrap();
    let others = [
        ("logto.app_id", "another-app"),
        ("logto.cookie_secret", "another-secret-of-the-tests-long-enough-for-a-key"),
        ("logto.endpoint", "http://127.0.0.1:9"),
    ];
    for (key, setting) in others {
        let other = Browser::open(app(op.figment().merge((key, setting)))).await;
        other.restore(browser.session_cookies());
        assert_eq!(other.visit("/").await.body, "Hello, stranger!", "{key}");
        let name = match key {
            "logto.app_id" => other_name(&op, setting).await,
            _ => browser.session_cookies().into_keys().next().unwrap(),
        };
        other.restore(BTreeMap::from([(name, value.clone())]));
        assert_eq!(other.visit("/").await.body, "Hello, stranger!", "{key}");
    }
}

/// The name of the session cookie of an application with this id.
async fn other_name(op: &Hostile, app_id: &str) -> String {
    let browser = Browser::open(app(op.figment().merge(("logto.app_id", app_id)))).await;
    browser.start("/protected").await;
    let (name, _) = browser.sign_in_cookies().into_iter().next().unwrap();
    name.split("_t_").next().unwrap().to_owned()
}

/// S14: a cookie that is not ours is left alone, whatever it is.
#[rocket::async_test]
async fn foreign_cookies_are_left_alone() {
    let (_op, browser) = signed_in().await;
    let mut cookies = browser.session_cookies();
    for number in 0..100 {
        cookies.insert(format!("other{number}"), "v".to_owned());
    }
    cookies.insert("logto".to_owned(), "v".to_owned());
    cookies.insert("logto_".to_owned(), "v".to_owned());
    browser.restore(cookies);
    let answer = browser.visit("/").await;
    assert_eq!((answer.body.as_str(), answer.cookies.len()), ("Hello, u-alice!", 0));
}

/// S15: no cache keeps an answer that depends on who asks.
#[rocket::async_test]
async fn an_answer_for_a_user_is_kept_by_no_cache() {
    let (op, browser) = signed_in().await;
    let callback = op.authorize(&browser.start("/sign-in?return_to=/").await);
    let user = browser.cookies();
    let asked = ["/protected", "/api/me", "/", "/api/userinfo", "/sign-in", &callback];
    let strangers = ["/protected", "/api/me", "/", "/sign-in", "/sign-out"];
    let asked = asked.map(|path| (path, true)).into_iter();
    for (path, is_user) in asked.chain(strangers.map(|path| (path, false))) {
        if !is_user {
            browser.forget();
        } else {
            browser.restore(user.clone());
        }
        let answer = browser.visit(path).await;
        let cache = answer.header("cache-control").unwrap_or_default();
        assert!(cache.contains("no-store") && cache.contains("private"), "{path}: {cache:?}");
        assert_eq!(answer.header("vary"), None, "{path}: nobody keeps it");
    }
}

/// The session shows the user without asking Logto again.
#[rocket::async_test]
async fn a_session_needs_no_provider() {
    let (op, browser) = signed_in().await;
    let before: Vec<_> = ["discovery", "jwks", "token", "me"].map(|name| op.count(name)).into();
    op.stop().await;
    let me = browser.fetch("/api/me").await;
    assert_eq!((me.status, &me.json()["sub"]), (Status::Ok, &Value::from("u-alice")));
    assert!(!is_stranger(&browser).await);
    let after: Vec<_> = ["discovery", "jwks", "token", "me"].map(|name| op.count(name)).into();
    assert_eq!(before, after);
}

//! Cookies in the wrong place, at the wrong time, or malformed.

use std::collections::BTreeMap;
use std::time::Duration;

use logto_rocket::{Logto, User};
use logto_tests::{Browser, Hostile, Live, app, is_session, with};
use rocket::figment::Figment;
use rocket::http::{Header, Status};
use rocket::tokio::time::sleep;
use rocket::{Build, Responder, Rocket, get, routes};

use crate::jar::is_stranger;

const OLD: &str = "an-old-secret-of-the-tests-long-enough-for-a-key";
const NEW: &str = "a-new-secret-of-the-tests-long-enough-for-a-key";

/// Every kind of cookie that an application with this configuration writes: no session if the
/// provider does not know it.
async fn every_kind(op: &Hostile, figment: Figment) -> Vec<(&'static str, String)> {
    let mut kinds = Vec::new();
    for store in ["cookie", "memory"] {
        let browser =
            Browser::open(app(figment.clone().merge(("logto.session.store", store)))).await;
        let answer = browser.visit("/sign-in").await;
        let transaction = browser.sign_in_cookies().into_values().next().unwrap();
        browser.visit(&op.authorize(answer.location())).await;
        let session = browser.session_cookies().into_values().next();
        let rest = browser.cookies().into_iter().filter(|(name, _)| name.ends_with("_n"));
        kinds.extend(rest.map(|(_, value)| ("count", value)));
        kinds.push(("transaction", transaction));
        kinds.extend(session.map(|session| (store, session)));
    }
    kinds
}

/// S5: every kind of cookie, of this application and of others, in place of every other.
#[rocket::async_test]
async fn no_cookie_passes_for_another() {
    let op = Hostile::start().await;
    let tenant = Hostile::start().await;
    let ours = |store| op.figment().merge(("logto.session.store", store));
    let others = [
        ("this application", op.figment()),
        ("another id", op.figment().merge(("logto.app_id", "another-app"))),
        ("another secret", op.figment().merge(("logto.cookie_secret", OLD))),
        ("another tenant", op.figment().merge(("logto.endpoint", tenant.endpoint()))),
    ];
    let mut pasted = 0;
    for store in ["cookie", "memory"] {
        let browser = Browser::open(app(ours(store))).await;
        browser.sign_in(&op, "/protected").await;
        let session = browser.session_cookies().into_keys().next().unwrap();
        for (whose, figment) in &others {
            let source = if *whose == "another tenant" { &tenant } else { &op };
            for (kind, value) in every_kind(source, figment.clone()).await {
                browser.forget();
                let location = browser.start("/protected").await;
                let (transaction, own) = browser.sign_in_cookies().into_iter().next().unwrap();
                let sealed_is_ours = *whose == "this application" && kind == "cookie";
                let mut slots = vec![session.clone(), format!("{session}.1")];
                slots.retain(|slot| !(sealed_is_ours && store == "cookie" && *slot == session));
                for slot in slots {
                    browser.restore(BTreeMap::from([(slot.clone(), value.clone())]));
                    assert!(is_stranger(&browser).await, "{whose}: {kind} as {slot} in {store}");
                    pasted += 1;
                }
                browser.restore(BTreeMap::from([(transaction.clone(), value.clone())]));
                let redeemed = op.count("token");
                let answer = browser.visit(&op.authorize(&location)).await;
                answer.assert_no_sign_in();
                assert_eq!(op.count("token"), redeemed, "{whose}: {kind} as {transaction}");
                browser.restore(BTreeMap::from([(transaction, own)]));
                let answer = browser.visit(&op.authorize(&location)).await;
                assert_eq!(answer.status, Status::SeeOther, "its own cookie: {answer:?}");
            }
        }
    }
    assert!(pasted > 60, "{pasted}");
}

/// S6: the expiry is inside the seal; what a browser keeps past it is not a session.
#[rocket::async_test]
async fn a_cookie_kept_past_its_expiry_is_not_a_session() {
    for store in ["cookie", "memory"] {
        for limit in ["logto.session.idle", "logto.session.absolute"] {
            let op = Hostile::start().await;
            let figment = op.figment().merge(("logto.session.store", store)).merge((limit, 1));
            let browser = Browser::open(app(figment)).await;
            browser.sign_in(&op, "/protected").await;
            let kept = browser.cookies();
            sleep(Duration::from_millis(1_100)).await;
            browser.restore(kept);
            assert!(is_stranger(&browser).await, "{store}, {limit}");
        }
    }
}

/// S7: a shorter limit also applies to cookies written before.
#[rocket::async_test]
async fn a_shorter_limit_applies_to_older_cookies() {
    let op = Hostile::start().await;
    let before = Browser::open(app(op.figment())).await;
    before.sign_in(&op, "/protected").await;
    sleep(Duration::from_millis(1_100)).await;
    for (limit, stranger) in [("idle", true), ("absolute", true), ("capacity", false)] {
        let key = format!("logto.session.{limit}");
        let after = Browser::open(app(op.figment().merge((key.as_str(), 1)))).await;
        after.restore(before.cookies());
        assert_eq!(is_stranger(&after).await, stranger, "{limit}");
    }
}

/// An application with these cookie secrets, which renews its sessions every second.
fn with_secrets(op: &Hostile, secrets: &[&str]) -> Rocket<Build> {
    let figment = op.figment().merge(("logto.session.idle", 10));
    app(figment.merge(("logto.cookie_secret", secrets)))
}

/// S11: a new secret in front of the old one signs nobody out, and takes over.
#[rocket::async_test]
async fn secrets_are_changed_without_signing_anybody_out() {
    let op = Hostile::start().await;
    let old = Browser::open(with_secrets(&op, &[OLD])).await;
    old.sign_in(&op, "/protected").await;
    let of_old = old.cookies();
    let both = Browser::open(with_secrets(&op, &[NEW, OLD])).await;
    both.restore(of_old.clone());
    sleep(Duration::from_millis(1_100)).await;
    let answer = both.visit("/").await;
    assert_eq!((answer.body.as_str(), answer.session_cookies().len()), ("Hello, u-alice!", 1));

    // A renewed cookie needs only the new secret.
    let new = Browser::open(with_secrets(&op, &[NEW])).await;
    new.restore(both.cookies());
    assert_eq!(new.visit("/").await.body, "Hello, u-alice!");
    new.restore(of_old);
    assert_eq!(new.visit("/").await.body, "Hello, stranger!");
}

/// S11: cookies of both secrets, and a pending sign-in.
#[rocket::async_test]
async fn cookies_of_the_old_secret_and_of_the_new_one_are_read() {
    let op = Hostile::start().await;
    let secrets = |secrets: &[&str]| app(op.figment().merge(("logto.cookie_secret", secrets)));
    let old = Browser::open(secrets(&[OLD])).await;
    let both = Browser::open(secrets(&[NEW, OLD])).await;
    let location = old.start("/protected").await;
    both.restore(old.cookies());
    assert_eq!(both.visit(&op.authorize(&location)).await.location(), "/protected");
    old.sign_in(&op, "/protected").await;
    let (of_old, of_new) = (old.cookies(), both.cookies());
    for cookies in [&of_old, &of_new] {
        both.restore(cookies.clone());
        assert_eq!(both.visit("/").await.body, "Hello, u-alice!");
    }
}

/// S14: over the wire, as no browser would send it.
#[rocket::async_test]
async fn a_malformed_cookie_header_harms_nothing() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let (name, value) = browser.session_cookies().into_iter().next().unwrap();
    let live = Live::start(app(op.figment())).await;
    let ours = format!("{name}={value}");
    let many: Vec<_> = (0..100).map(|number| format!("other{number}=v")).collect();
    let headers: Vec<(Vec<u8>, bool)> = vec![
        (ours.clone().into(), true),
        (format!("{}; {ours}", many.join("; ")).into(), true),
        (format!("noequals; ; =; =v; {ours}; ;").into(), true),
        (format!("{name}=garbage; {ours}").into(), true),
        (format!("{ours}; {name}=garbage").into(), true),
        (format!("{ours};{name}={value}x; a=b; {name}=").into(), true),
        (format!("{ours}{}", format!("; {name}=").repeat(9)).into(), true),
        (format!("{ours}.garbage").into(), false),
        (format!("{name}=\"").into(), false),
        ([name.as_bytes(), b"=\xff\xfe\x80"].concat(), false),
        ([b"\xff=\xff; ", ours.as_bytes()].concat(), false),
        ("=".repeat(8_000).into(), false),
        (";".repeat(8_000).into(), false),
        (format!("{name}.1={value}; {name}.2={value}").into(), false),
    ];
    for (header, is_user) in headers {
        let head = b"GET / HTTP/1.1\r\nHost: localhost:8000\r\nConnection: close\r\nCookie: ";
        let answer = live.send(&[&head[..], &header, b"\r\n\r\n"].concat()).await;
        let who = if is_user { "Hello, u-alice!" } else { "Hello, stranger!" };
        let shown = String::from_utf8_lossy(&header).chars().take(80).collect::<String>();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(who), "{shown}: {answer}");
    }
    // No header may contain NUL: the server itself refuses it.
    let nul =
        b"GET / HTTP/1.1\r\nHost: localhost:8000\r\nConnection: close\r\nCookie: a=\0\r\n\r\n";
    assert!(live.send(nul).await.starts_with("HTTP/1.1 400"));
}

#[derive(Responder)]
struct Kept {
    body: &'static str,
    cache: Header<'static>,
}

#[get("/kept?<cache>")]
fn kept(cache: String, user: Option<&User>) -> Kept {
    let body = if user.is_some() { "user" } else { "stranger" };
    Kept { body, cache: Header::new("Cache-Control", cache) }
}

/// S15: an application may be stricter about caches but not laxer (CVE-2025-48947), and an answer
/// that sets a cookie is never kept.
#[rocket::async_test]
async fn an_application_cannot_make_a_users_answer_cacheable() {
    let op = Hostile::start().await;
    let figment = op.figment().merge(("logto.session.idle", 10));
    let rocket = rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![kept]);
    let browser = Browser::open(rocket).await;
    browser.sign_in(&op, "/sign-in?return_to=/kept?cache=none").await;
    let before = browser.cookies();
    for writes in [false, true] {
        if writes {
            sleep(Duration::from_millis(1_100)).await;
        }
        for cache in ["public, max-age=3600", "private, max-age=60", "no-store", "max-age=9", ""] {
            browser.restore(before.clone());
            let path = format!("/kept?cache={}", cache.replace(", ", ",%20").replace('=', "%3D"));
            let answer = browser.visit(&path).await;
            assert_eq!((answer.body.as_str(), answer.cookies.is_empty()), ("user", !writes));
            let given = answer.header("cache-control").unwrap();
            let own = cache == "no-store" || cache.starts_with("private") && !writes;
            assert_eq!(given, if own { cache } else { "private, no-store" }, "writes: {writes}");
            // A browser that keeps the page must not show it to the next user.
            let varies = (cache.starts_with("private") && !writes).then_some("Cookie");
            assert_eq!(answer.header("vary"), varies, "{cache}");
        }
    }
}

/// S19: nothing that a client can put into a header or an address counts as a session.
#[rocket::async_test]
async fn headers_and_parameters_stand_for_no_session() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let (name, value) = browser.session_cookies().into_iter().next().unwrap();
    browser.forget();
    let bearer = format!("Bearer {value}");
    let headers = [
        ("X-Logto-Session", value.as_str()),
        ("X-Logto-User", "u-alice"),
        ("X-Session", value.as_str()),
        ("Remote-User", "u-alice"),
        ("X-Remote-User", "u-alice"),
        ("X-Forwarded-User", "u-alice"),
        ("OIDC_CLAIM_sub", "u-alice"),
        ("X-Original-URL", "/"),
        ("X-Rewrite-URL", "/"),
        ("X-HTTP-Method-Override", "POST"),
        ("Authorization", bearer.as_str()),
        ("Set-Cookie", value.as_str()),
    ];
    let all = with(browser.client().get("/api/me"), &headers);
    assert_eq!(browser.send(all).await.status, Status::Unauthorized);
    for query in [format!("{name}={value}"), "sub=u-alice".into(), "user=u-alice&moved=1".into()] {
        let answer = browser.fetch(&format!("/api/me?{query}")).await;
        assert_eq!(answer.status, Status::Unauthorized, "{query}");
    }
    assert!(is_session(&name));
}

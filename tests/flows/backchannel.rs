//! Back-channel logout: which tokens are believed, and what the answer is.

use std::sync::Arc;

use logto_dev::{Generation, Provider};
use logto_rocket::{Error, Logto, LogtoClient};
use logto_tests::{Alter, Answer, Browser, Deviation, Forgery, Hostile, Key, app, claims_of};
use rocket::http::Status;
use rocket::{get, routes};
use serde_json::json;

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A provider, and a browser that has signed in at the application.
pub(crate) async fn signed_in() -> (Hostile, Browser) {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    assert_eq!(browser.sign_in(&op, "/protected").await.status, Status::Ok);
    (op, browser)
}

/// 200 and an empty body, or an error that no cache keeps either.
pub(crate) fn assert_answered(answer: &Answer, status: Status, what: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    assert!(answer.cookies.is_empty(), "{what}");
    match status {
        Status::Ok => assert_eq!(answer.body, "", "{what}"),
        Status::BadRequest => assert_eq!(answer.json()["error"], "invalid_request", "{what}"),
        _ => assert_eq!(answer.json()["error"], "temporarily_unavailable", "{what}"),
    }
}

pub(crate) async fn assert_refused(browser: &Browser, token: &str, what: &str) {
    assert_answered(&browser.post_logout(token).await, Status::BadRequest, what);
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!", "{what} ended a session");
}

/// Each of `deviations` alone makes a token that ends nothing.
async fn assert_each_refused(deviations: impl IntoIterator<Item = Deviation>) {
    let (op, browser) = signed_in().await;
    for deviation in deviations {
        let what = format!("{deviation:?}");
        let token = op.wrong_logout_token("u-alice", None, &[deviation]);
        assert_refused(&browser, &token, &what).await;
    }
    let answer = browser.post_logout(&op.logout_token("u-alice", None)).await;
    assert_answered(&answer, Status::Ok, "the right one");
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
}

fn claim(alter: Alter) -> Deviation {
    Deviation::Claims(alter)
}

/// L5, RP-backchannel-valid: exactly 200, nothing for a cache to keep, and the session is over
/// at the next request; with the `exp` of Logto 1.42 and without it, as before.
#[rocket::async_test]
async fn a_logout_token_of_either_generation_ends_the_session() {
    for store in ["cookie", "memory"] {
        for deviations in [vec![], vec![claim(Alter::without("exp"))]] {
            for with_sid in [false, true] {
                let what = format!("{store}, {deviations:?}, sid: {with_sid}");
                let op = Hostile::start().await;
                let figment = op.figment().merge(("logto.session.store", store));
                let browser = Browser::open(app(figment)).await;
                let claims = browser.sign_in(&op, "/protected").await.json();
                let sid = claims["sid"].as_str().filter(|_| with_sid);
                let more = [claim(Alter::set("ignored_claim", "ignored"))];
                let deviations = [&deviations[..], &more].concat();
                let token = op.wrong_logout_token("u-alice", sid, &deviations);
                assert_answered(&browser.post_logout(&token).await, Status::Ok, &what);
                assert_eq!(browser.visit("/api/me").await.status, Status::Unauthorized, "{what}");
                assert!(browser.session_cookies().is_empty(), "{what}");
            }
        }
    }
}

/// L5: the same with `logto-dev`.
#[rocket::async_test]
async fn a_logout_token_of_the_look_alike_ends_the_session() {
    for generation in [Generation::V1_37, Generation::V1_42] {
        let provider = Provider::builder().generation(generation).start().await;
        let browser = Browser::open(app(provider.figment())).await;
        let claims = browser.sign_in(&provider, "/protected").await.json();
        let sid = claims["sid"].as_str();
        assert!(sid.is_some(), "{claims}");
        provider.rotate_keys();
        let answer = browser.post_logout(&provider.logout_token("alice", sid)).await;
        assert_answered(&answer, Status::Ok, "the look-alike's");
        assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
    }
}

/// L4, RP-backchannel-wrong-iss, RP-backchannel-wrong-aud, RP-backchannel-with-nonce,
/// RP-backchannel-no-event: a claim that is wrong, missing or old.
#[rocket::async_test]
async fn a_logout_token_with_a_wrong_claim_ends_nothing() {
    let now = claims_of(&Hostile::start().await.logout_token("x", None))["iat"].as_i64().unwrap();
    assert_each_refused(
        [
            Alter::append("iss", "INVALID"),
            Alter::append("iss", "/"),
            Alter::append("aud", "INVALID"),
            Alter::by("two audiences", |claims| claims["aud"] = json!([claims["aud"], "other"])),
            Alter::set("nonce", "n"),
            Alter::set("exp", now - 61),
            Alter::set("iat", now - 400),
            Alter::set("iat", now + 70),
            Alter::set("jti", ""),
            Alter::set("sub", json!(["u-alice"])),
            Alter::without("iss"),
            Alter::without("aud"),
            Alter::without("iat"),
            Alter::without("jti"),
            Alter::without("sub"),
            Alter::without("events"),
            Alter::replace(json!([])),
        ]
        .map(claim),
    )
    .await;
}

/// L6, RP-backchannel-wrong-event: the event is an object under its own name.
#[rocket::async_test]
async fn a_logout_token_with_another_event_ends_nothing() {
    let events = [
        json!({}),
        json!({"http://schemas.openid.net/event/foobar": {}}),
        json!({ EVENT: "{}" }),
        json!({ EVENT: null }),
        json!({ EVENT: [] }),
        json!([EVENT]),
        json!(EVENT),
    ];
    assert_each_refused(events.map(|events| claim(Alter::set("events", events)))).await;
}

/// L4, T1, T2, T3, RP-backchannel-alg-none, RP-backchannel-wrong-alg: only Logto signs, and only
/// with the key's algorithm.
#[rocket::async_test]
async fn a_logout_token_that_logto_did_not_sign_ends_nothing() {
    let unsigned = ["none", "None", "NoNe", "", "ES384"].map(Forgery::Unsigned);
    let hmac = [Forgery::HmacWithPem, Forgery::HmacWithJwk, Forgery::HmacWithSecret];
    let others = [Key::es384(), Key::es256(), Key::rs256()].map(Arc::new);
    let others =
        others.into_iter().flat_map(|key| [Forgery::By(key.clone()), Forgery::InTheNameOf(key)]);
    let forged = unsigned.into_iter().chain(hmac).chain(others).chain([Forgery::Flipped]);
    let headers = ["ES256", "RS256", "PS256", "EdDSA", "HS256", "none", "RS512", "ES512"];
    let headers = headers.map(|alg| Deviation::Header(Alter::set("alg", alg)));
    let no_alg = [Deviation::Header(Alter::without("alg"))];
    assert_each_refused(forged.map(Deviation::Forged).chain(headers).chain(no_alg)).await;
}

/// T3: an RSA key is published, but its algorithm is not announced.
#[rocket::async_test]
async fn a_logout_token_of_an_algorithm_that_was_not_agreed_ends_nothing() {
    let (op, browser) = signed_in().await;
    op.publish(Key::rs256().named("rsa"));
    let forged = Deviation::Forged(Forgery::By(Arc::new(Key::rs256().named("rsa"))));
    for _ in 0..2 {
        let token = op.wrong_logout_token("u-alice", None, std::slice::from_ref(&forged));
        assert_refused(&browser, &token, "RS256").await;
    }
}

/// L5, T24: whatever key Logto has rotated to.
#[rocket::async_test]
async fn a_logout_token_of_every_algorithm_ends_the_session() {
    for key in Key::of_every_algorithm() {
        let (op, browser) = signed_in().await;
        let alg = key.alg();
        op.sign_with(key);
        let no_kid = Deviation::Header(Alter::without("kid"));
        let token = op.wrong_logout_token("u-alice", None, &[no_kid]);
        assert_answered(&browser.post_logout(&token).await, Status::Ok, alg);
        assert_eq!(browser.visit("/").await.body, "Hello, stranger!", "{alg}");
    }
}

/// L4, T4, T5, T22: another token's header, an extension, a key in the header.
#[rocket::async_test]
async fn a_logout_token_with_a_wrong_header_ends_nothing() {
    let stranger = Key::es384();
    let header = |alter| Deviation::Header(alter);
    assert_each_refused([
        header(Alter::set("typ", "JWT")),
        header(Alter::set("typ", "at+jwt")),
        header(Alter::set("typ", json!(null))),
        header(Alter::set("crit", json!(["exp"]))),
        header(Alter::set("kid", json!(7))),
        Deviation::Token(|token| format!("{token}.")),
        Deviation::Token(|token| token.rsplit_once('.').unwrap().0.to_owned()),
        Deviation::Token(|token| format!("{}%20", token)),
    ])
    .await;

    let (op, browser) = signed_in().await;
    let forged = Deviation::Forged(Forgery::InTheNameOf(Arc::new(Key::es384())));
    let url = json!("https://evil.example/jwks");
    let values =
        [("jwk", stranger.jwk()), ("jku", url.clone()), ("x5u", url), ("x5c", json!(["MA"]))];
    for (name, value) in values {
        let key = header(Alter::set(name, value));
        let token = op.wrong_logout_token("u-alice", None, &[forged.clone(), key]);
        assert_refused(&browser, &token, name).await;
    }

    // The type is recommended, not required, and its case does not matter.
    for alter in [Alter::set("typ", "Logout+JWT"), Alter::without("typ")] {
        let token = op.wrong_logout_token("u-alice", None, &[header(alter)]);
        assert_answered(&browser.post_logout(&token).await, Status::Ok, "the type");
    }
}

/// T22: ID tokens and access tokens are not logout tokens.
#[rocket::async_test]
async fn other_tokens_of_the_provider_end_nothing() {
    let provider = Provider::start().await;
    let figment = provider.figment().merge(("logto.resources", ["https://api.example.com"]));
    let browser =
        Browser::open(rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![tokens]))
            .await;
    let tokens = browser.sign_in(&provider, "/sign-in?return_to=/tokens").await.body;
    let tokens: Vec<_> = tokens.split(' ').collect();
    assert_eq!(tokens.len(), 2);
    for token in tokens {
        assert_eq!(token.split('.').count(), 3, "{token}");
        assert_answered(&browser.post_logout(token).await, Status::BadRequest, token);
        assert_ne!(browser.visit("/tokens").await.body, "stranger");
    }
}

#[get("/tokens")]
async fn tokens(logto: LogtoClient<'_>) -> Result<String, Error> {
    let Some(id_token) = logto.id_token().await? else { return Ok("stranger".into()) };
    let api = logto.access_token("https://api.example.com").await?.expect("a user");
    Ok(format!("{id_token} {}", api.secret()))
}

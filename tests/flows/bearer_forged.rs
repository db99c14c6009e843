//! Every hostile token that is tried at the callback, presented to a route that takes access
//! tokens. Rows about sign-ins (T15, T16, T19 to T21) have no counterpart here.

use std::sync::Arc;

use logto_tests::{Alter, Browser, Deviation, Forgery, Hostile, Key, base64url};
use rocket::http::Status;
use serde_json::{Value, json};

use crate::bearer::{API, challenge, open, present};

async fn status(op: &Hostile, browser: &Browser, deviations: &[Deviation]) -> Status {
    let token = op.wrong_access_token(API, "read:items", deviations);
    let answer = present(browser, "/items", &token).await;
    if answer.status != Status::Ok {
        assert_eq!(challenge(&answer), "Bearer error=\"invalid_token\"", "{deviations:?}");
    }
    answer.status
}

async fn assert_refused(op: &Hostile, browser: &Browser, deviations: &[Deviation]) {
    assert_eq!(status(op, browser, deviations).await, Status::Unauthorized, "{deviations:?}");
}

/// After a good token, which the same provider gets admitted.
async fn assert_all_refused(deviations: impl IntoIterator<Item = Deviation>) {
    let (op, browser) = open().await;
    assert_eq!(status(&op, &browser, &[]).await, Status::Ok);
    for deviation in deviations {
        assert_refused(&op, &browser, &[deviation]).await;
    }
    assert_eq!(status(&op, &browser, &[]).await, Status::Ok);
}

fn claim(key: &'static str, value: impl Into<Value>) -> Deviation {
    Deviation::Claims(Alter::set(key, value))
}

fn header(key: &'static str, value: impl Into<Value>) -> Deviation {
    Deviation::Header(Alter::set(key, value))
}

fn from_now(seconds: i64) -> i64 {
    rocket::time::OffsetDateTime::now_utc().unix_timestamp() + seconds
}

/// T1, T24: one bit of the signature is wrong, under every algorithm that is accepted with the
/// right one.
#[rocket::async_test]
async fn a_wrong_signature_is_refused_under_every_algorithm() {
    for key in Key::of_every_algorithm() {
        let (op, browser) = open().await;
        op.sign_with(key);
        assert_eq!(status(&op, &browser, &[]).await, Status::Ok, "{:?}", op.key());
        assert_refused(&op, &browser, &[Deviation::Forged(Forgery::Flipped)]).await;
    }
}

/// T2: no algorithm, in any spelling, and no signature.
#[rocket::async_test]
async fn an_unsigned_token_is_refused() {
    let unsigned = ["none", "None", "NONE", "NoNe", "", "ES384", "null"];
    let unsigned = unsigned.map(|alg| Deviation::Forged(Forgery::Unsigned(alg)));
    assert_all_refused(unsigned).await;
    assert_all_refused([
        Deviation::Header(Alter::without("alg")),
        header("alg", json!(null)),
        header("alg", json!(["ES384"])),
        Deviation::Token(|token| token.rsplit_once('.').unwrap().0.to_owned()),
        Deviation::Token(|token| format!("{}.", token.rsplit_once('.').unwrap().0)),
    ])
    .await;
}

/// T2, T3, T9: whatever discovery and the keys say about `none`, secrets and other algorithms.
#[rocket::async_test]
async fn an_algorithm_is_that_of_a_public_key_whatever_is_announced() {
    const ALGS: [&str; 11] = [
        "ES256", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA", "HS256",
        "none",
    ];
    for rsa in [false, true] {
        let (op, browser) = open().await;
        if rsa {
            op.sign_with(Key::rs256());
        }
        let secret = op.figment().extract_inner::<String>("logto.app_secret").unwrap();
        let published = Alter::by("oct", move |set| {
            let kid = set["keys"][0]["kid"].clone();
            let key = json!({"kty": "oct", "kid": kid, "alg": "HS256", "k": base64url(&secret)});
            set["keys"].as_array_mut().unwrap().push(key);
        });
        let listed = Alter::by("algorithms", |document| {
            let listed = &mut document["id_token_signing_alg_values_supported"];
            listed.as_array_mut().unwrap().extend(ALGS.map(Value::from));
        });
        op.deviate(Deviation::Discovery(listed)).deviate(Deviation::Jwks(published));
        assert_eq!(status(&op, &browser, &[]).await, Status::Ok);
        for forgery in [
            Forgery::HmacWithPem,
            Forgery::HmacWithJwk,
            Forgery::HmacWithSecret,
            Forgery::Unsigned("none"),
        ] {
            assert_refused(&op, &browser, &[Deviation::Forged(forgery)]).await;
        }
        for alg in ALGS.into_iter().filter(|alg| *alg != op.key().alg()) {
            assert_refused(&op, &browser, &[header("alg", alg)]).await;
        }
    }
}

/// T4: a key inside the token does not count, and nobody fetches one it points to.
#[rocket::async_test]
async fn a_key_in_the_header_is_ignored() {
    let (op, browser) = open().await;
    let (stranger, bait) = (Arc::new(Key::es384()), Hostile::start().await);
    let jwks = format!("{}/jwks", bait.issuer());
    let certificate = json!([base64url("a certificate of the stranger's key")]);
    for (name, value) in
        [("jwk", stranger.jwk()), ("jku", json!(jwks)), ("x5u", json!(jwks)), ("x5c", certificate)]
    {
        for forgery in [Forgery::By(stranger.clone()), Forgery::InTheNameOf(stranger.clone())] {
            let forged = [Deviation::Forged(forgery), header(name, value.clone())];
            assert_refused(&op, &browser, &forged).await;
        }
    }
    assert_eq!(bait.count("jwks"), 0);
}

/// T5: extensions that must be understood.
#[rocket::async_test]
async fn a_critical_extension_is_refused() {
    let crit = [json!(["x-unknown"]), json!(["exp"]), json!(["b64"]), json!([]), json!(null)];
    assert_all_refused(crit.map(|names| header("crit", names))).await;
}

/// T8: without `kid` every key is tried; a stranger's is not among them.
#[rocket::async_test]
async fn a_token_without_kid_is_tried_with_the_published_keys() {
    let (op, browser) = open().await;
    let without = || Deviation::Header(Alter::without("kid"));
    assert_eq!(status(&op, &browser, &[without()]).await, Status::Ok);
    let forged = Deviation::Forged(Forgery::InTheNameOf(Arc::new(Key::es384())));
    assert_refused(&op, &browser, &[forged, without()]).await;
}

/// T9: keys with another purpose verify nothing.
#[rocket::async_test]
async fn a_key_that_is_not_for_signing_is_not_used() {
    for (name, value) in [("use", "enc"), ("alg", "ES256"), ("crv", "P-256"), ("kty", "oct")] {
        let (op, browser) = open().await;
        op.deviate(Deviation::Jwks(Alter::by(format!("{name} {value}"), move |set| {
            set["keys"][0][name] = value.into();
        })));
        assert_refused(&op, &browser, &[]).await;
    }
}

/// T10, T11: the issuer and the audience are compared character by character.
#[rocket::async_test]
async fn another_issuer_or_audience_is_refused() {
    assert_all_refused([
        Deviation::Claims(Alter::append("iss", "1")),
        Deviation::Claims(Alter::append("iss", "/")),
        Deviation::Claims(Alter::without("iss")),
        claim("iss", json!(null)),
        claim("iss", ""),
        claim("iss", json!(["https://foo.logto.app/oidc"])),
    ])
    .await;
    let changes: [fn(&str) -> String; 5] = [
        str::to_uppercase,
        |iss| iss.replacen("http:", "https:", 1),
        |iss| iss.replacen("http:", "HTTP:", 1),
        |iss| iss.replacen("127.0.0.1", "localhost", 1),
        |iss| format!("{iss} "),
    ];
    assert_all_refused(changes.into_iter().enumerate().map(|(number, change)| {
        Deviation::Claims(Alter::by(format!("iss, change {number}"), move |claims| {
            claims["iss"] = change(claims["iss"].as_str().unwrap()).into();
        }))
    }))
    .await;
    let audiences = [
        json!("HTTPS://api.example.com"),
        json!("https://api.example.com/"),
        json!("https://api.example.com1"),
        json!("https://api.example.com https://b.example.com"),
        json!("hostile-app"),
        json!([]),
        json!([[API]]),
        json!([API, 7]),
        json!({"https://api.example.com": true}),
        json!(7),
        json!(null),
        json!(""),
    ];
    assert_all_refused(audiences.map(|aud| claim("aud", aud))).await;
    assert_all_refused([Deviation::Claims(Alter::without("aud"))]).await;
}

/// T12, T13, T14: times that are past, in the future, or not times.
#[rocket::async_test]
async fn a_token_outside_its_lifetime_is_refused() {
    let none = [
        json!(-1e300),
        json!(i64::MIN),
        json!(from_now(0).to_string()),
        json!(null),
        json!([from_now(0)]),
        json!(true),
    ];
    let never = [json!(1e300), json!(1_u64 << 63), json!(u64::MAX)];
    let past = [json!(from_now(-62)), json!(from_now(-300)), json!(0), json!(-1)];
    let to_come = [json!(from_now(90)), json!(from_now(86_400))];
    let exp = past.iter().chain(&never).chain(&none).map(|exp| claim("exp", exp.clone()));
    assert_all_refused(exp).await;
    // The distant past is a time too, at which a token can become valid.
    let begins = to_come.iter().chain(&never).chain(&none[2..]);
    assert_all_refused(begins.clone().map(|iat| claim("iat", iat.clone()))).await;
    assert_all_refused(begins.map(|nbf| claim("nbf", nbf.clone()))).await;
    assert_all_refused(["exp", "iat"].map(|name| Deviation::Claims(Alter::without(name)))).await;
}

/// T17: a token without a user.
#[rocket::async_test]
async fn a_token_without_a_proper_subject_is_refused() {
    let subjects =
        [json!(""), json!("x".repeat(256)), json!(7), json!(null), json!(["u-alice"]), json!({})];
    assert_all_refused(subjects.map(|sub| claim("sub", sub))).await;
    assert_all_refused([Deviation::Claims(Alter::without("sub"))]).await;
}

/// T18, H14: tokens that are too large or too deep.
#[rocket::async_test]
async fn an_enormous_token_is_refused() {
    assert_all_refused([
        Deviation::Token(|token| token.to_owned() + &"A".repeat(1_000_000)),
        Deviation::Token(|token| "A".repeat(1_000_000) + token),
        Deviation::Token(|_| ".".repeat(1_000_000)),
        Deviation::Token(|token| with_depth(token, 200)),
        Deviation::Token(|token| with_depth(token, 100_000)),
        claim("deep", (0..200).fold(json!(1), |inner, _| json!([inner]))),
        claim("long", "x".repeat(16 * 1024)),
    ])
    .await;
}

/// The token with lists in lists in place of its claims.
fn with_depth(token: &str, depth: usize) -> String {
    let claims = format!("{{\"deep\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let parts: Vec<_> = token.split('.').collect();
    format!("{}.{}.{}", parts[0], base64url(claims), parts[2])
}

/// T22: what Logto signs for other purposes, with the right audience or a wrong one.
#[rocket::async_test]
async fn other_tokens_of_logto_are_not_access_tokens() {
    assert_all_refused([
        Deviation::Header(Alter::without("typ")),
        header("typ", "JWT"),
        header("typ", "logout+jwt"),
        header("typ", "secevent+jwt"),
        header("typ", "at+jwt2"),
        header("typ", " at+jwt"),
        header("typ", "text/at+jwt"),
        header("typ", json!(null)),
        header("typ", json!(["at+jwt"])),
    ])
    .await;
    let (op, browser) = open().await;
    for token in [op.logout_token("u-alice", None), op.logout_token("u-alice", Some("sid"))] {
        assert_eq!(present(&browser, "/items", &token).await.status, Status::Unauthorized);
    }
}

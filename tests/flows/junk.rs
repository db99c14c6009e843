//! Junk at a route that takes access tokens: a lot of it, of every kind, and tokens that the test
//! kit makes.

#![allow(clippy::needless_pass_by_value, reason = "handlers take guards by value")]

use std::sync::Arc;

use logto_rocket::testing::{TestClient as _, TestRequest as _, TestToken, TestUser};
use logto_tests::{Alter, Browser, Deviation, Forgery, Hostile, Key, base64url, compact, random};
use rocket::http::{Header, Status};
use serde_json::{Value, json};

use crate::bearer::{API, api, challenge, open, present};

/// As many of each kind as add up to ten thousand.
const ROUNDS: usize = 400;

/// A token with this header and number, and a made-up signature.
fn unsigned(header: &Value, number: usize) -> String {
    compact(header, &json!({"sub": "u-alice", "jti": number}), |_| vec![7; 96])
}

/// Tokens whose form alone gives them away.
fn malformed(op: &Hostile, number: usize) -> Vec<String> {
    let kid = op.key().kid().to_owned();
    let header = |name: &str, value: Value| {
        let mut header = json!({"alg": "ES384", "kid": kid, "typ": "at+jwt"});
        header[name] = value;
        header
    };
    let with = |name: &str, value: Value| unsigned(&header(name, value), number);
    let twice = |member: &str| {
        let header = format!(r#"{{{member},"alg":"ES384","kid":"{kid}","typ":"at+jwt"}}"#);
        format!("{}.{}.{}", base64url(header), base64url("{}"), base64url(number.to_string()))
    };
    let encrypted = base64url(r#"{"alg":"RSA-OAEP","enc":"A256GCM","typ":"at+jwt"}"#);
    let right = unsigned(&header("number", number.into()), number);
    let access = |forgery| op.wrong_access_token(API, "", &[Deviation::Forged(forgery)]);
    let mut junk = vec![
        random(),
        format!("{number}.{number}"),
        format!("{right}.{number}"),
        format!("{right}.{number}.{number}"),
        format!("{encrypted}.{number}.{number}.{number}.{number}"),
        format!("A{right}"),
        format!("{right}="),
        with("typ", json!("JWT")),
        with("typ", json!(null)),
        with("typ", json!(["at+jwt"])),
        with("alg", json!("none")),
        with("alg", json!("dir")),
        with("alg", json!(null)),
        with("kid", json!(number)),
        with("crit", json!(["exp"])),
        with("crit", json!([])),
        twice(r#""alg":"none""#),
        twice(r#""typ":"JWT""#),
        twice(r#""kid":"another""#),
        access(Forgery::Unsigned("none")),
        access(Forgery::HmacWithPem),
        access(Forgery::HmacWithJwk),
        op.logout_token("u-alice", None),
        id_token(op, number),
    ];
    // Megabytes, which take their time in a test build.
    if number.is_multiple_of(40) {
        junk.push(format!("{number}{}", "A".repeat(1024 * 1024)));
        junk.push(format!("{right}{}", "A".repeat(1024 * 1024)));
        junk.push(format!("{number}{}", ".".repeat(1024 * 1024)));
    }
    junk
}

/// An ID token whose audience is the resource: its only fault is being one.
fn id_token(op: &Hostile, number: usize) -> String {
    let key = op.key();
    let claims = json!({
        "iss": op.issuer(), "sub": "u-alice", "aud": API, "scope": "read:items",
        "iat": 1, "exp": 9_999_999_999_u64, "nonce": number,
    });
    compact(&json!({"alg": key.alg(), "kid": key.kid()}), &claims, |input| key.sign(input))
}

/// Tokens that only the signature, or who made it, tells from good ones.
fn forged(op: &Hostile, stranger: &Arc<Key>, number: usize) -> Vec<String> {
    let header = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid, "typ": "at+jwt"});
    let (kid, other) = (op.key().kid().to_owned(), number.to_string());
    let by = |forgery| op.wrong_access_token(API, "read:items", &[Deviation::Forged(forgery)]);
    vec![
        unsigned(&header("ES384", &other), number),
        unsigned(&header("RS256", &other), number),
        unsigned(&header("ES256", &kid), number),
        unsigned(&header("ES384", &kid), number),
        by(Forgery::By(Arc::clone(stranger))),
        by(Forgery::InTheNameOf(Arc::clone(stranger))),
    ]
}

async fn assert_refused(browser: &Browser, token: &str) {
    let answer = present(browser, "/items", token).await;
    let got = (answer.status, challenge(&answer));
    assert_eq!(got, (Status::Unauthorized, "Bearer error=\"invalid_token\""), "{token:.200}");
}

/// W20, T6, T18: what its form rules out costs no key and so no signature; the rest costs one look
/// at the keys within the minute. Meanwhile good tokens work, and sign-ins have looks of their
/// own.
#[rocket::async_test]
async fn ten_thousand_junk_tokens_cost_one_look_at_the_keys() {
    let (op, browser) = open().await;
    let mut sent = 0;
    for number in 0..ROUNDS {
        for junk in malformed(&op, number) {
            assert_refused(&browser, &junk).await;
            sent += 1;
        }
    }
    assert_eq!((op.count("discovery"), op.count("jwks")), (0, 0), "there is no key to try");
    assert!(sent >= 9_000, "{sent}");

    let (good, stranger) = (op.access_token(API, "read:items"), Arc::new(Key::es384()));
    for number in 0..ROUNDS / 2 {
        for junk in forged(&op, &stranger, number) {
            assert_refused(&browser, &junk).await;
            sent += 1;
        }
        assert_eq!(present(&browser, "/items", &good).await.status, Status::Ok);
        let another = op.access_token(API, "read:items");
        assert_eq!(present(&browser, "/items", &another).await.status, Status::Ok);
    }
    assert!(sent >= 10_000, "{sent}");
    assert_eq!(op.count("jwks"), 2, "the first one, and one for what names no key of it");
    op.rotate();
    browser.sign_in(&op, "/sign-in?return_to=/page").await;
    assert_eq!(op.count("jwks"), 3);
    let new = op.access_token(API, "read:items");
    assert_eq!(present(&browser, "/items", &new).await.status, Status::Ok, "everybody's keys");
}

/// W3, T3, T5, T18: a token within a token is refused, even if the outer one is Logto's.
#[rocket::async_test]
async fn a_token_within_a_token_is_refused() {
    let (op, browser) = open().await;
    let (key, inner) = (op.key(), op.access_token(API, "read:items"));
    assert_eq!(present(&browser, "/items", &inner).await.status, Status::Ok);
    let header = json!({"alg": key.alg(), "kid": key.kid(), "typ": "at+jwt", "cty": "JWT"});
    let input = format!("{}.{}", base64url(header.to_string()), base64url(&inner));
    let nested = format!("{input}.{}", base64url(key.sign(input.as_bytes())));
    assert_refused(&browser, &nested).await;
    assert_refused(&browser, &compact(&header, &json!(inner), |input| key.sign(input))).await;
}

/// W19: what a test presents is good for its request, and never when it comes over a network.
#[rocket::async_test]
async fn a_token_of_the_test_kit_is_good_for_its_request_only() {
    let op = Hostile::start().await;
    let browser = Browser::open(api(op.figment())).await;
    let client = browser.client();
    let token = TestToken::for_resource(API).scope("read:items");
    let header = |value: String| Header::new("Authorization", value);
    for _ in 0..2 {
        let answer = client.get("/items").bearer(token.clone()).dispatch().await;
        assert_eq!(answer.status(), Status::Ok);
        assert_eq!(client.get("/items").dispatch().await.status(), Status::Unauthorized);
        for text in ["test", "test-user", "test-client"] {
            let bearer = header(format!("Bearer {text}"));
            let answer = client.get("/items").header(bearer).dispatch().await;
            assert_eq!(answer.status(), Status::Unauthorized, "{text}");
        }
    }
    assert_eq!((op.count("discovery"), op.count("jwks")), (0, 0));
}

/// W19: nobody signs the access tokens that a test's users get, so they are good nowhere, not
/// even where the test made them.
#[rocket::async_test]
async fn a_test_users_token_is_not_a_bearer_token() {
    let op = Hostile::start().await;
    let logto = Browser::open(api(op.figment())).await;
    let client = rocket::local::asynchronous::Client::tracked(
        api(op.figment()).mount("/", rocket::routes![shown]),
    );
    let client = client.await.unwrap();
    client.sign_in_as(TestUser::new("alice").access_token(API, ["read:items"])).await;
    let token = client.get("/shown").dispatch().await.into_string().await.unwrap();
    assert_eq!(token.split('.').count(), 3, "{token}");
    assert_refused(&logto, &token).await;
    client.sign_out().await;
    let bearer = Header::new("Authorization", format!("Bearer {token}"));
    let answer = client.get("/items").header(bearer).dispatch().await;
    assert_eq!(answer.status(), Status::Unauthorized);
    assert_eq!((op.count("discovery"), op.count("jwks")), (0, 0));
}

#[logto_rocket::authenticated(resource = "https://api.example.com")]
#[rocket::get("/shown")]
fn shown(token: logto_rocket::AccessToken) -> String {
    token.secret().to_owned()
}

/// T7, W10: a rotation is found with one look, even one just before the token was signed.
#[rocket::async_test]
async fn a_token_of_a_new_key_costs_one_look() {
    let (op, browser) = open().await;
    for looks in [1, 2, 3] {
        let token = op.access_token(API, "read:items");
        assert_eq!(present(&browser, "/items", &token).await.status, Status::Ok);
        assert_eq!(op.count("jwks"), looks);
        op.rotate();
    }
    let without_kid = Deviation::Header(Alter::without("kid"));
    let token = op.wrong_access_token(API, "read:items", &[without_kid]);
    assert_eq!(present(&browser, "/items", &token).await.status, Status::Ok, "T8: the only key");
}

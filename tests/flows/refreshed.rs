//! ID tokens that come with a refresh: which ones end the session, and which ones only cannot be
//! verified for now.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use logto_rocket::{Error, LogtoClient};
use logto_tests::{Alter, Browser, Deviation, Fault, Forgery, Hostile, Key, app, claims_of};
use rocket::http::Status;
use rocket::{get, routes};
use serde_json::json;

#[get("/id-token")]
async fn id_token(logto: LogtoClient<'_>) -> Result<Option<String>, Error> {
    Ok(logto.id_token().await?.map(|token| token.to_string()))
}

/// A user whose every request for user info causes a refresh with a new refresh token.
async fn signed_in() -> (Hostile, Browser) {
    let op = Hostile::start().await;
    op.deviate(Deviation::RotateRefreshTokens);
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    op.deviate(Deviation::AtHash);
    let browser = Browser::open(app(op.figment()).mount("/", routes![id_token])).await;
    browser.sign_in(&op, "/protected").await;
    (op, browser)
}

fn from_now(seconds: u64) -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds
}

fn claim(name: &'static str, value: impl Into<serde_json::Value>) -> Deviation {
    Deviation::RefreshedClaims(Alter::set(name, value))
}

fn header(name: &'static str, value: &str) -> Deviation {
    Deviation::Header(Alter::set(name, value))
}

/// Why a good token cannot be verified for now.
#[derive(Clone, Copy, Debug)]
enum Reason {
    /// This machine's clock is behind.
    Iat,
    Nbf,
    /// Another Logto server signs with a key that this one does not publish yet.
    NotPublished,
    UnknownKid,
    /// The keys were rotated, and the new ones cannot be fetched.
    KeysDown,
    KeysBroken,
}

const REASONS: [Reason; 6] = [
    Reason::Iat,
    Reason::Nbf,
    Reason::NotPublished,
    Reason::UnknownKid,
    Reason::KeysDown,
    Reason::KeysBroken,
];

impl Reason {
    fn hold(self, op: &Hostile) {
        op.deviate(match self {
            Self::Iat => claim("iat", from_now(600)),
            Self::Nbf => claim("nbf", from_now(600)),
            Self::NotPublished => Deviation::Forged(Forgery::By(Arc::new(Key::es384()))),
            Self::UnknownKid => header("kid", "unknown"),
            Self::KeysDown | Self::KeysBroken => {
                op.rotate();
                let down = matches!(self, Self::KeysDown);
                let fault = if down { Fault::Busy(503, 1) } else { Fault::Html(200) };
                Deviation::Answer("jwks", fault)
            }
        });
    }
}

/// T23, T20: the rotated refresh token is saved, the session continues, and nothing in the ID token
/// is believed or passed to the application.
#[rocket::async_test]
async fn a_refreshed_token_that_cannot_be_verified_for_now_keeps_the_session_and_its_claims() {
    for reason in REASONS {
        let (op, browser) = signed_in().await;
        op.deviate(claim("name", "Mallory"));
        reason.hold(&op);
        for _ in 0..2 {
            let answer = browser.fetch("/api/userinfo").await;
            assert_eq!(answer.status, Status::Ok, "{reason:?}: {answer:?}");
        }
        assert_eq!(op.count("token"), 3, "{reason:?}");
        assert_eq!(browser.visit("/protected").await.json()["name"], "Alice Lidell", "{reason:?}");
        let kept = browser.visit("/id-token").await.body;
        assert_eq!(claims_of(&kept)["name"], "Alice Lidell", "{reason:?}");
        op.behave();
        // Another process, which has only the cookie.
        let other = Browser::open(app(op.figment())).await;
        other.restore(browser.cookies());
        let answer = other.fetch("/api/userinfo").await;
        assert_eq!((answer.status, op.count("token")), (Status::Ok, 4), "{reason:?}: {answer:?}");
    }
}

/// The session is over, and the access token that came along was not used.
async fn assert_ended(op: &Hostile, browser: &Browser, what: &str) {
    let answer = browser.fetch("/api/userinfo").await;
    assert_eq!(answer.status, Status::Unauthorized, "{what}: {answer:?}");
    assert_eq!((op.count("token"), op.count("me")), (2, 0), "{what}");
    assert!(browser.session_cookies().is_empty(), "{what}");
    op.behave();
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!", "{what}");
}

/// T23, T20: whose it is, and when it expires, is read whether or not it can be verified.
#[rocket::async_test]
async fn a_refreshed_token_of_somebody_else_ends_the_session_even_if_it_cannot_be_verified() {
    let claims = || {
        [
            Alter::append("iss", "1"),
            Alter::append("sub", "1"),
            Alter::without("sub"),
            Alter::append("aud", "1"),
            Alter::set("azp", "another-app"),
            Alter::append("nonce", "1"),
            Alter::set("auth_time", 5),
            Alter::set("at_hash", "another"),
            Alter::set("exp", from_now(0) - 600),
            Alter::without("iat"),
            Alter::set("nbf", json!("soon")),
        ]
    };
    for reason in [None].into_iter().chain(REASONS.map(Some)) {
        for change in claims() {
            let (op, browser) = signed_in().await;
            let what = format!("{change:?}, {reason:?}");
            if let Some(reason) = reason {
                reason.hold(&op);
            }
            op.deviate(Deviation::RefreshedClaims(change));
            assert_ended(&op, &browser, &what).await;
        }
    }
}

/// T23, T20: a wrong signature and an algorithm that was not agreed do not get to wait either.
#[rocket::async_test]
async fn a_refreshed_token_that_is_signed_wrongly_ends_the_session() {
    let stranger = Arc::new(Key::es384());
    let rsa = || Key::rs256().named("rsa");
    for deviation in [
        Deviation::Forged(Forgery::Flipped),
        Deviation::Forged(Forgery::InTheNameOf(stranger)),
        Deviation::Forged(Forgery::Unsigned("none")),
        Deviation::Forged(Forgery::HmacWithSecret),
        Deviation::Forged(Forgery::By(Arc::new(rsa()))),
        header("alg", "ES256"),
        header("alg", "RS256"),
        header("alg", "ES999"),
        Deviation::Header(Alter::set("crit", json!(["exp"]))),
        header("typ", "at+jwt"),
        Deviation::Token(|token| format!("{token}.")),
    ] {
        for late in [false, true] {
            let (op, browser) = signed_in().await;
            op.publish(rsa());
            if late {
                Reason::Iat.hold(&op);
            }
            let what = format!("{deviation:?}, {late}");
            op.deviate(deviation.clone());
            assert_ended(&op, &browser, &what).await;
        }
    }
}

/// T23: even without a key: no key could make these right.
#[rocket::async_test]
async fn a_refreshed_token_without_a_signature_ends_the_session_while_the_keys_are_down() {
    for forgery in [Forgery::Unsigned("none"), Forgery::HmacWithSecret, Forgery::HmacWithJwk] {
        let (op, browser) = signed_in().await;
        Reason::KeysDown.hold(&op);
        let what = format!("{forgery:?}");
        op.deviate(Deviation::Forged(forgery));
        assert_ended(&op, &browser, &what).await;
    }
}

//! Discovery is believed within bounds, and what is known still serves while Logto is down.

use std::time::{Duration, Instant};

use logto_tests::{Alter, Browser, Deviation, Fault, Forgery, Hostile, app};
use rocket::http::Status;
use rocket::tokio::time::sleep;
use serde_json::json;

/// RP-openid-config: every call goes where the metadata say.
#[rocket::async_test]
async fn every_endpoint_is_the_one_of_the_metadata() {
    let (op, other) = (Hostile::start().await, Hostile::start().await);
    let elsewhere = [
        ("token_endpoint", format!("{}/token", other.issuer())),
        ("userinfo_endpoint", format!("{}/me", other.issuer())),
        ("revocation_endpoint", format!("{}/token/revocation", other.issuer())),
        ("authorization_endpoint", "https://login.example/begin".to_owned()),
        ("end_session_endpoint", "https://login.example/end".to_owned()),
    ];
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let signed_in = browser.cookies();

    for (name, url) in elsewhere {
        op.deviate(Deviation::Discovery(Alter::set(name, url)));
    }
    let browser = Browser::open(app(op.figment())).await;
    let location = browser.start("/protected").await;
    assert!(location.starts_with("https://login.example/begin?"), "{location}");
    let before = op.count("token");
    let answer = browser.visit(&op.authorize(&location)).await;
    assert_eq!((answer.status, other.count("token")), (Status::Unauthorized, 1), "{answer:?}");
    browser.restore(signed_in.clone());
    browser.fetch("/api/userinfo").await;
    assert_eq!((op.count("me"), other.count("me")), (0, 1));
    browser.restore(signed_in);
    let out = Browser::open(app(op.figment())).await;
    out.restore(browser.cookies());
    let answer = out.visit("/sign-out").await;
    assert!(answer.location().starts_with("https://login.example/end?"), "{answer:?}");
    sleep(Duration::from_millis(100)).await;
    assert_eq!((op.count("revocation"), other.count("revocation")), (0, 1));
    assert_eq!(op.count("token"), before);
}

/// RP-jwks-uri-keys: keys come from `jwks_uri`, wherever it is, and from nowhere else.
#[rocket::async_test]
async fn the_keys_are_those_of_the_metadata() {
    let (op, other) = (Hostile::start().await, Hostile::start().await);
    let jwks_uri = format!("{}/jwks", other.issuer());
    op.deviate(Deviation::Discovery(Alter::set("jwks_uri", jwks_uri)));
    op.deviate(Deviation::Forged(Forgery::By(other.key())));
    let browser = Browser::open(app(op.figment())).await;
    assert_eq!(browser.sign_in(&op, "/protected").await.status, Status::Ok);
    assert_eq!((op.count("jwks"), other.count("jwks")), (0, 1));
}

/// A26: whatever is wrong with the provider, nobody gets in.
#[rocket::async_test]
async fn a_broken_provider_opens_no_door() {
    let faults = [
        Fault::Html(200),
        Fault::Html(500),
        Fault::Json(200, json!({})),
        Fault::Json(200, json!(null)),
        Fault::Json(200, json!({"error": "server_error"})),
        Fault::Text(200, "application/json", "{".to_owned()),
        Fault::ContentType("text/html"),
    ];
    for endpoint in ["discovery", "jwks", "token"] {
        for fault in &faults {
            let op = Hostile::start().await;
            op.deviate(Deviation::Answer(endpoint, fault.clone()));
            let browser = Browser::open(app(op.figment())).await;
            let answer = match endpoint {
                "discovery" => browser.visit("/sign-in").await,
                _ => browser.come_back(&op).await,
            };
            assert!(answer.status.code >= 500, "{endpoint} {fault:?}: {answer:?}");
            assert!(browser.session_cookies().is_empty(), "{endpoint} {fault:?}");
            assert_eq!(browser.fetch("/api/me").await.status, Status::Unauthorized);
            let stranger = browser.visit("/protected").await;
            assert_eq!((stranger.status, stranger.body.as_str()), (Status::SeeOther, ""));
        }
    }
}

/// H2: no endpoint's redirect is followed, not even to this machine's own network.
#[rocket::async_test]
async fn redirects_of_other_endpoints_are_not_followed_either() {
    for (endpoint, path, status) in [
        ("discovery", "/.well-known/openid-configuration", 302),
        ("jwks", "/jwks", 302),
        ("jwks", "/jwks", 308),
        ("me", "/me", 302),
        ("me", "/me", 307),
    ] {
        let (op, other) = (Hostile::start().await, Hostile::start().await);
        let browser = Browser::open(app(op.figment())).await;
        let elsewhere = format!("{}{path}", other.issuer());
        op.deviate(Deviation::Answer(endpoint, Fault::Redirect(status, elsewhere)));
        let answer = match endpoint {
            "discovery" => browser.visit("/sign-in").await,
            "jwks" => browser.come_back(&op).await,
            _ => {
                browser.sign_in(&op, "/protected").await;
                browser.fetch("/api/userinfo").await
            }
        };
        assert_eq!(answer.status, Status::BadGateway, "{endpoint}: {answer:?}");
        assert_eq!((op.count(endpoint), other.count(endpoint)), (1, 0), "{endpoint}");
    }
}

/// H4: nor with the secret, when tokens are revoked.
#[rocket::async_test]
async fn a_redirect_of_the_revocation_is_not_followed() {
    let (op, other) = (Hostile::start().await, Hostile::start().await);
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let elsewhere = format!("{}/token/revocation", other.issuer());
    op.deviate(Deviation::Answer("revocation", Fault::Redirect(307, elsewhere)));
    assert_eq!(browser.visit("/sign-out").await.status, Status::SeeOther);
    while op.count("revocation") == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    sleep(Duration::from_millis(50)).await;
    assert_eq!((op.count("revocation"), other.count("revocation")), (1, 0));
}

/// H5: the right JSON behind a byte order mark, or as something other than JSON.
#[rocket::async_test]
async fn an_answer_that_is_not_plain_json_is_refused() {
    for endpoint in ["discovery", "jwks", "token", "me"] {
        for fault in [Fault::ByteOrderMark, Fault::ContentType("text/html")] {
            let op = Hostile::start().await;
            let browser = Browser::open(app(op.figment())).await;
            op.deviate(Deviation::Answer(endpoint, fault.clone()));
            let answer = match endpoint {
                "discovery" => browser.visit("/sign-in").await,
                "me" => {
                    browser.sign_in(&op, "/protected").await;
                    browser.fetch("/api/userinfo").await
                }
                _ => browser.come_back(&op).await,
            };
            assert_eq!(answer.status, Status::BadGateway, "{endpoint} {fault:?}: {answer:?}");
        }
    }
}

/// REL-5: known keys work on without their endpoint.
#[rocket::async_test]
async fn known_keys_still_work_while_their_endpoint_is_down() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    for fault in [Fault::Html(500), Fault::Silence] {
        op.behave();
        op.deviate(Deviation::Answer("jwks", fault));
        browser.forget();
        assert_eq!(browser.sign_in(&op, "/protected").await.status, Status::Ok);
    }
    assert_eq!(op.count("jwks"), 1);
}

/// REL-5: an unknown key then fails fast.
#[rocket::async_test]
async fn an_unknown_key_fails_fast_while_the_keys_are_down() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    op.rotate();
    op.deviate(Deviation::Answer("jwks", Fault::Busy(503, 30)));
    for _ in 0..5 {
        browser.forget();
        let started = Instant::now();
        let answer = browser.come_back(&op).await;
        assert_eq!(answer.status, Status::ServiceUnavailable, "{answer:?}");
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
    assert!(op.count("jwks") <= 3, "{} requests", op.count("jwks"));
    op.behave();
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(browser.sign_in(&op, "/protected").await.status, Status::Ok);
}

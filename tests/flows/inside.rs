//! Logto has one address for browsers and another for the application, as in Docker.

use logto_tests::{Alter, Browser, Deviation, Hostile, app};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::tokio::time::{Duration, sleep};

const PUBLIC: &str = "https://auth.example.com";

/// Where the metadata say an endpoint is, and where it really is.
fn renamed(from: &'static str, to: String) -> Alter {
    Alter::by(format!("{from} is {to}"), move |metadata| {
        for (name, value) in metadata.as_object_mut().expect("metadata") {
            let text = value.as_str().unwrap_or_default();
            if name != "issuer" && text.starts_with(from) {
                *value = text.replacen(from, &to, 1).into();
            }
        }
    })
}

/// A provider whose public address is unreachable from here, and its application.
async fn behind_a_proxy() -> (Hostile, Figment) {
    let op = Hostile::start().await;
    let internal = op.endpoint();
    op.rename(PUBLIC);
    let figment = op.figment().merge(("logto.internal_endpoint", internal));
    (op, figment)
}

/// H20: through sign-in, user info, refresh, sign-out and the back channel.
#[rocket::async_test]
async fn a_user_signs_in_and_out_where_logto_has_two_addresses() {
    for asked_at in [false, true] {
        let (op, figment) = behind_a_proxy().await;
        if asked_at {
            let internal = op.address();
            op.deviate(Deviation::Discovery(renamed(PUBLIC, internal)));
        }
        op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
        let browser = Browser::open(app(figment)).await;
        let location = browser.start("/protected").await;
        assert!(location.starts_with("https://auth.example.com/oidc/auth?"), "{location}");
        let page = browser.visit(&op.authorize(&location)).await;
        assert_eq!(page.status, Status::SeeOther, "{page:?}");
        assert_eq!(browser.visit("/protected").await.status, Status::Ok);
        assert_eq!(browser.fetch("/api/me").await.json()["iss"], "https://auth.example.com/oidc");
        assert_eq!(browser.fetch("/api/userinfo").await.status, Status::Ok);
        let answer = browser.visit("/sign-out").await;
        let end = "https://auth.example.com/oidc/session/end?";
        assert!(answer.location().starts_with(end), "{answer:?}");
        assert!(op.count("token") >= 2 && op.count("me") == 1);
        // It is revoked after the answer.
        while op.count("revocation") == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    }
}

/// H20: the issuer of a logout token is the public one.
#[rocket::async_test]
async fn logout_tokens_are_of_the_public_issuer() {
    let (op, figment) = behind_a_proxy().await;
    let browser = Browser::open(app(figment)).await;
    browser.sign_in(&op, "/protected").await;
    let answer = browser.post_logout(&op.logout_token("u-alice", None)).await;
    assert_eq!(answer.status, Status::Ok, "{answer:?}");
    assert_eq!(browser.fetch("/api/me").await.status, Status::Unauthorized);
}

/// H20: nothing is sent to another host, whatever the metadata say.
#[rocket::async_test]
async fn an_endpoint_elsewhere_begins_nothing() {
    for elsewhere in
        ["https://evil.example", "http://169.254.169.254", "https://auth.example.com.evil"]
    {
        let (op, figment) = behind_a_proxy().await;
        op.deviate(Deviation::Discovery(Alter::set(
            "token_endpoint",
            format!("{elsewhere}/oidc/token"),
        )));
        let browser = Browser::open(app(figment)).await;
        let answer = browser.visit("/sign-in").await;
        assert_eq!((answer.status, answer.cookies.len()), (Status::BadGateway, 0), "{elsewhere}");
    }
}

/// H20: nor is the internal address an issuer.
#[rocket::async_test]
async fn metadata_of_the_internal_address_are_refused() {
    let (op, figment) = behind_a_proxy().await;
    op.rename(&op.address());
    let browser = Browser::open(app(figment.merge(("logto.endpoint", PUBLIC)))).await;
    assert_eq!(browser.visit("/sign-in").await.status, Status::BadGateway);
}

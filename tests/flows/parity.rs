//! What Logto's Python SDK gets wrong, and what is easy to get wrong: here it is right.

use std::time::Duration;

use logto_dev::Provider;
use logto_rocket::{Audience, Error, Logto, LogtoClient};
use logto_tests::{Alter, Browser, Deviation, Fault, Hostile, app};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::tokio::time::{Instant, sleep};
use rocket::{Build, Rocket, get, routes};
use serde_json::json;

const ACME: &str = "8wz3nrme4n02";

#[get("/scopes?<organization>")]
async fn scopes(organization: Option<&str>, logto: LogtoClient<'_>) -> Result<String, Error> {
    let audience = organization.map_or_else(Audience::logto, Audience::organization);
    let token = logto.access_token(audience).await?;
    let scopes = |token: logto_rocket::AccessToken| token.scopes().collect::<Vec<_>>().join(" ");
    Ok(token.map_or_else(|| "stranger".into(), |token| format!("[{}]", scopes(token))))
}

fn with_scopes(figment: Figment) -> Rocket<Build> {
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![scopes])
}

/// Python sends `client_secret=None`.
#[rocket::async_test]
async fn an_application_without_a_secret_sends_its_id_and_no_secret() {
    let op = Hostile::start().await;
    let figment = Figment::from(rocket::Config::debug_default())
        .merge(("log_level", "off"))
        .merge(("logto.endpoint", op.endpoint()))
        .merge(("logto.app_id", "public"))
        .merge(("logto.base_url", "http://localhost:8000"));
    let browser = Browser::open(app(figment)).await;
    browser.come_back(&op).await;
    let request = &op.requests("token")[0];
    assert_eq!(request.field("client_id"), Some("public"));
    assert_eq!(request.field("client_secret"), None);
    assert!(!request.headers.contains_key("authorization"));
}

/// A hanging fetch of keys holds up the sign-in that needs it, and no other request.
#[rocket::async_test]
async fn slow_keys_hold_up_nobody_else() {
    let op = Hostile::start().await;
    op.deviate(Deviation::Answer("jwks", Fault::Silence));
    let browser = Browser::open(app(op.figment())).await;
    let callback = op.authorize(&browser.start("/protected").await);
    let start = Instant::now();
    let (_, elapsed) = rocket::futures::future::join(browser.visit(&callback), async {
        sleep(Duration::from_millis(50)).await;
        for _ in 0..20 {
            assert_eq!(browser.visit("/").await.status, Status::Ok);
        }
        start.elapsed()
    })
    .await;
    assert!(elapsed < Duration::from_secs(2), "{elapsed:?}");
}

/// No scope in an answer means that no scope is granted (T21).
#[rocket::async_test]
async fn a_token_without_scopes_grants_none() {
    for change in [Alter::set("scope", ""), Alter::without("scope")] {
        let op = Hostile::start().await;
        op.deviate(Deviation::Tokens(change));
        let browser = Browser::open(with_scopes(op.figment())).await;
        browser.sign_in(&op, "/sign-in?return_to=/scopes").await;
        assert_eq!(browser.fetch("/scopes").await.body, "[]");
    }
}

/// Logto answers 400, not 401, if a token has outlived its user.
#[rocket::async_test]
async fn user_info_that_answers_invalid_grant_ends_the_session() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let body = json!({"code": "oidc.invalid_grant", "error": "invalid_grant"});
    op.deviate(Deviation::Answer("me", Fault::Json(400, body)));
    assert_eq!(browser.fetch("/api/userinfo").await.status, Status::Unauthorized);
    assert!(browser.session_cookies().is_empty());
}

#[rocket::async_test]
async fn organization_permissions_must_be_asked_for_at_sign_in() {
    let organizations = "urn:logto:scope:organizations";
    let cases = [
        (vec![organizations], "[]"),
        (vec![organizations, "read:data"], "[read:data]"),
        (vec![organizations, "read:data", "write:data"], "[write:data read:data]"),
    ];
    for (asked, granted) in cases {
        let provider = Provider::start().await;
        let figment = provider.figment().merge(("logto.scopes", &asked));
        let browser = Browser::open(with_scopes(figment)).await;
        browser.sign_in(&provider, "/sign-in?return_to=/scopes").await;
        let answer = browser.fetch(&format!("/scopes?organization={ACME}")).await;
        assert_eq!(answer.body, granted, "{asked:?}");
    }
}

#[rocket::async_test]
async fn a_wrong_id_and_a_wrong_secret_are_refused_in_words() {
    for (status, code) in [(400, "invalid_client"), (401, "invalid_client")] {
        let op = Hostile::start().await;
        let body = json!({"code": format!("oidc.{code}"), "error": code});
        op.deviate(Deviation::Answer("token", Fault::Json(status, body)));
        let browser = Browser::open(app(op.figment())).await;
        let answer = browser.come_back(&op).await;
        answer.assert_no_sign_in();
        assert_eq!(answer.status, Status::BadGateway);
    }
    let provider = Provider::start().await;
    let figment = provider.figment().merge(("logto.app_secret", "not the secret"));
    let browser = Browser::open(app(figment)).await;
    let answer = browser.come_back(&provider).await;
    answer.assert_no_sign_in();
    assert_eq!(answer.status, Status::BadGateway);
}

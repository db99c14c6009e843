//! Sessions that Logto has not confirmed for a while.

use std::time::Duration;

use logto_dev::Provider;
use logto_rocket::{Audience, Error, Logto, LogtoClient};
use logto_tests::{Browser, Deviation, Fault, Hostile, app};
use rocket::futures::future::join_all;
use rocket::http::Status;
use rocket::tokio::time::sleep;
use rocket::{get, routes};
use serde_json::{Value, json};

async fn signed_in(provider: &Provider, seconds: u64) -> Browser {
    let figment = provider.figment().merge(("logto.session.revalidate", seconds));
    let browser = Browser::open(app(figment)).await;
    browser.sign_in(provider, "/protected").await;
    browser
}

#[rocket::async_test]
async fn a_suspended_user_is_a_stranger_once_revalidation_is_due() {
    let provider = Provider::start().await;
    let browser = signed_in(&provider, 1).await;
    provider.suspend("alice");
    assert_eq!(browser.visit("/protected").await.status, Status::Ok, "nobody told us");
    sleep(Duration::from_millis(1_100)).await;
    let answer = browser.visit("/protected").await;
    assert_eq!(
        (answer.status, answer.location()),
        (Status::SeeOther, "/sign-in?return_to=%2Fprotected")
    );
    assert!(browser.session_cookies().is_empty());
    assert_eq!(browser.fetch("/api/me").await.status, Status::Unauthorized);
}

#[rocket::async_test]
async fn a_valid_session_is_confirmed_once_an_interval() {
    let provider = Provider::start().await;
    let browser = signed_in(&provider, 1).await;
    sleep(Duration::from_millis(1_100)).await;
    let answers = join_all((0..20).map(|_| browser.visit("/protected"))).await;
    assert!(answers.iter().all(|answer| answer.status == Status::Ok));
    assert_eq!(provider.count("token"), 2);
    // Optional sign-in asks too; signing out does not wait for it.
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(browser.visit("/sign-out").await.status, Status::SeeOther);
    assert_eq!(provider.count("token"), 2);
}

/// REL-3: an outage signs nobody out.
#[rocket::async_test]
async fn while_logto_is_down_sessions_continue() {
    let provider = Provider::start().await;
    let browser = signed_in(&provider, 1).await;
    sleep(Duration::from_millis(1_100)).await;
    provider.stop().await;
    for _ in 0..3 {
        assert_eq!(browser.visit("/protected").await.status, Status::Ok);
    }
    provider.suspend("alice");
    provider.resume().await.expect("the port is free");
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(browser.visit("/protected").await.status, Status::SeeOther);
}

#[rocket::async_test]
async fn zero_switches_revalidation_off() {
    let provider = Provider::start().await;
    let browser = signed_in(&provider, 0).await;
    provider.suspend("alice");
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(browser.visit("/protected").await.status, Status::Ok);
}

/// The answer that Logto 1.42 gives to a refresh of a user whom it denies the application.
fn denied() -> (u16, Value) {
    let captures = include_str!("../captures/logto-1.42-apis.json");
    let captures: Value = serde_json::from_str(captures).expect("captures");
    let answer = &captures["11.refresh"];
    let status = answer[0].as_u64().and_then(|status| status.try_into().ok());
    (status.expect("a status"), answer[2].clone())
}

/// A browser that is due for revalidation.
async fn due(op: &Hostile) -> Browser {
    let browser = Browser::open(app(op.figment().merge(("logto.session.revalidate", 1)))).await;
    browser.sign_in(op, "/protected").await;
    sleep(Duration::from_millis(1_100)).await;
    browser
}

/// REL-7: a user whom application-level access control refuses, whatever the status.
#[rocket::async_test]
async fn a_user_whom_logto_denies_the_application_is_a_stranger() {
    let (status, body) = denied();
    assert_eq!((status, &body["error"]), (400, &json!("access_denied")));
    for status in [status, 401, 403] {
        let op = Hostile::start().await;
        let browser = due(&op).await;
        op.deviate(Deviation::Answer("token", Fault::Json(status, body.clone())));
        let answer = browser.visit("/protected").await;
        assert_eq!(answer.status, Status::SeeOther, "{status}: {answer:?}");
        assert!(browser.session_cookies().is_empty(), "{status}");
        assert_eq!(browser.fetch("/api/me").await.status, Status::Unauthorized, "{status}");
        assert_eq!(op.count("token"), 2, "{status}: asked once");
    }
}

/// REL-7: other refusals are for the operator to fix: users stay, and Logto is asked now and then.
#[rocket::async_test]
async fn a_refusal_that_is_not_the_users_fault_keeps_the_session_and_backs_off() {
    for error in ["invalid_client", "unauthorized_client", "invalid_scope", "server_fault"] {
        let op = Hostile::start().await;
        let browser = due(&op).await;
        op.deviate(Deviation::Answer("token", Fault::Json(400, json!({"error": error}))));
        for _ in 0..10 {
            assert_eq!(browser.visit("/protected").await.status, Status::Ok, "{error}");
        }
        assert_eq!(op.count("token"), 2, "{error}: one call for ten requests");
        sleep(Duration::from_millis(1_050)).await;
        for _ in 0..10 {
            assert_eq!(browser.visit("/protected").await.status, Status::Ok, "{error}");
        }
        assert_eq!(op.count("token"), 3, "{error}: another one after a second");
        sleep(Duration::from_millis(1_050)).await;
        assert_eq!(browser.visit("/protected").await.status, Status::Ok, "{error}");
        assert_eq!(op.count("token"), 3, "{error}: and the next one after two more");
        op.behave();
        sleep(Duration::from_millis(1_000)).await;
        assert_eq!(browser.visit("/protected").await.status, Status::Ok, "{error}");
        assert_eq!(op.count("token"), 4, "{error}");
    }
}

#[get("/token?<fresh>")]
async fn token(fresh: bool, logto: LogtoClient<'_>) -> Result<&'static str, Error> {
    let api = Audience::resource("https://api.example.com");
    let token = match fresh {
        true => logto.refresh_access_token(api).await?,
        false => logto.access_token(api).await?,
    };
    Ok(token.map_or("stranger", |_| "token"))
}

/// REL-7: a kept token that Logto has since denied is not handed out.
#[rocket::async_test]
async fn a_denied_token_is_not_kept_and_the_session_stays() {
    let (status, body) = denied();
    for status in [status, 403] {
        let op = Hostile::start().await;
        let resources = ["https://api.example.com"];
        let rocket = rocket::custom(op.figment().merge(("logto.resources", resources)));
        let rocket = rocket.attach(Logto::fairing()).mount("/", routes![token]);
        let browser = Browser::open(rocket).await;
        browser.sign_in(&op, "/sign-in?return_to=/token").await;
        assert_eq!(browser.visit("/token").await.body, "token");
        op.deviate(Deviation::Answer("token", Fault::Json(status, body.clone())));
        assert_eq!(browser.visit("/token?fresh=true").await.status, Status::Forbidden);
        assert_eq!(browser.visit("/token").await.status, Status::Forbidden, "it was kept");
        op.behave();
        assert_eq!(browser.visit("/token").await.body, "token", "the session stays");
    }
}

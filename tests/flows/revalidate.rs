//! Sessions that Logto has not spoken of for long.

use std::time::Duration;

use logto_dev::Provider;
use logto_tests::{Browser, app};
use rocket::futures::future::join_all;
use rocket::http::Status;
use rocket::tokio::time::sleep;

async fn signed_in(provider: &Provider, seconds: u64) -> Browser {
    let figment = provider.figment().merge(("logto.session.revalidate", seconds));
    let browser = Browser::open(app(figment)).await;
    browser.sign_in(provider, "/protected").await;
    browser
}

#[rocket::async_test]
async fn a_suspended_user_is_a_stranger_after_the_time_of_revalidation() {
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
async fn a_session_that_holds_is_asked_about_once_an_interval() {
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
async fn while_logto_is_down_sessions_go_on() {
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

//! Answers that continue after their head is out, when no cookie can follow.

use std::time::Duration;

use logto_dev::{ApiResource, Provider};
use logto_rocket::{Error, Logto, LogtoClient};
use logto_tests::Browser;
use rocket::http::Status;
use rocket::response::stream::TextStream;
use rocket::tokio::time::sleep;
use rocket::{Build, Rocket, get, routes};

const API: &str = "https://api.example.com";

/// Whether a token was available, or why not.
async fn outcome(logto: &LogtoClient<'_>) -> String {
    match logto.access_token(API).await {
        Ok(token) => format!("token {}; ", token.is_some()),
        Err(error) => format!("{:?}; ", error.kind()),
    }
}

#[get("/stream?<before>")]
async fn stream<'r>(before: bool, logto: LogtoClient<'r>) -> TextStream![String + 'r] {
    if before {
        let _ = logto.access_token(API).await;
    }
    TextStream! {
        yield "begun; ".to_owned();
        yield outcome(&logto).await;
        yield match logto.clear_access_tokens().await {
            Ok(()) => "cleared; ".to_owned(),
            Err(error) => format!("{:?}; ", error.kind()),
        };
        yield outcome(&logto).await;
    }
}

#[get("/token")]
async fn token(logto: LogtoClient<'_>) -> Result<&'static str, Error> {
    logto.access_token(API).await.map(|_| "token")
}

async fn signed_in(provider: &Provider, store: &str) -> Browser {
    let figment = provider.figment().merge(("logto.resources", [API]));
    let figment = figment.merge(("logto.session.store", store));
    let rocket: Rocket<Build> =
        rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![stream, token]);
    let browser = Browser::open(rocket).await;
    browser.sign_in(provider, "/sign-in?return_to=/token").await;
    browser
}

/// A rotated refresh token could not reach the browser, so none is requested.
#[rocket::async_test]
async fn a_stream_with_the_session_in_a_cookie_serves_what_is_kept_and_refreshes_nothing() {
    let short = ApiResource::new(API).access_token_ttl(Duration::from_secs(2));
    let provider = Provider::builder().resource(short).rotate_refresh_tokens(true).start().await;
    let browser = signed_in(&provider, "cookie").await;
    let count = provider.count("token");
    let kept = browser.fetch("/stream").await;
    assert_eq!(kept.body, "begun; token true; AnswerBegun; token true; ");
    sleep(Duration::from_millis(2_100)).await;
    let ended = browser.fetch("/stream").await;
    assert_eq!(ended.status, Status::Ok);
    assert_eq!(ended.body, "begun; AnswerBegun; AnswerBegun; AnswerBegun; ");
    assert_eq!(provider.count("token"), count);
    // The session is unharmed, and a token taken before the stream serves it.
    let taken = browser.fetch("/stream?before=true").await;
    assert_eq!(taken.body, "begun; token true; AnswerBegun; token true; ");
    assert_eq!(browser.fetch("/token").await.body, "token");
}

#[rocket::async_test]
async fn a_stream_with_the_session_in_a_store_refreshes() {
    let dead = ApiResource::new(API).access_token_ttl(Duration::ZERO);
    let provider = Provider::builder().resource(dead).rotate_refresh_tokens(true).start().await;
    let browser = signed_in(&provider, "memory").await;
    let count = provider.count("token");
    let answer = browser.fetch("/stream").await;
    assert_eq!(answer.body, "begun; token true; cleared; token true; ");
    assert_eq!(provider.count("token"), count + 2);
    provider.advance(Duration::from_secs(10));
    assert_eq!(browser.fetch("/token").await.body, "token");
}

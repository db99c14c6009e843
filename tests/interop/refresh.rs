//! Access tokens that expire, with refresh tokens that work once.

use std::time::Duration;

use reqwest::StatusCode;
use rocket::tokio::time::sleep;
use serde_json::json;

use crate::provider::Provider;
use crate::quickstart::Quickstart;
use crate::visitor::Visitor;

/// Requests the user info until the provider has refreshed tokens so often. No answer may fail.
async fn until_refreshed(
    times: u64,
    provider: &mut Provider,
    application: &Quickstart,
    visitor: &Visitor,
) {
    while provider.state().refreshes() < times {
        let answer = visitor.fetch(&application.url("/api/userinfo")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(provider.state().refreshes(), times);
}

async fn refreshes(package: &str) {
    let Some(mut provider) = Provider::of(package) else { return };
    let application = provider.application();
    provider.set(&json!({"accessTokenTtl": 1}));
    let visitor = Visitor::new();
    visitor.sign_in(&application, "/protected", "alice").await;
    let old = visitor.copy();
    until_refreshed(2, &mut provider, &application, &visitor).await;
    provider.set(&json!({"accessTokenTtl": 3600}));
    until_refreshed(3, &mut provider, &application, &visitor).await;
    assert_eq!(provider.state().refresh_tokens(), 1, "each was used once");

    // A tab that slept comes with the first cookie. Its refresh token would end the grant.
    let late = old.fetch(&application.url("/api/userinfo")).await;
    assert_eq!((late.status, provider.state().refreshes()), (StatusCode::OK, 3), "{late:?}");
    assert_eq!(visitor.fetch(&application.url("/api/userinfo")).await.status, StatusCode::OK);
    assert_eq!(provider.state().refresh_tokens(), 1);
}

#[rocket::async_test]
async fn oidc_provider_9_rotates_refresh_tokens_and_the_session_continues() {
    refreshes("oidc-provider").await;
}

#[rocket::async_test]
async fn oidc_provider_8_rotates_refresh_tokens_and_the_session_continues() {
    refreshes("oidc-provider-8").await;
}

/// The cookie has everything that is needed, even the newest refresh token.
#[rocket::async_test]
async fn a_session_outlives_the_application() {
    let Some(mut provider) = Provider::start() else { return };
    let sealed = [("LOGTO_COOKIE_SECRET", "a-secret-of-both-processes-of-32-bytes-or-more")];
    let application = provider.application_with(&sealed);
    provider.set(&json!({"accessTokenTtl": 1}));
    let visitor = Visitor::new();
    visitor.sign_in(&application, "/protected", "alice").await;
    until_refreshed(1, &mut provider, &application, &visitor).await;
    // On another port, as behind a proxy: browsers know it by the same address.
    let address = application.base_url.clone();
    drop(application);

    let application = provider.application_with(&[sealed[0], ("LOGTO_BASE_URL", &address)]);
    until_refreshed(2, &mut provider, &application, &visitor).await;
    assert_eq!(visitor.open(&application.url("/protected")).await.status, StatusCode::OK);
}

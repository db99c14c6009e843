//! Access tokens for API resources (RFC 8707).

use reqwest::StatusCode;
use serde_json::json;

use crate::provider::Provider;
use crate::visitor::Visitor;

const API: &str = "https://api.example.com";

async fn has_tokens(package: &str) {
    let Some(mut provider) = Provider::of(package) else { return };
    let application = provider.application();
    let visitor = Visitor::new();
    visitor.sign_in(&application, "/protected", "alice").await;
    let path = format!("/api/token?resource={API}");

    let token = visitor.fetch(&application.url(&path)).await.json();
    assert_eq!(token["claims"]["aud"], API);
    assert_eq!(token["claims"]["sub"], "extwr7ziy1s8");
    assert_eq!(token["scopes"], json!(["read:items", "write:items"]));
    assert!(token["expires_in"].as_u64().is_some_and(|left| left > 3500), "{token}");
    assert_eq!(token["token"], json!(null), "it is shown only when asked for");

    let shown = visitor.fetch(&application.url(&format!("{path}&show=1"))).await.json();
    assert_eq!(shown["token"].as_str().map(|token| token.split('.').count()), Some(3));
    assert_eq!(shown["claims"], token["claims"], "it is kept");
    assert_eq!(provider.state().refreshes(), 1);

    let own = visitor.fetch(&application.url("/api/token?show=1")).await.json();
    assert_eq!((&own["claims"], provider.state().refreshes()), (&json!(null), 1), "it is opaque");

    let unknown = application.url("/api/token?resource=https://other.example.com");
    let unknown = visitor.fetch(&unknown).await;
    assert_eq!(unknown.status, StatusCode::FORBIDDEN, "{unknown:?}");
    // Whatever was refused, the session and its rotated refresh token are still good.
    assert_eq!(provider.state().refresh_tokens(), 1);
    assert_eq!(visitor.fetch(&application.url("/api/userinfo")).await.status, StatusCode::OK);
}

#[rocket::async_test]
async fn oidc_provider_9_gives_tokens_for_a_resource() {
    has_tokens("oidc-provider").await;
}

#[rocket::async_test]
async fn oidc_provider_8_gives_tokens_for_a_resource() {
    has_tokens("oidc-provider-8").await;
}

/// The browser continues with the refresh token that came with the last of them.
#[rocket::async_test]
async fn many_tokens_at_once_rotate_the_refresh_token_one_after_the_other() {
    let Some(mut provider) = Provider::start() else { return };
    let application = provider.application();
    provider.set(&json!({"accessTokenTtl": 1}));
    let visitor = Visitor::new();
    visitor.sign_in(&application, "/protected", "alice").await;
    for _ in 0..3 {
        rocket::tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        let (token, info) = (
            application.url(&format!("/api/token?resource={API}")),
            application.url("/api/userinfo"),
        );
        let (token, info) = rocket::tokio::join!(visitor.fetch(&token), visitor.fetch(&info));
        assert_eq!((token.status, info.status), (StatusCode::OK, StatusCode::OK));
    }
    assert_eq!(provider.state().refresh_tokens(), 1, "each was used once");
    assert_eq!(provider.state().refreshes(), 6);
}

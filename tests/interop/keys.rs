//! Keys that the provider replaces while the application runs.

use reqwest::StatusCode;
use serde_json::json;

use crate::provider::Provider;
use crate::visitor::Visitor;

/// Keys are fetched again at most once a minute, so each change is a test of its own.
async fn rotates(first: &str, second: &str) {
    let Some(mut provider) = Provider::start() else { return };
    provider.set(&json!({ "rotate": first }));
    let application = provider.application();
    let before = Visitor::new();
    before.sign_in(&application, "/protected", "alice").await;
    assert_eq!(provider.state().requests("/oidc/jwks"), 1);

    provider.set(&json!({ "rotate": second }));
    let after = Visitor::new();
    after.sign_in(&application, "/protected", "bob").await;
    assert_eq!(provider.state().requests("/oidc/jwks"), 2, "one more for the unknown key");

    // And now the keys are known, and nobody was signed out.
    Visitor::new().sign_in(&application, "/protected", "alice").await;
    assert_eq!(provider.state().requests("/oidc/jwks"), 2);
    for visitor in [before, after] {
        let answer = visitor.fetch(&application.url("/api/userinfo")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
}

#[rocket::async_test]
async fn sign_ins_continue_when_an_es384_key_replaces_another() {
    rotates("ES384", "ES384").await;
}

#[rocket::async_test]
async fn sign_ins_continue_when_an_rsa_key_replaces_an_es384_key() {
    rotates("ES384", "RS256").await;
}

#[rocket::async_test]
async fn sign_ins_continue_when_an_es384_key_replaces_an_rsa_key() {
    rotates("RS256", "ES384").await;
}

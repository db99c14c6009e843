//! From a protected page to the provider and back.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::provider::Provider;
use crate::quickstart::{Quickstart, free_port};
use crate::visitor::{Visitor, parameter};

async fn signs_in(package: &str, settings: &[(&str, &str)]) {
    let Some(mut provider) = Provider::of(package) else { return };
    let application = provider.application_with(settings);
    let visitor = Visitor::new();
    let page = visitor.start(&application, "/protected").await;
    let callback = visitor.answer(&page, "alice").await;
    assert!(callback.starts_with(&application.url("/callback?")), "{callback}");
    assert_eq!(parameter(&callback, "iss"), provider.issuer());
    let back = visitor.open(&callback).await;
    assert_eq!(back.redirect(), application.url("/protected"));
    let names = visitor.cookie_names();
    assert!(names.iter().all(|name| !name.contains("_t_")), "the sign-in's is gone: {names:?}");
    assert_eq!(names.len(), 2, "the session's and, for a minute, the count of sign-ins: {names:?}");
    let page = visitor.open(&back.redirect()).await;
    assert!(page.body.contains("alice@example.com"), "{page:?}");

    let claims = visitor.fetch(&application.url("/api/me")).await.json();
    assert_eq!(claims["iss"], provider.issuer());
    assert_eq!(claims["updated_at"], 1_795_319_891_658_u64);
    assert_eq!(claims["address"]["postalCode"], "10115");
    assert_eq!(claims.get("custom_data"), None, "the user info alone has it");
    assert_eq!(claims.get("at_hash").is_some(), package == "oidc-provider-8");
    let info = visitor.fetch(&application.url("/api/userinfo")).await.json();
    assert_eq!(info["sub"], claims["sub"]);
    assert_eq!(info["custom_data"], json!({"plan": "gold", "seats": 3}));
    assert_eq!(info["organization_data"][0]["description"], Value::Null);

    let state = provider.state();
    assert_eq!((state.requests("/oidc/token"), state.requests("/oidc/me")), (1, 1));
    assert_eq!(state.refresh_tokens(), 1, "consent gave offline access");
    let (code, log) = (parameter(&callback, "code"), application.log_with("GET /callback"));
    assert!(!log.contains(&code), "the code is in the log: {log}");
}

#[rocket::async_test]
async fn a_user_of_oidc_provider_9_signs_in() {
    signs_in("oidc-provider", &[]).await;
}

/// Like Logto up to 1.41, with an `at_hash` in the ID token.
#[rocket::async_test]
async fn a_user_of_oidc_provider_8_signs_in() {
    signs_in("oidc-provider-8", &[]).await;
}

#[rocket::async_test]
async fn a_user_signs_in_in_the_release_profile() {
    signs_in("oidc-provider", &[("ROCKET_PROFILE", "release")]).await;
}

#[rocket::async_test]
async fn a_user_signs_in_where_sessions_are_in_memory() {
    signs_in("oidc-provider", &[("LOGTO_SESSION_STORE", "memory")]).await;
}

/// H20: the provider names its endpoints by the `Host` of the request, as Logto does.
#[rocket::async_test]
async fn a_user_signs_in_where_the_application_reaches_the_provider_at_another_address() {
    let Some(mut provider) = Provider::start() else { return };
    let internal = provider.endpoint.replace("127.0.0.1", "localhost");
    let application = provider.application_with(&[("LOGTO_INTERNAL_ENDPOINT", &internal)]);
    let visitor = Visitor::new();
    let page = visitor.start(&application, "/protected").await;
    let callback = visitor.answer(&page, "alice").await;
    assert_eq!(parameter(&callback, "iss"), provider.issuer());
    let back = visitor.open(&callback).await;
    let page = visitor.open(&back.redirect()).await;
    assert!(page.body.contains("alice@example.com"), "{page:?}");
    let claims = visitor.fetch(&application.url("/api/me")).await.json();
    assert_eq!(claims["iss"], provider.issuer());
    let end = visitor.open(&application.url("/sign-out")).await.redirect();
    assert!(end.starts_with(&format!("{}/session/end?", provider.issuer())), "{end}");
}

/// H21: without that setting, the log names both issuers.
#[rocket::async_test]
async fn an_endpoint_of_another_name_is_named_in_the_log() {
    let Some(mut provider) = Provider::start() else { return };
    let other = provider.endpoint.replace("127.0.0.1", "localhost");
    let application = provider.application_with(&[("LOGTO_ENDPOINT", &other)]);
    let answer = Visitor::new().open(&application.url("/sign-in")).await;
    assert_eq!(answer.status, StatusCode::BAD_GATEWAY);
    let log = application.log_with("the metadata names the issuer");
    assert!(log.contains(&provider.issuer()) && log.contains(&format!("{other}/oidc")), "{log}");
}

/// There is no look-alike in production.
#[test]
fn the_release_profile_needs_an_endpoint() {
    let settings = [("ROCKET_PROFILE", "release"), ("LOGTO_BASE_URL", "http://localhost:{port}")];
    let mut program = Quickstart::launch(free_port(), &settings);
    assert!(!program.succeeds(), "it launched and ended well");
    program.output_with("LOGTO_ENDPOINT");
}

/// What is unknown is null, and what was not requested is absent.
#[rocket::async_test]
async fn a_user_with_nothing_but_a_name_signs_in() {
    let Some(mut provider) = Provider::start() else { return };
    let application = provider.application_with(&[("LOGTO_SCOPES", "email")]);
    let visitor = Visitor::new();
    visitor.sign_in(&application, "/protected?x=1", "bob").await;
    let claims = visitor.fetch(&application.url("/api/me")).await.json();
    assert_eq!((&claims["name"], &claims["email"]), (&Value::Null, &Value::Null));
    assert_eq!((claims.get("name").is_some(), claims.get("phone_number")), (true, None));
}

/// The provider's own session: a user who signed in once is not asked again.
#[rocket::async_test]
async fn a_second_sign_in_asks_for_nothing() {
    let Some(mut provider) = Provider::start() else { return };
    let application = provider.application();
    let visitor = Visitor::new();
    visitor.sign_in(&application, "/protected", "alice").await;
    let begun = visitor.open(&application.url("/sign-in?return_to=/protected")).await;
    let callback = visitor.until_callback(begun).await;
    let back = visitor.open(&callback).await;
    assert_eq!(back.redirect(), application.url("/protected"));
    assert_eq!(visitor.fetch(&application.url("/api/userinfo")).await.status, StatusCode::OK);
}

/// The back button, and somebody else who finds a link to the callback.
#[rocket::async_test]
async fn a_callback_is_good_for_one_browser_and_once() {
    let Some(mut provider) = Provider::start() else { return };
    let application = provider.application();
    let visitor = Visitor::new();
    let page = visitor.start(&application, "/protected").await;
    let callback = visitor.answer(&page, "alice").await;

    let other = Visitor::new();
    let refused = other.open(&callback).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{refused:?}");
    assert!(other.cookie_names().is_empty(), "{refused:?}");

    assert_eq!(visitor.open(&callback).await.redirect(), application.url("/protected"));
    let again = visitor.open(&callback).await.redirect();
    assert_eq!(visitor.open(&again).await.status, StatusCode::OK);
    assert_eq!(provider.state().requests("/oidc/token"), 1);
    assert_eq!(visitor.fetch(&application.url("/api/userinfo")).await.status, StatusCode::OK);
}

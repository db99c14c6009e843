//! Sign-ins that do not succeed.

use reqwest::StatusCode;
use reqwest::header::RETRY_AFTER;
use serde_json::json;

use crate::provider::Provider;
use crate::quickstart::Quickstart;
use crate::visitor::{Answer, Visitor};

/// Signs in as alice, and returns what the callback answers instead of a session.
async fn fails(visitor: &Visitor, application: &Quickstart) -> Answer {
    let page = visitor.start(application, "/protected").await;
    let callback = visitor.answer(&page, "alice").await;
    let failed = visitor.open(&callback).await;
    assert!(visitor.cookie_names().is_empty(), "{:?}: {failed:?}", visitor.cookie_names());
    failed
}

#[rocket::async_test]
async fn a_cancelled_sign_in_can_be_begun_again() {
    let Some(mut provider) = Provider::start() else { return };
    let application = provider.application();
    let visitor = Visitor::new();
    let page = visitor.start(&application, "/protected?x=1").await;
    let callback = visitor.answer(&page, "").await;
    let cancelled = visitor.open(&callback).await;
    assert_eq!(cancelled.status, StatusCode::BAD_REQUEST, "{cancelled:?}");
    assert!(cancelled.body.contains("Sign-in cancelled"), "{cancelled:?}");
    assert!(visitor.cookie_names().is_empty(), "{:?}", visitor.cookie_names());

    let again = cancelled.attribute("href=\"/sign-in").replace("&amp;", "&");
    let begun = visitor.open(&application.url(&format!("/sign-in{again}"))).await;
    let asked = visitor.open(&begun.redirect()).await;
    let page = visitor.open(&asked.redirect()).await;
    let callback = visitor.answer(&page, "alice").await;
    assert_eq!(visitor.open(&callback).await.redirect(), application.url("/protected?x=1"));
    assert_eq!(provider.state().requests("/oidc/token"), 1);
}

#[rocket::async_test]
async fn a_wrong_app_secret_signs_nobody_in() {
    let Some(mut provider) = Provider::start() else { return };
    let application = provider.application_with(&[("LOGTO_APP_SECRET", "not the secret")]);
    let failed = fails(&Visitor::new(), &application).await;
    assert_eq!(failed.status, StatusCode::BAD_GATEWAY, "{failed:?}");
    let log = application.log_with("invalid_client");
    assert!(!log.contains("not the secret"), "{log}");
}

/// The application requests what the provider does not have.
#[rocket::async_test]
async fn an_error_of_the_authorization_endpoint_is_answered_with_a_page() {
    let Some(mut provider) = Provider::start() else { return };
    let unknown = [("LOGTO_RESOURCES", "https://unknown.example.com")];
    let application = provider.application_with(&unknown);
    let visitor = Visitor::new();
    let begun = visitor.open(&application.url("/sign-in")).await;
    let callback = visitor.until_callback(begun).await;
    let failed = visitor.open(&callback).await;
    assert_eq!(failed.status, StatusCode::BAD_GATEWAY, "{failed:?}");
    application.log_with("invalid_target");
}

#[rocket::async_test]
async fn a_provider_that_fails_signs_nobody_in_until_it_recovers() {
    let Some(mut provider) = Provider::start() else { return };
    let application = provider.application();
    let visitor = Visitor::new();
    // The keys first: once fetched, they are kept.
    for (path, asked) in [("/oidc/jwks", 1), ("/oidc/token", 2)] {
        provider.set(&json!({ "fail": path }));
        let failed = fails(&Visitor::new(), &application).await;
        assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE, "{path}: {failed:?}");
        assert_eq!(provider.state().requests("/oidc/token"), asked, "no code is used twice");
    }
    provider.set(&json!({ "fail": null }));
    // A failed fetch is remembered for a second.
    let page = visitor.start(&application, "/protected").await;
    let callback = visitor.answer(&page, "alice").await;
    let mut answer = visitor.open(&callback).await;
    while answer.status == StatusCode::SERVICE_UNAVAILABLE {
        let page = visitor.open(&application.url("/sign-in?return_to=/protected")).await;
        answer = visitor.open(&visitor.until_callback(page).await).await;
    }
    assert_eq!(answer.redirect(), application.url("/protected"));
}

#[rocket::async_test]
async fn nobody_signs_in_while_the_provider_is_down() {
    let Some(mut provider) = Provider::start() else { return };
    let application = provider.application();
    let visitor = Visitor::new();
    visitor.sign_in(&application, "/protected", "alice").await;
    drop(provider);

    let info = visitor.fetch(&application.url("/api/userinfo")).await;
    assert_eq!(info.status, StatusCode::SERVICE_UNAVAILABLE, "{info:?}");
    assert!(info.headers.contains_key(RETRY_AFTER), "{info:?}");
    let page = visitor.open(&application.url("/protected")).await;
    assert_eq!(page.status, StatusCode::OK, "a signed-in user stays signed in: {page:?}");
}

/// Neither a launch nor a stranger's reading needs the provider.
#[rocket::async_test]
async fn the_public_page_is_there_when_the_provider_never_was() {
    let Some(mut provider) = Provider::start() else { return };
    let application = provider.application();
    drop(provider);
    let visitor = Visitor::new();
    assert_eq!(visitor.open(&application.url("/")).await.status, StatusCode::OK);
    let sign_in = visitor.open(&application.url("/protected")).await.redirect();
    let failed = visitor.open(&sign_in).await;
    assert_eq!(failed.status, StatusCode::SERVICE_UNAVAILABLE, "{failed:?}");
    assert!(failed.headers.contains_key(RETRY_AFTER), "{failed:?}");
    assert!(visitor.cookie_names().is_empty(), "nothing has begun");
}

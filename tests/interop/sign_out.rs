//! Sign-out, here and at the provider.

use std::time::Duration;

use reqwest::StatusCode;
use rocket::tokio::time::sleep;

use crate::provider::Provider;
use crate::visitor::{Visitor, parameter};

async fn signs_out(package: &str) {
    let Some(mut provider) = Provider::of(package) else { return };
    let application = provider.application();
    let visitor = Visitor::new();
    visitor.sign_in(&application, "/protected", "alice").await;
    let stolen = visitor.copy();

    let end = visitor.open(&application.url("/sign-out")).await.redirect();
    assert!(end.starts_with(&format!("{}/session/end?", provider.issuer())), "{end}");
    assert_eq!(parameter(&end, "post_logout_redirect_uri"), application.url("/"));
    assert!(visitor.cookie_names().is_empty(), "{:?}", visitor.cookie_names());

    let page = visitor.open(&end).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    let fields = [("xsrf", page.attribute("name=\"xsrf\" value=\"")), ("logout", "yes")];
    let confirmed = visitor.submit(page.attribute("action=\""), &fields).await;
    let home = format!("{}?state={}", application.url("/"), parameter(&end, "state"));
    assert_eq!(confirmed.redirect(), home);
    let home = visitor.open(&confirmed.redirect()).await;
    assert!(home.body.contains("Nobody is signed in"), "{home:?}");

    // It is revoked in the background.
    while provider.state().refresh_tokens() > 0 {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(provider.state().requests("/oidc/token/revocation"), 1);
    let refused = stolen.fetch(&application.url("/api/me")).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "the session's cookie still works");
    // The provider asks again who it is.
    visitor.sign_in(&application, "/protected", "bob").await;
}

#[rocket::async_test]
async fn a_sign_out_ends_the_session_here_and_at_oidc_provider_9() {
    signs_out("oidc-provider").await;
}

#[rocket::async_test]
async fn a_sign_out_ends_the_session_here_and_at_oidc_provider_8() {
    signs_out("oidc-provider-8").await;
}

#[rocket::async_test]
async fn a_sign_out_succeeds_here_while_the_provider_is_down() {
    let Some(mut provider) = Provider::start() else { return };
    let application = provider.application();
    let visitor = Visitor::new();
    visitor.sign_in(&application, "/protected", "alice").await;
    drop(provider);

    // What the provider said of itself is still known.
    visitor.open(&application.url("/sign-out")).await.redirect();
    assert!(visitor.cookie_names().is_empty(), "{:?}", visitor.cookie_names());
    let home = visitor.open(&application.url("/")).await;
    assert!(home.body.contains("Nobody is signed in"), "{home:?}");
}

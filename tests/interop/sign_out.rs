//! Sign-out, here and at the provider.

use std::time::Duration;

use reqwest::StatusCode;
use rocket::tokio::time::sleep;
use serde_json::json;

use crate::provider::Provider;
use crate::visitor::{Answer, Visitor, parameter};

/// Says yes to the provider's question, at its sign-out address.
async fn confirm(visitor: &Visitor, end: &str) -> Answer {
    let page = visitor.open(end).await;
    assert_eq!(page.status, StatusCode::OK, "{page:?}");
    let fields = [("xsrf", page.attribute("name=\"xsrf\" value=\"")), ("logout", "yes")];
    visitor.submit(page.attribute("action=\""), &fields).await
}

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

    let confirmed = confirm(&visitor, &end).await;
    assert_eq!(confirmed.redirect(), application.url("/"));
    let home = visitor.open(&confirmed.redirect()).await;
    assert!(home.body.contains("Nobody is signed in"), "{home:?}");

    // It is revoked in the background.
    while provider.state().refresh_tokens() > 0 {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(provider.state().requests("/oidc/token/revocation"), 1);
    let refused = stolen.fetch(&application.url("/api/me")).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "the session's cookie still works");
    // The provider asks again who the user is.
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

    // The provider's metadata are still known.
    visitor.open(&application.url("/sign-out")).await.redirect();
    assert!(visitor.cookie_names().is_empty(), "{:?}", visitor.cookie_names());
    let home = visitor.open(&application.url("/")).await;
    assert!(home.body.contains("Nobody is signed in"), "{home:?}");
}

/// Three sessions, one of which ends at the provider: the one in the user's own browser, their
/// other one and somebody else's, each with the status that it gets afterwards.
async fn logs_out(package: &str, names_session: bool) -> Option<[StatusCode; 3]> {
    let mut provider = Provider::of(package)?;
    provider.set(&json!({ "logoutNamesSession": names_session }));
    let application = provider.application();
    let visitors = [Visitor::new(), Visitor::new(), Visitor::new()];
    for (visitor, name) in visitors.iter().zip(["alice", "alice", "bob"]) {
        visitor.sign_in(&application, "/protected", name).await;
    }
    // As from another application: this one hears of it only from the provider.
    let ended = confirm(&visitors[0], &format!("{}/session/end", provider.issuer())).await;
    assert!(ended.status.is_redirection() || ended.status.is_success(), "{ended:?}");
    let mut statuses = [StatusCode::IM_A_TEAPOT; 3];
    for (status, visitor) in statuses.iter_mut().zip(&visitors) {
        *status = visitor.fetch(&application.url("/api/me")).await.status;
    }
    Some(statuses)
}

/// L5, RP-backchannel-valid: a logout that a provider posts, here to the program.
#[rocket::async_test]
async fn a_sign_out_at_oidc_provider_ends_the_session_here() {
    for package in ["oidc-provider", "oidc-provider-8"] {
        let Some(statuses) = logs_out(package, true).await else { return };
        assert_eq!(statuses, [StatusCode::UNAUTHORIZED, StatusCode::OK, StatusCode::OK]);
    }
}

/// L8: a logout that does not name a session.
#[rocket::async_test]
async fn a_sign_out_of_a_user_at_oidc_provider_ends_all_their_sessions_here() {
    for package in ["oidc-provider", "oidc-provider-8"] {
        let Some(statuses) = logs_out(package, false).await else { return };
        assert_eq!(statuses, [StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED, StatusCode::OK]);
    }
}

//! Back-channel logout: tells the application that a session has ended.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use serde_json::json;
use url::form_urlencoded;

use crate::authorization::BrowserSession;
use crate::browser;
use crate::claims::Claims;
use crate::clock;
use crate::tenant::Tenant;

/// How long a logout token of 1.42 is valid, in seconds.
const LOGOUT_TOKEN_TTL: u64 = 120;
/// How long an application may take to answer.
const PATIENCE: Duration = Duration::from_millis(2500);

/// A logout token (OpenID Connect Back-Channel Logout 1.0, section 2.4). Before 1.42 it
/// does not expire.
pub(crate) fn token(sub: &str, sid: Option<&str>, tenant: &Tenant) -> String {
    let now = clock::unix_seconds();
    let mut claims = Claims::default();
    claims.push("sub", sub);
    claims.push("events", json!({ "http://schemas.openid.net/event/backchannel-logout": {} }));
    claims.push("jti", tenant.random_id());
    claims.push_some("sid", sid);
    claims.push("aud", tenant.app.id.as_str());
    claims.push_some("exp", (!tenant.is_old()).then_some(now + LOGOUT_TOKEN_TTL));
    claims.push("iat", now);
    claims.push("iss", tenant.issuer());
    tenant.keys.sign(Some("logout+jwt"), &claims)
}

/// Posts a logout token to the application. As at Logto, a sign-out continues if it
/// fails.
pub(crate) async fn notify(session: &BrowserSession, tenant: &Tenant) {
    let uri = tenant.app.backchannel_logout_uri();
    if uri.is_empty() {
        return;
    }
    let token = token(&session.sub, tenant.app.named_session(Some(&session.sid)), tenant);
    if let Err(problem) = post(&uri, &token).await {
        log::warn!("The application did not take a logout token at {uri}: {problem}.");
    }
}

async fn post(uri: &str, token: &str) -> Result<(), String> {
    let form =
        form_urlencoded::Serializer::new(String::new()).append_pair("logout_token", token).finish();
    let client = browser::client().map_err(|error| error.to_string())?;
    let request = client.post(uri).timeout(PATIENCE);
    let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
    let response = request.send().await.map_err(|_| "it does not answer".to_string())?;
    match response.status().as_u16() {
        200 | 204 => Ok(()),
        status => Err(format!("it answers {status}")),
    }
}

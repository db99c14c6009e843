//! The end of the provider's session.

use rocket::http::{CookieJar, Status};
use rocket::{get, post};
use url::Url;

use crate::answer::Answer;
use crate::backchannel;
use crate::completion::{session_cookie, session_id};
use crate::error::OidcError;
use crate::grant::SignOut;
use crate::keys::Rejected;
use crate::pages;
use crate::params::{Form, Params, Query};
use crate::random::random;
use crate::tenant::{Shared, Tenant};

#[get("/oidc/session/end")]
pub(crate) fn end_session(query: &Query, tenant: &Shared) -> Result<Answer, OidcError> {
    ask(&query.0, tenant)
}

#[post("/oidc/session/end", data = "<form>")]
pub(crate) fn end_session_by_form(form: &Form, tenant: &Shared) -> Result<Answer, OidcError> {
    ask(&form.0, tenant)
}

/// Shows the page that confirms a sign-out, which submits itself.
fn ask(params: &Params, tenant: &Tenant) -> Result<Answer, OidcError> {
    let known = known_application(params, tenant)?;
    let target = params.one("post_logout_redirect_uri").filter(|_| known);
    let redirect_uri = target.map(|uri| redirect_uri(uri, params, tenant)).transpose()?;
    let xsrf = random();
    let page = pages::sign_out(&xsrf);
    tenant.grants().sign_outs.insert(xsrf, SignOut { redirect_uri });
    Ok(page)
}

/// Whether the request names its application. Without that, Logto ignores where it should
/// lead.
fn known_application(params: &Params, tenant: &Tenant) -> Result<bool, OidcError> {
    let named = params.one("client_id");
    if let Some(hint) = params.one("id_token_hint") {
        let audience = audience(hint, tenant)?;
        if named.is_some_and(|id| id != audience) {
            let description = "client_id does not match the provided id_token_hint";
            return Err(OidcError::invalid_request(description));
        }
        return Ok(true);
    }
    match named {
        Some(id) if id != tenant.app.id => Err(OidcError::unknown_client(id)),
        named => Ok(named.is_some()),
    }
}

fn audience(hint: &str, tenant: &Tenant) -> Result<String, OidcError> {
    // The application is registered for the current key's algorithm: Logto refuses a
    // token with another, though its key is still published.
    let verified = tenant.keys.verify(hint).and_then(|hint| {
        let current = hint.algorithm == tenant.keys.current().algorithm();
        if current { Ok(hint) } else { Err(Rejected::Forged) }
    });
    let hint = verified.map_err(|rejected| match rejected {
        Rejected::Malformed => OidcError::invalid_request("could not decode id_token_hint"),
        Rejected::Forged => OidcError::invalid_request("could not validate id_token_hint"),
    })?;
    Ok(hint.claims["aud"].as_str().unwrap_or_default().to_string())
}

fn redirect_uri(uri: &str, params: &Params, tenant: &Tenant) -> Result<String, OidcError> {
    if !tenant.app.allows_post_logout_redirect(uri) {
        let description = "post_logout_redirect_uri not registered";
        return Err(OidcError::invalid_request(description));
    }
    let mut url = Url::parse(uri).expect("registered URIs were parsed");
    if let Some(state) = params.one("state") {
        url.query_pairs_mut().append_pair("state", state);
    }
    Ok(url.into())
}

#[post("/oidc/session/end/confirm", data = "<form>")]
pub(crate) async fn confirm(
    form: &Form,
    cookies: &CookieJar<'_>,
    tenant: &Shared,
) -> Result<Answer, OidcError> {
    let xsrf = form.0.one("xsrf").unwrap_or_default();
    let sign_out = tenant.grants().sign_outs.remove(xsrf);
    let sign_out =
        sign_out.ok_or_else(|| OidcError::invalid_request("could not find logout details"))?;
    if form.0.one("logout").is_some() {
        end(cookies, tenant).await;
    }
    let success = || format!("{}/oidc/session/end/success", tenant.endpoint());
    Ok(Answer::see_other(sign_out.redirect_uri.unwrap_or_else(success)))
}

/// Ends the browser's session, and tells the application.
async fn end(cookies: &CookieJar<'_>, tenant: &Tenant) {
    let Some(id) = session_id(cookies, tenant) else { return };
    let session = tenant.grants().end_session(&id);
    cookies.remove(session_cookie(String::new(), tenant));
    if let Some(session) = session {
        backchannel::notify(&session, tenant).await;
    }
}

#[get("/oidc/session/end/success")]
pub(crate) fn success() -> Answer {
    pages::notice(Status::Ok, "Signed out", "You have signed out of the development provider.")
}

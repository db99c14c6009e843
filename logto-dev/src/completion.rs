//! How a sign-in ends: with a session and a code, or with an error.

use rocket::http::{Cookie, CookieJar, SameSite};
use url::{Url, form_urlencoded};

use crate::answer::Answer;
use crate::authorization::BrowserSession;
use crate::error::OidcError;
use crate::pages;
use crate::random::random;
use crate::request::AuthorizationRequest;
use crate::tenant::Tenant;

/// Issues a code for a browser session.
pub(crate) fn finish(request: &AuthorizationRequest, session_id: &str, tenant: &Tenant) -> Answer {
    let mut grants = tenant.grants();
    let Some(session) = grants.sessions.get_mut(session_id) else {
        return pages::expired_interaction();
    };
    let authorization = request.grant(session, &tenant.app.id, &tenant.clock);
    let code = grants.add_code(authorization, request, tenant.clock.now());
    drop(grants);
    respond(request, &[("code", &code)], tenant)
}

/// Signs a user in on the provider's page and goes back to the application.
pub(crate) fn sign_in(
    interaction: &str,
    username: &str,
    cookies: &CookieJar<'_>,
    tenant: &Tenant,
) -> Answer {
    let Some(user) = tenant.user(username) else {
        return pages::sign_in(interaction, Some("There is no such user."), tenant);
    };
    if user.suspended {
        return pages::sign_in(interaction, Some("This user is suspended."), tenant);
    }
    let Some(request) = tenant.grants().interactions.remove(interaction) else {
        return pages::expired_interaction();
    };
    tenant.touch(username);
    let id = open_session(user.id, cookies, tenant);
    finish(&request, &id, tenant)
}

/// Opens a session, which replaces the browser's last one. The same user keeps
/// their grant.
fn open_session(sub: String, cookies: &CookieJar<'_>, tenant: &Tenant) -> String {
    let id = random();
    let mut session = BrowserSession {
        sub,
        authenticated_at: tenant.clock.now(),
        grant: random(),
        sid: tenant.random_id(),
        scopes: Vec::new(),
    };
    let mut grants = tenant.grants();
    let last = session_id(cookies, tenant).and_then(|id| grants.sessions.remove(&id));
    if let Some(last) = last.filter(|last| last.sub == session.sub) {
        session = BrowserSession { authenticated_at: session.authenticated_at, ..last };
    }
    grants.sessions.insert(id.clone(), session);
    drop(grants);
    cookies.add(session_cookie(id.clone(), tenant));
    id
}

/// The provider's session, by the browser's cookie.
pub(crate) fn session_id(cookies: &CookieJar<'_>, tenant: &Tenant) -> Option<String> {
    cookies.get(&cookie_name(tenant)).map(|cookie| cookie.value().to_string())
}

/// The cookie of the provider's session, and the one that removes it.
pub(crate) fn session_cookie(id: String, tenant: &Tenant) -> Cookie<'static> {
    // A plain cookie: the value is random and says nothing.
    let cookie = Cookie::build((cookie_name(tenant), id)).path("/");
    cookie.http_only(true).same_site(SameSite::Lax).build()
}

/// The name has the port, as cookies ignore ports: one browser may visit several
/// providers on this machine.
fn cookie_name(tenant: &Tenant) -> String {
    format!("_session_{}", tenant.port())
}

/// Goes back to the application without a user.
pub(crate) fn cancel(interaction: &str, tenant: &Tenant) -> Answer {
    let request = tenant.grants().interactions.remove(interaction);
    match request {
        Some(request) => {
            let error = OidcError::new("access_denied", "End-User aborted interaction");
            fail(&request, &error, tenant)
        }
        None => pages::expired_interaction(),
    }
}

/// Sends the browser back with an error.
pub(crate) fn fail(request: &AuthorizationRequest, error: &OidcError, tenant: &Tenant) -> Answer {
    let description = error.description();
    respond(request, &[("error", error.name()), ("error_description", description)], tenant)
}

/// Sends the browser back, with `state` and `iss` as RFC 9207 requires.
fn respond(request: &AuthorizationRequest, result: &[(&str, &str)], tenant: &Tenant) -> Answer {
    let issuer = tenant.issuer();
    let state = request.state.as_deref().map(|state| ("state", state));
    let fields = result.iter().copied().chain(state).chain([("iss", issuer.as_str())]);
    let mut url = Url::parse(&request.redirect_uri).expect("registered URIs were parsed");
    match request.response_mode.as_str() {
        "form_post" => return pages::form_post(&request.redirect_uri, fields),
        "fragment" => {
            let fragment = encode(fields);
            url.set_fragment(Some(&fragment));
        }
        _ => {
            url.query_pairs_mut().extend_pairs(fields);
        }
    }
    Answer::see_other(url.into())
}

fn encode<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

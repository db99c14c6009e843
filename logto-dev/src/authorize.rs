//! The authorization endpoint: from a request to a code or an error.

use rocket::http::{Cookie, CookieJar, SameSite, Status};
use rocket::{get, post};

use crate::answer::Answer;
use crate::authorization::BrowserSession;
use crate::error::OidcError;
use crate::pages;
use crate::params::{Form, Params, Query};
use crate::random::random;
use crate::request::AuthorizationRequest;
use crate::tenant::{Shared, Tenant};

/// The cookie of the provider's own session.
pub(crate) const SESSION_COOKIE: &str = "_session";

#[get("/oidc/auth")]
pub(crate) fn authorize(
    query: &Query,
    cookies: &CookieJar<'_>,
    tenant: &Shared,
) -> Result<Answer, OidcError> {
    answer(&query.0, cookies, tenant)
}

#[post("/oidc/auth", data = "<form>")]
pub(crate) fn authorize_by_form(
    form: &Form,
    cookies: &CookieJar<'_>,
    tenant: &Shared,
) -> Result<Answer, OidcError> {
    answer(&form.0, cookies, tenant)
}

fn answer(params: &Params, cookies: &CookieJar<'_>, tenant: &Tenant) -> Result<Answer, OidcError> {
    // Until the redirect URI is known to be the application's, an error stays
    // here: else the provider would be an open redirector.
    let redirect_uri = check_application(params, tenant)
        .map_err(|error| error.authorization(params.one("state"), &tenant.issuer()))?;
    let request = AuthorizationRequest::new(params, redirect_uri);
    Ok(match request.check(params, tenant) {
        Ok(()) => proceed(request, cookies, tenant),
        Err(error) => request.fail(&error, tenant),
    })
}

fn check_application(params: &Params, tenant: &Tenant) -> Result<String, OidcError> {
    if let Some(name) =
        params.repeated().filter(|name| ["client_id", "redirect_uri"].contains(name))
    {
        return Err(OidcError::twice(name));
    }
    let id = params.required("client_id")?;
    if id != tenant.app.id {
        return Err(OidcError::unknown_client(id));
    }
    let uri = params.required("redirect_uri")?;
    if !tenant.app.allows_redirect(uri) {
        let description = "redirect_uri did not match any of the client's registered redirect_uris";
        return Err(OidcError::new("invalid_redirect_uri", description));
    }
    Ok(uri.to_string())
}

/// Signs in at once where the browser has a session, or shows the page.
fn proceed(request: AuthorizationRequest, cookies: &CookieJar<'_>, tenant: &Tenant) -> Answer {
    let session = cookies.get(SESSION_COOKIE).map(|cookie| cookie.value().to_string());
    let silent = request.has_prompt("none");
    if let Some(id) = session {
        let now = tenant.clock.now();
        let usable = tenant.grants().sessions.get(&id).map(|session| request.accepts(session, now));
        match usable {
            Some(Ok(())) => return finish(&request, &id, tenant),
            Some(Err(error)) if silent => return request.fail(&error, tenant),
            _ => (),
        }
    }
    if silent {
        let description = "End-User authentication is required";
        return request.fail(&OidcError::new("login_required", description), tenant);
    }
    let page = if request.sign_up { "register" } else { "sign-in" };
    let interaction = random();
    let location = format!("/{page}?app_id={}&interaction={interaction}", tenant.app.id);
    tenant.grants().interactions.insert(interaction, request.into());
    Answer::see_other(location)
}

/// Gives out a code for a browser session.
fn finish(request: &AuthorizationRequest, session_id: &str, tenant: &Tenant) -> Answer {
    let mut grants = tenant.grants();
    let Some(session) = grants.sessions.get_mut(session_id) else {
        return expired_interaction();
    };
    let authorization = request.grant(session, tenant);
    let code = grants.add_code(authorization, request, tenant.clock.now());
    drop(grants);
    request.respond(&[("code", &code)], tenant)
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
        return expired_interaction();
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
    let last = cookies.get(SESSION_COOKIE).map(|cookie| cookie.value().to_string());
    let last = last.and_then(|id| grants.sessions.remove(&id));
    if let Some(last) = last.filter(|last| last.sub == session.sub) {
        session = BrowserSession { authenticated_at: session.authenticated_at, ..last };
    }
    grants.sessions.insert(id.clone(), session);
    drop(grants);
    cookies.add(session_cookie(id.clone()));
    id
}

/// The cookie of the provider's session, and of its removal.
pub(crate) fn session_cookie(id: String) -> Cookie<'static> {
    // A plain cookie: the value is random and says nothing.
    Cookie::build((SESSION_COOKIE, id)).path("/").http_only(true).same_site(SameSite::Lax).build()
}

/// Goes back to the application without a user.
pub(crate) fn cancel(interaction: &str, tenant: &Tenant) -> Answer {
    let request = tenant.grants().interactions.remove(interaction);
    match request {
        Some(request) => {
            let error = OidcError::new("access_denied", "End-User aborted interaction");
            request.fail(&error, tenant)
        }
        None => expired_interaction(),
    }
}

/// The page for a sign-in that is over, or never began.
pub(crate) fn expired_interaction() -> Answer {
    pages::notice(
        Status::BadRequest,
        "This sign-in is over",
        "It was finished or cancelled before. Go back to the application and sign in again.",
    )
}

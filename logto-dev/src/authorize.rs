//! The authorization endpoint: shows the page for a sign-in, or ends it at once.

use rocket::http::CookieJar;
use rocket::{get, post};

use crate::answer::Answer;
use crate::completion;
use crate::error::OidcError;
use crate::params::{Form, Params, Query};
use crate::random::random;
use crate::request::AuthorizationRequest;
use crate::tenant::{Shared, Tenant};

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
    // Until the redirect URI is known to be the application's, an error stays here:
    // otherwise the provider would be an open redirector.
    let redirect_uri = check_application(params, tenant)
        .map_err(|error| error.authorization(params.one("state"), &tenant.issuer()))?;
    let request = AuthorizationRequest::new(params, redirect_uri);
    Ok(match request.check(params, &tenant.resources) {
        Ok(()) => proceed(request, cookies, tenant),
        Err(error) => completion::fail(&request, &error, tenant),
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

/// Signs in at once if the browser has a session, or shows the page.
fn proceed(request: AuthorizationRequest, cookies: &CookieJar<'_>, tenant: &Tenant) -> Answer {
    let session = completion::session_id(cookies, tenant);
    let silent = request.has_prompt("none");
    if let Some(id) = session {
        let now = tenant.clock.now();
        let usable = tenant.grants().sessions.get(&id).map(|session| request.accepts(session, now));
        match usable {
            Some(Ok(())) => return completion::finish(&request, &id, tenant),
            Some(Err(error)) if silent => return completion::fail(&request, &error, tenant),
            _ => (),
        }
    }
    if silent {
        let description = "End-User authentication is required";
        return completion::fail(&request, &OidcError::new("login_required", description), tenant);
    }
    let page = if request.sign_up { "register" } else { "sign-in" };
    let interaction = random();
    let location = format!("/{page}?app_id={}&interaction={interaction}", tenant.app.id);
    tenant.grants().interactions.insert(interaction, request.into());
    Answer::see_other(location)
}

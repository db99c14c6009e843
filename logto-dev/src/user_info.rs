//! The user info endpoint.

use rocket::http::Status;
use rocket::{get, post};

use crate::answer::Answer;
use crate::claims::{self, Place};
use crate::client::Authorization;
use crate::error::OidcError;
use crate::grant::AccessToken;
use crate::params::Form;
use crate::tenant::{Shared, Tenant};

#[get("/oidc/me")]
pub(crate) fn user_info(header: Authorization<'_>, tenant: &Shared) -> Result<Answer, OidcError> {
    answer(bearer(header.0, tenant)?, tenant)
}

#[post("/oidc/me", data = "<form>")]
pub(crate) fn user_info_by_form(
    form: &Form,
    header: Authorization<'_>,
    tenant: &Shared,
) -> Result<Answer, OidcError> {
    match form.0.one("access_token") {
        Some(token) => answer(Some(token), tenant),
        None => answer(bearer(header.0, tenant)?, tenant),
    }
}

fn bearer<'h>(header: Option<&'h str>, tenant: &Tenant) -> Result<Option<&'h str>, OidcError> {
    let Some(header) = header else { return Ok(None) };
    match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token)),
        _ => {
            let description = "invalid authorization header value format";
            Err(OidcError::invalid_request(description).challenge(challenge(tenant)))
        }
    }
}

fn answer(token: Option<&str>, tenant: &Tenant) -> Result<Answer, OidcError> {
    let token = token.ok_or_else(|| no_token(tenant))?;
    let access = tenant.grants().access(token, tenant.clock.now()).cloned();
    let AccessToken { authorization, scopes, .. } = access.ok_or_else(|| invalid_token(tenant))?;
    if !scopes.iter().any(|scope| scope == "openid") {
        let error = OidcError::new("insufficient_scope", "access token missing openid scope");
        return Err(error.status(Status::Forbidden).scope("openid"));
    }
    let user = tenant.user_by_id(&authorization.sub).ok_or_else(|| invalid_token(tenant))?;
    let claims = claims::of_user(&user, &scopes, Place::UserInfo, tenant);
    Ok(Answer::json(Status::Ok, &claims).no_store())
}

fn no_token(tenant: &Tenant) -> OidcError {
    let description = "no access token provided";
    let error = match tenant.is_old() {
        true => OidcError::invalid_request(description),
        false => OidcError::new("invalid_token", description).status(Status::Unauthorized),
    };
    error.challenge(challenge(tenant))
}

fn invalid_token(tenant: &Tenant) -> OidcError {
    let description = "invalid token provided";
    let challenge = format!(
        r#"{}, error="invalid_token", error_description="{description}""#,
        challenge(tenant)
    );
    OidcError::new("invalid_token", description).status(Status::Unauthorized).challenge(challenge)
}

fn challenge(tenant: &Tenant) -> String {
    format!(r#"Bearer realm="{}""#, tenant.issuer())
}

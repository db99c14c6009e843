//! The tokens of a sign-in: with its code at first, with its refresh token later.

use std::sync::Arc;

use rocket::http::Status;

use crate::access::{self, Holder, Parties, Target};
use crate::authorization::Authorization;
use crate::error::OidcError;
use crate::id_token;
use crate::issued::{AccessToken, Tokens};
use crate::names::{ORGANIZATION_RESOURCE, ORGANIZATIONS};
use crate::params::Params;
use crate::tenant::Tenant;
use crate::user::User;

pub(crate) fn redeem(params: &Params, tenant: &Tenant) -> Result<Tokens, OidcError> {
    let code = params.required("code")?;
    let redirect_uri = params.required("redirect_uri")?;
    let now = tenant.clock.now();
    let verifier = params.one("code_verifier");
    let authorization = tenant.grants().redeem(code, redirect_uri, verifier, now)?;
    // A code gets no organization token: Logto ignores the parameter.
    let params = params.without("organization_id");
    let mut tokens = issue(&params, &authorization, &authorization.scopes, tenant)?;
    if authorization.has_scope("offline_access") || tenant.settings.always_issue_refresh_token {
        tokens.refresh_token = Some(tenant.grants().add_refresh_token(&authorization, now));
    }
    Ok(tokens)
}

pub(crate) fn refresh(params: &Params, tenant: &Tenant) -> Result<Tokens, OidcError> {
    let token = params.required("refresh_token")?;
    let now = tenant.clock.now();
    let refresh = tenant.grants().refresh(token, now)?;
    let scopes = narrowed(params, &refresh.authorization)?;
    let mut tokens = issue(params, &refresh.authorization, &scopes, tenant)?;
    // A confidential application keeps its refresh token until late in its life.
    let rotates = tenant.settings.rotate_refresh_tokens || refresh.is_aged;
    let rotated = rotates.then(|| tenant.grants().rotate(token, now)).flatten();
    tokens.refresh_token = Some(rotated.unwrap_or_else(|| token.to_string()));
    Ok(tokens)
}

/// The scopes of a refresh: all, or fewer if the request names some.
fn narrowed(params: &Params, authorization: &Authorization) -> Result<Vec<String>, OidcError> {
    let asked = params.words("scope");
    if asked.is_empty() {
        return Ok(authorization.scopes.clone());
    }
    let missing = |scope: &&String| !authorization.requested.contains(scope);
    let missing: Vec<_> = asked.iter().filter(missing).map(String::as_str).collect();
    if !missing.is_empty() {
        let scopes = if missing.len() == 1 { "scope" } else { "scopes" };
        let description = format!("refresh token missing requested {scopes}");
        return Err(OidcError::new("invalid_scope", description).scope(&missing.join(" ")));
    }
    let granted = authorization.scopes.iter().filter(|scope| asked.contains(scope));
    Ok(granted.cloned().collect())
}

fn issue(
    params: &Params,
    authorization: &Arc<Authorization>,
    scopes: &[String],
    tenant: &Tenant,
) -> Result<Tokens, OidcError> {
    let user = tenant.user_by_id(&authorization.sub).ok_or_else(OidcError::invalid_grant)?;
    check_organization(params, &user, authorization, tenant)?;
    let access = match Target::of(params, tenant)? {
        Some(target) => for_target(&target, params, &user, authorization, tenant)?,
        None => access::opaque(authorization, scopes, tenant),
    };
    let id_token = scopes
        .iter()
        .any(|scope| scope == "openid")
        .then(|| id_token::of_user(&user, authorization, scopes, &access.token, tenant));
    let mut tokens = Tokens::from(access);
    tokens.id_token = id_token;
    Ok(tokens)
}

fn check_organization(
    params: &Params,
    user: &User,
    authorization: &Authorization,
    tenant: &Tenant,
) -> Result<(), OidcError> {
    if params.one("organization_id").is_some() && !authorization.has_scope(ORGANIZATIONS) {
        let description = "refresh token missing required scope";
        let error = OidcError::new("insufficient_scope", description);
        return Err(error.status(Status::Forbidden).scope(ORGANIZATIONS));
    }
    access::check_membership(params, user, tenant)
}

/// A JWT for what the request names.
fn for_target(
    target: &Target<'_>,
    params: &Params,
    user: &User,
    authorization: &Authorization,
    tenant: &Tenant,
) -> Result<AccessToken, OidcError> {
    let requested = |name: &str| authorization.resources.iter().any(|resource| resource == name);
    // Nothing is granted that the sign-in did not ask for.
    if target.resource.is_some_and(|resource| !requested(&resource.indicator)) {
        return Err(OidcError::invalid_target());
    }
    let narrower = params.words("scope");
    let asked = if narrower.is_empty() { &authorization.requested } else { &narrower };
    let scopes = match target.resource {
        // Logto grants organization permissions only to a sign-in that named their
        // reserved resource.
        None if !requested(ORGANIZATION_RESOURCE) => Vec::new(),
        _ => target.scopes(&Holder::from(user), asked, tenant),
    };
    let client_id = &authorization.client_id;
    let parties = Parties { sub: &authorization.sub, client_id, actor: None };
    Ok(target.sign(&parties, Some(scopes.join(" ")), tenant))
}

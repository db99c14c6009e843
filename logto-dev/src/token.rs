//! The token endpoint.

use std::sync::Arc;
use std::time::Duration;

use rocket::post;
use serde::Serialize;

use crate::access;
use crate::answer::Answer;
use crate::claims::{self, Place};
use crate::client::{self, Authorization as Header};
use crate::error::OidcError;
use crate::grant::Authorization;
use crate::keys;
use crate::params::{Form, Params};
use crate::tenant::{Generation, Shared, Tenant};

/// What a grant bought, its members in Logto's order.
#[derive(Serialize)]
struct Tokens {
    access_token: String,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
    token_type: &'static str,
}

/// An access token with its scopes and its lifetime in seconds.
pub(crate) struct AccessToken {
    pub(crate) token: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_in: u64,
}

#[post("/oidc/token", data = "<form>")]
pub(crate) fn token(form: &Form, header: Header<'_>, tenant: &Shared) -> Result<Answer, OidcError> {
    let params = &form.0;
    client::authenticate(header, params, tenant)?;
    if let Some(name) = params.repeated() {
        return Err(OidcError::twice(name));
    }
    let tokens = match params.required("grant_type")? {
        "authorization_code" => redeem(params, tenant)?,
        "refresh_token" => refresh(params, tenant)?,
        other => return Err(refused_grant_type(other)),
    };
    Ok(Answer::json(rocket::http::Status::Ok, &tokens).no_store())
}

/// Grant types that Logto knows but does not give to a web application.
fn refused_grant_type(name: &str) -> OidcError {
    let known = [
        "implicit",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ];
    if known.contains(&name) {
        let description = "requested grant type is not allowed for this client";
        return OidcError::invalid_request(description);
    }
    OidcError::new("unsupported_grant_type", "unsupported grant_type requested")
}

fn redeem(params: &Params, tenant: &Tenant) -> Result<Tokens, OidcError> {
    let code = params.required("code")?;
    let redirect_uri = params.required("redirect_uri")?;
    let now = tenant.clock.now();
    let verifier = params.one("code_verifier");
    let authorization = tenant.grants().redeem(code, redirect_uri, verifier, now)?;
    let refresh_token = authorization
        .has_scope("offline_access")
        .then(|| tenant.grants().add_refresh_token(&authorization, now));
    issue(params, &authorization, &authorization.scopes, refresh_token, tenant)
}

fn refresh(params: &Params, tenant: &Tenant) -> Result<Tokens, OidcError> {
    let token = params.required("refresh_token")?;
    let now = tenant.clock.now();
    let authorization = tenant.grants().refresh(token, now)?;
    let scopes = narrowed(params, &authorization)?;
    let mut tokens = issue(params, &authorization, &scopes, None, tenant)?;
    // A confidential application keeps its refresh token until late in its life.
    let rotated = tenant.rotate_refresh_tokens.then(|| tenant.grants().rotate(token, now));
    tokens.refresh_token = Some(rotated.flatten().unwrap_or_else(|| token.to_string()));
    Ok(tokens)
}

/// The scopes of a refresh: all, or fewer if the request names some.
fn narrowed(params: &Params, authorization: &Authorization) -> Result<Vec<String>, OidcError> {
    let asked = params.words("scope");
    if asked.is_empty() {
        return Ok(authorization.scopes.clone());
    }
    if let Some(scope) = asked.iter().find(|scope| !authorization.requested.contains(scope)) {
        let description = "refresh token missing requested scope";
        return Err(OidcError::new("invalid_scope", description).scope(scope));
    }
    let granted = authorization.scopes.iter().filter(|scope| asked.contains(scope));
    Ok(granted.cloned().collect())
}

fn issue(
    params: &Params,
    authorization: &Arc<Authorization>,
    scopes: &[String],
    refresh_token: Option<String>,
    tenant: &Tenant,
) -> Result<Tokens, OidcError> {
    let access = match access::of_request(params, authorization, tenant)? {
        Some(token) => token,
        None => opaque(authorization, scopes, tenant),
    };
    let id_token = scopes
        .iter()
        .any(|scope| scope == "openid")
        .then(|| id_token(authorization, scopes, &access.token, tenant))
        .transpose()?;
    Ok(Tokens {
        access_token: access.token,
        expires_in: access.expires_in,
        id_token,
        refresh_token,
        scope: access.scopes.join(" "),
        token_type: "Bearer",
    })
}

/// The token for user info.
fn opaque(authorization: &Arc<Authorization>, scopes: &[String], tenant: &Tenant) -> AccessToken {
    let scopes = scopes.to_vec();
    let ttl = tenant.access_token_ttl;
    let expires = tenant.clock.now() + ttl;
    let token = tenant.grants().add_access_token(authorization, scopes.clone(), expires);
    AccessToken { token, scopes, expires_in: ttl.as_secs() }
}

const ID_TOKEN_TTL: Duration = Duration::from_secs(3600);

fn id_token(
    authorization: &Authorization,
    scopes: &[String],
    access_token: &str,
    tenant: &Tenant,
) -> Result<String, OidcError> {
    let user = tenant.user_by_id(&authorization.sub).ok_or_else(OidcError::invalid_grant)?;
    let old = tenant.generation == Generation::V1_37;
    let now = keys::unix_seconds();
    let mut claims = claims::of_user(&user, scopes, Place::IdToken, tenant);
    claims.push_some("auth_time", authorization.auth_time);
    claims.push_some("nonce", authorization.nonce.as_deref());
    claims.push_some("at_hash", old.then(|| keys::half_hash(access_token)));
    claims.push("sid", authorization.sid.as_str());
    claims.push("aud", tenant.app.id.as_str());
    claims.push("exp", now + ID_TOKEN_TTL.as_secs());
    claims.push("iat", now);
    claims.push("iss", tenant.issuer());
    Ok(tenant.key.sign(old.then_some("JWT"), &claims))
}

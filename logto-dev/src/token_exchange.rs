//! Token exchange (RFC 8693): a token that stands for a user gets an access token.

use std::sync::Arc;

use crate::access::{self, Holder, Parties, Target};
use crate::authorization::Authorization;
use crate::client::Client;
use crate::error::OidcError;
use crate::issued::AccessToken;
use crate::names::OIDC_SCOPES;
use crate::params::Params;
use crate::random::random;
use crate::subject::IMPERSONATION_PREFIX;
use crate::tenant::Tenant;
use crate::user::User;

const IMPERSONATION: &str = "urn:logto:token-type:impersonation_token";
const PERSONAL: &str = "urn:logto:token-type:personal_access_token";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(crate) fn issue(
    params: &Params,
    client: &Client<'_>,
    tenant: &Tenant,
) -> Result<AccessToken, OidcError> {
    let subject = params.required("subject_token")?;
    let user = user(subject, params.required("subject_token_type")?, tenant)?;
    access::check_membership(params, &user, tenant)?;
    let target = Target::of(params, tenant)?;
    let actor = actor(params, tenant)?;
    // Used up only now: a failed request leaves the token alone.
    if subject.starts_with(IMPERSONATION_PREFIX) && !tenant.grants().subjects.consume(subject) {
        return Err(OidcError::invalid_grant());
    }
    let asked = params.words("scope");
    Ok(match target {
        Some(target) => {
            let scopes = target.scopes(&Holder::from(&user), &asked, tenant).join(" ");
            let (sub, actor) = (user.sub(), actor.as_deref());
            target.sign(&Parties { sub, client_id: client.id, actor }, Some(scopes), tenant)
        }
        None => for_user_info(&user, client, asked, tenant),
    })
}

/// The user that a subject token stands for.
fn user(token: &str, kind: &str, tenant: &Tenant) -> Result<User, OidcError> {
    let impersonates = token.starts_with(IMPERSONATION_PREFIX);
    let sub = match kind {
        IMPERSONATION | ACCESS if impersonates => {
            tenant.grants().subjects.impersonated(token, tenant.clock.now())
        }
        PERSONAL => tenant.grants().subjects.person(token),
        // Logto takes its access tokens for subjects since 1.38.
        ACCESS if !tenant.is_old() => of_access_token(token, tenant),
        _ => None,
    };
    let user = sub.and_then(|sub| tenant.user_by_id(&sub));
    user.filter(|user| !user.suspended).ok_or_else(OidcError::invalid_grant)
}

/// The subject of an access token, opaque or not. An ID token is not accepted, though the
/// same key signed it.
fn of_access_token(token: &str, tenant: &Tenant) -> Option<String> {
    let opaque = tenant.grants().access(token, tenant.clock.now()).map(sub_of);
    opaque.or_else(|| {
        let jwt = tenant.keys.verify(token).ok()?;
        let lives = !tenant.clock.has_reached(jwt.claims["exp"].as_u64()?);
        let fits = jwt.typ.as_deref() == Some("at+jwt") && jwt.claims["client_id"].is_string();
        jwt.claims["sub"].as_str().filter(|_| lives && fits).map(str::to_string)
    })
}

fn sub_of(token: &crate::grant::AccessToken) -> String {
    token.authorization.sub.clone()
}

/// Who acts for the user, if the request names an actor.
fn actor(params: &Params, tenant: &Tenant) -> Result<Option<String>, OidcError> {
    let Some(token) = params.one("actor_token") else { return Ok(None) };
    if params.one("actor_token_type") != Some(ACCESS) {
        return Err(OidcError::invalid_grant());
    }
    let grants = tenant.grants();
    let found = grants.access(token, tenant.clock.now());
    let found = found.filter(|token| token.scopes.iter().any(|scope| scope == "openid"));
    found.map(|token| Some(sub_of(token))).ok_or_else(OidcError::invalid_grant)
}

/// An opaque token, with its own grant.
fn for_user_info(
    user: &User,
    client: &Client<'_>,
    asked: Vec<String>,
    tenant: &Tenant,
) -> AccessToken {
    let known = |scope: &String| OIDC_SCOPES.contains(&scope.as_str());
    let scopes: Vec<_> = asked.into_iter().filter(known).collect();
    let authorization = Authorization {
        grant: random(),
        client_id: client.id.to_string(),
        sub: user.id.clone(),
        scopes: scopes.clone(),
        requested: scopes.clone(),
        resources: Vec::new(),
        nonce: None,
        sid: None,
        auth_time: None,
    };
    access::opaque(&Arc::new(authorization), &scopes, tenant)
}

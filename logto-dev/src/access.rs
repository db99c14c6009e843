//! Access tokens for an API resource, an organization, or both.

use rocket::http::Status;

use crate::claims::{Claims, ORGANIZATIONS};
use crate::error::OidcError;
use crate::grant::Authorization;
use crate::keys;
use crate::organization::{ApiResource, Role};
use crate::params::Params;
use crate::request::ORGANIZATION_RESOURCE;
use crate::tenant::Tenant;
use crate::token::AccessToken;
use crate::user::User;

/// The JWT that a token request asks for with `resource` or `organization_id`,
/// `None` if it asks for neither.
pub(crate) fn of_request(
    params: &Params,
    authorization: &Authorization,
    tenant: &Tenant,
) -> Result<Option<AccessToken>, OidcError> {
    let (resource, organization) = (params.one("resource"), params.one("organization_id"));
    if resource.is_none() && organization.is_none() {
        return Ok(None);
    }
    let user = tenant.user_by_id(&authorization.sub).ok_or_else(OidcError::invalid_grant)?;
    let resource = resource.map(|name| granted(name, authorization, tenant)).transpose()?;
    if let Some(id) = organization {
        check_membership(id, &user, authorization)?;
    }
    let allowed = permissions(resource, organization, &user, authorization, tenant);
    let scopes = narrowed(allowed, params, authorization);
    Ok(Some(sign(resource, organization, scopes, authorization, tenant)))
}

/// A resource that the sign-in asked for. Nothing else can be had later.
fn granted<'t>(
    name: &str,
    authorization: &Authorization,
    tenant: &'t Tenant,
) -> Result<&'t ApiResource, OidcError> {
    let asked = authorization.resources.iter().any(|resource| resource == name);
    tenant.resources.get(name).filter(|_| asked).ok_or_else(OidcError::invalid_target)
}

fn check_membership(
    organization: &str,
    user: &User,
    authorization: &Authorization,
) -> Result<(), OidcError> {
    if !authorization.has_scope(ORGANIZATIONS) {
        let description = "refresh token missing required scope";
        let error = OidcError::new("insufficient_scope", description);
        return Err(error.status(Status::Forbidden).scope(ORGANIZATIONS));
    }
    if !user.organizations.contains_key(organization) {
        let description = "user is not a member of the organization";
        return Err(OidcError::new("access_denied", description).status(Status::Forbidden));
    }
    Ok(())
}

/// Everything the user's roles allow there, in the roles' order.
fn permissions<'t>(
    resource: Option<&ApiResource>,
    organization: Option<&str>,
    user: &User,
    authorization: &Authorization,
    tenant: &'t Tenant,
) -> Vec<&'t String> {
    let names = match organization {
        Some(id) => user.organizations.get(id).map(Vec::as_slice).unwrap_or_default(),
        None => &user.roles,
    };
    let roles = names.iter().filter_map(|name| tenant.roles.get(name));
    match resource {
        Some(resource) => roles.flat_map(|role| resource_permissions(role, resource)).collect(),
        // Logto gives organization permissions only to a sign-in that named
        // their reserved resource.
        None if !authorization.resources.iter().any(|name| name == ORGANIZATION_RESOURCE) => {
            Vec::new()
        }
        None => roles.flat_map(|role| &role.permissions).collect(),
    }
}

fn resource_permissions<'r>(role: &'r Role, resource: &ApiResource) -> &'r [String] {
    role.resources.get(&resource.indicator).map(Vec::as_slice).unwrap_or_default()
}

/// Those of the permissions that were asked for, each once.
fn narrowed(allowed: Vec<&String>, params: &Params, authorization: &Authorization) -> Vec<String> {
    let asked = params.words("scope");
    let mut scopes = Vec::new();
    for scope in allowed {
        let wanted = asked.is_empty() || asked.contains(scope);
        if wanted && authorization.requested.contains(scope) && !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    scopes
}

fn sign(
    resource: Option<&ApiResource>,
    organization: Option<&str>,
    scopes: Vec<String>,
    authorization: &Authorization,
    tenant: &Tenant,
) -> AccessToken {
    let own = resource.and_then(|resource| resource.access_token_ttl);
    let expires_in = own.unwrap_or(tenant.access_token_ttl.as_secs());
    let now = keys::unix_seconds();
    let mut claims = Claims::default();
    claims.push_some("organization_id", organization.filter(|_| resource.is_some()));
    claims.push("jti", tenant.random_id());
    claims.push("sub", authorization.sub.as_str());
    claims.push("iat", now);
    claims.push("exp", now + expires_in);
    claims.push("scope", scopes.join(" "));
    claims.push("client_id", tenant.app.id.as_str());
    claims.push("iss", tenant.issuer());
    let audience = match (resource, organization) {
        (Some(resource), _) => resource.indicator.clone(),
        (None, id) => format!("urn:logto:organization:{}", id.unwrap_or_default()),
    };
    claims.push("aud", audience);
    AccessToken { token: tenant.key.sign(Some("at+jwt"), &claims), scopes, expires_in }
}

//! Access tokens: for an API resource, an organization or both, and for user info.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use crate::app::MachineApp;
use crate::authorization::Authorization;
use crate::claims::Claims;
use crate::clock;
use crate::error::OidcError;
use crate::grant;
use crate::issued::AccessToken;
use crate::organization::{ApiResource, Role};
use crate::params::Params;
use crate::tenant::Tenant;
use crate::user::User;

/// What an access token is for.
pub(crate) struct Target<'a> {
    pub(crate) resource: Option<&'a ApiResource>,
    pub(crate) organization: Option<&'a str>,
}

/// Whose roles count.
pub(crate) struct Holder<'a> {
    roles: &'a [String],
    organizations: &'a BTreeMap<String, Vec<String>>,
}

impl<'a> From<&'a User> for Holder<'a> {
    fn from(user: &'a User) -> Self {
        Self { roles: &user.roles, organizations: &user.organizations }
    }
}

impl<'a> From<&'a MachineApp> for Holder<'a> {
    fn from(app: &'a MachineApp) -> Self {
        Self { roles: &app.roles, organizations: &app.organizations }
    }
}

/// Whom a token is about, and who requested it.
pub(crate) struct Parties<'a> {
    pub(crate) sub: &'a str,
    pub(crate) client_id: &'a str,
    /// Who acts for the subject (RFC 8693, section 4.1).
    pub(crate) actor: Option<&'a str>,
}

impl<'a> Target<'a> {
    /// What a token request names with `resource` and `organization_id`, `None`
    /// if it names neither.
    pub(crate) fn of(params: &'a Params, tenant: &'a Tenant) -> Result<Option<Self>, OidcError> {
        let mut names = params.all("resource");
        let name = names.next();
        if names.next().is_some() {
            let description =
                "only a single resource indicator value is supported for this grant type";
            return Err(OidcError::new("invalid_target", description));
        }
        let known = |name| tenant.resources.get(name).ok_or_else(OidcError::invalid_target);
        let resource = name.map(known).transpose()?;
        let organization = params.one("organization_id");
        let named = resource.is_some() || organization.is_some();
        Ok(named.then_some(Self { resource, organization }))
    }

    /// The requested scopes that the holder's roles allow here, each once. Like Logto, in
    /// the order of the request for a resource, and of the roles for an organization.
    pub(crate) fn scopes(
        &self,
        holder: &Holder<'_>,
        asked: &[String],
        tenant: &Tenant,
    ) -> Vec<String> {
        let allowed = self.permissions(holder, tenant);
        let mut scopes = Vec::new();
        let candidates = match self.resource {
            Some(_) => asked.iter().filter(|scope| allowed.contains(scope)).collect::<Vec<_>>(),
            None => allowed.into_iter().filter(|scope| asked.contains(scope)).collect(),
        };
        for scope in candidates {
            if !scopes.contains(scope) {
                scopes.push(scope.clone());
            }
        }
        scopes
    }

    /// Everything that the holder's roles allow here.
    fn permissions<'t>(&self, holder: &Holder<'_>, tenant: &'t Tenant) -> Vec<&'t String> {
        let names = match self.organization {
            Some(id) => holder.organizations.get(id).map(Vec::as_slice).unwrap_or_default(),
            None => holder.roles,
        };
        let roles = names.iter().filter_map(|name| tenant.roles.get(name));
        match self.resource {
            Some(resource) => roles.flat_map(|role| resource_permissions(role, resource)).collect(),
            None => roles.flat_map(|role| &role.permissions).collect(),
        }
    }

    /// Signs the token. Only a machine's token for a resource can lack `scope`; others
    /// have an empty one.
    pub(crate) fn sign(
        &self,
        parties: &Parties<'_>,
        scope: Option<String>,
        tenant: &Tenant,
    ) -> AccessToken {
        let own = self.resource.and_then(|resource| resource.access_token_ttl);
        let expires_in = own.unwrap_or(tenant.settings.access_token_ttl.as_secs());
        let now = clock::unix_seconds();
        let mut claims = Claims::default();
        claims.push_some("organization_id", self.organization.filter(|_| self.resource.is_some()));
        claims.push_some("act", parties.actor.map(|sub| json!({ "sub": sub })));
        claims.push("jti", tenant.random_id());
        claims.push("sub", parties.sub);
        claims.push("iat", now);
        claims.push("exp", now + expires_in);
        claims.push_some("scope", scope.as_deref());
        claims.push("client_id", parties.client_id);
        claims.push("iss", tenant.issuer());
        claims.push("aud", self.audience());
        AccessToken { token: tenant.keys.sign(Some("at+jwt"), &claims), scope, expires_in }
    }

    fn audience(&self) -> String {
        match (self.resource, self.organization) {
            (Some(resource), _) => resource.indicator.clone(),
            (None, id) => format!("urn:logto:organization:{}", id.unwrap_or_default()),
        }
    }
}

fn resource_permissions<'r>(role: &'r Role, resource: &ApiResource) -> &'r [String] {
    role.resources.get(&resource.indicator).map(Vec::as_slice).unwrap_or_default()
}

/// The token for user info.
pub(crate) fn opaque(
    authorization: &Arc<Authorization>,
    scopes: &[String],
    tenant: &Tenant,
) -> AccessToken {
    let (issued, ttl) = (tenant.clock.now(), tenant.settings.access_token_ttl);
    let token = tenant.grants().add_access_token(grant::AccessToken {
        authorization: Arc::clone(authorization),
        scopes: scopes.to_vec(),
        issued,
        expires: issued + ttl,
    });
    AccessToken { token, scope: Some(scopes.join(" ")), expires_in: ttl.as_secs() }
}

/// Checks that a user belongs to the organization that a request names, and may act
/// there.
pub(crate) fn check_membership(
    params: &Params,
    user: &User,
    tenant: &Tenant,
) -> Result<(), OidcError> {
    let Some(id) = params.one("organization_id") else { return Ok(()) };
    if !user.organizations.contains_key(id) {
        return Err(OidcError::forbidden("user is not a member of the organization"));
    }
    if tenant.organizations.get(id).is_some_and(|found| found.requires_mfa) {
        let description = "organization requires MFA but user has no MFA configured";
        return Err(OidcError::forbidden(description));
    }
    Ok(())
}

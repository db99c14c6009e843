//! Tokens of the machine-to-machine application, in its own name.

use crate::access::{Holder, Parties, Target};
use crate::error::OidcError;
use crate::issued::AccessToken;
use crate::params::Params;
use crate::tenant::Tenant;

pub(crate) fn issue(params: &Params, tenant: &Tenant) -> Result<AccessToken, OidcError> {
    let app = &tenant.machine_app;
    if params.one("organization_id").is_some_and(|id| !app.organizations.contains_key(id)) {
        return Err(OidcError::forbidden("app has not associated with the organization"));
    }
    let target = Target::of(params, tenant)?.ok_or_else(|| {
        let description = "both `resource` and `organization_id` are not provided";
        OidcError::new("invalid_target", description)
    })?;
    // Nothing is granted that was not requested by name.
    let scopes = target.scopes(&Holder::from(app), &params.words("scope"), tenant);
    // For a resource, Logto leaves out a scope that would be empty.
    let absent = scopes.is_empty() && target.resource.is_some();
    let scope = (!absent).then(|| scopes.join(" "));
    let parties = Parties { sub: &app.id, client_id: &app.id, actor: None };
    Ok(target.sign(&parties, scope, tenant))
}

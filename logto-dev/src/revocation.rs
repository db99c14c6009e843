//! The revocation endpoint.

use rocket::http::Status;
use rocket::post;

use crate::answer::Answer;
use crate::client::{self, Authorization};
use crate::error::OidcError;
use crate::params::Form;
use crate::tenant::{Shared, Tenant};

#[post("/oidc/token/revocation", data = "<form>")]
pub(crate) fn revoke(
    form: &Form,
    header: Authorization<'_>,
    tenant: &Shared,
) -> Result<Answer, OidcError> {
    let params = &form.0;
    client::authenticate(header, params, tenant)?;
    if let Some(name) = params.repeated() {
        return Err(OidcError::twice(name));
    }
    let token = params.required("token")?;
    if token.split('.').count() == 3 {
        return Ok(revoke_jwt(tenant));
    }
    revoke_opaque(token, tenant);
    // The answer does not reveal whether the token existed.
    Ok(Answer::empty())
}

fn revoke_jwt(tenant: &Tenant) -> Answer {
    if tenant.is_old() {
        return Answer::empty();
    }
    let description = "Structured JWT Tokens cannot be revoked via the revocation_endpoint";
    let error = OidcError::new("unsupported_token_type", description);
    // Unlike other errors, this one may be cached.
    Answer::json(Status::BadRequest, &error)
}

fn revoke_opaque(token: &str, tenant: &Tenant) {
    let mut grants = tenant.grants();
    if let Some(grant) = grants.grant_of_refresh_token(token) {
        return grants.revoke(&grant);
    }
    let grant = grants.remove_access_token(token);
    // Up to 1.41 the rest of the grant outlives an access token.
    if let Some(grant) = grant.filter(|_| !tenant.is_old()) {
        grants.revoke(&grant);
    }
}

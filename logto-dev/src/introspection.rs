//! The introspection endpoint (RFC 7662).

use rocket::http::Status;
use rocket::post;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::claims::Claims;
use crate::client::{self, Authorization};
use crate::error::OidcError;
use crate::grant::Description;
use crate::params::Form;
use crate::tenant::{Shared, Tenant};

#[post("/oidc/token/introspection", data = "<form>")]
pub(crate) fn introspect(
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
    if token.split('.').count() == 3 && !tenant.is_old() {
        let description =
            "Structured JWT Tokens cannot be introspected via the introspection_endpoint";
        return Err(OidcError::new("unsupported_token_type", description));
    }
    let described = tenant.grants().describe(token, tenant.clock.now());
    let answer = match described {
        Some(token) => Answer::json(Status::Ok, &active(&token, tenant)),
        None => Answer::json(Status::Ok, &json!({ "active": false })),
    };
    Ok(answer.no_store())
}

/// What Logto answers for a working token, in its order.
fn active(token: &Description, tenant: &Tenant) -> Claims {
    let authorization = &token.authorization;
    let mut claims = Claims::default();
    claims.push("active", true);
    claims.push("sub", authorization.sub.as_str());
    claims.push("client_id", authorization.client_id.as_str());
    claims.push("exp", tenant.clock.unix_seconds(token.expires));
    claims.push("iat", tenant.clock.unix_seconds(token.issued));
    claims.push_some("sid", tenant.app.named_session(authorization.sid.as_deref()));
    claims.push("iss", tenant.issuer());
    claims.push("scope", token.scopes.join(" "));
    claims.push_some("token_type", token.is_access_token.then(|| Value::from("Bearer")));
    claims
}

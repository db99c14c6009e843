//! The token endpoint.

use rocket::post;

use crate::answer::Answer;
use crate::client::{self, Authorization, Client};
use crate::error::OidcError;
use crate::names::GRANT_TYPES;
use crate::params::Form;
use crate::tenant::{Shared, Tenant};
use crate::{client_credentials, sign_in_tokens, token_exchange};

#[post("/oidc/token", data = "<form>")]
pub(crate) fn token(
    form: &Form,
    header: Authorization<'_>,
    tenant: &Shared,
) -> Result<Answer, OidcError> {
    let params = &form.0;
    let client = client::authenticate(header, params, tenant)?;
    if let Some(name) = params.repeated() {
        return Err(OidcError::twice(name));
    }
    let tokens = match granted_type(params.required("grant_type")?, &client, tenant)? {
        GrantType::AuthorizationCode => sign_in_tokens::redeem(params, tenant)?,
        GrantType::RefreshToken => sign_in_tokens::refresh(params, tenant)?,
        GrantType::ClientCredentials => client_credentials::issue(params, tenant)?.into(),
        GrantType::TokenExchange => token_exchange::issue(params, &client, tenant)?.into(),
    };
    Ok(Answer::json(rocket::http::Status::Ok, &tokens).no_store())
}

enum GrantType {
    AuthorizationCode,
    RefreshToken,
    ClientCredentials,
    TokenExchange,
}

/// The grant type, if this kind of application may use it.
fn granted_type(name: &str, client: &Client<'_>, tenant: &Tenant) -> Result<GrantType, OidcError> {
    match name {
        "authorization_code" if !client.is_machine => Ok(GrantType::AuthorizationCode),
        "refresh_token" if !client.is_machine => Ok(GrantType::RefreshToken),
        "client_credentials" if client.is_machine => Ok(GrantType::ClientCredentials),
        "urn:ietf:params:oauth:grant-type:token-exchange" if tenant.settings.token_exchange => {
            Ok(GrantType::TokenExchange)
        }
        known if GRANT_TYPES.contains(&known) => {
            let description = "requested grant type is not allowed for this client";
            Err(OidcError::invalid_request(description))
        }
        _ => {
            let description = "unsupported grant_type requested";
            Err(OidcError::new("unsupported_grant_type", description))
        }
    }
}

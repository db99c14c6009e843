//! Tokens, as the token endpoint issues them.

use serde::Serialize;

/// The token endpoint's answer, its members in Logto's order.
#[derive(Serialize)]
pub(crate) struct Tokens {
    access_token: String,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    token_type: &'static str,
}

/// An access token with its scopes and its lifetime in seconds.
pub(crate) struct AccessToken {
    pub(crate) token: String,
    pub(crate) scope: Option<String>,
    pub(crate) expires_in: u64,
}

impl From<AccessToken> for Tokens {
    fn from(access: AccessToken) -> Self {
        Self {
            access_token: access.token,
            expires_in: access.expires_in,
            id_token: None,
            refresh_token: None,
            scope: access.scope,
            token_type: "Bearer",
        }
    }
}

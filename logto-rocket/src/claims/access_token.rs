use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::Claim;
use super::accessors::raw_claims;
use super::read::{Shape, claims};
use super::set::ClaimSet;

/// What an access token contains.
///
/// A token for an API resource or an organization is a JWT, and its claims can be read. A
/// token for Logto itself is opaque: a random string that only Logto understands. That is
/// not an error.
#[derive(Clone, Debug, PartialEq)]
pub enum TokenClaims {
    /// The token has no claims that anyone but Logto could read.
    Opaque,
    /// The token is a JWT with these claims.
    Jwt(AccessTokenClaims),
}

impl TokenClaims {
    /// The claims, or `None` if the token is opaque.
    pub fn jwt(&self) -> Option<&AccessTokenClaims> {
        match self {
            Self::Opaque => None,
            Self::Jwt(claims) => Some(claims),
        }
    }

    /// Reads an access token without verifying it.
    pub(crate) fn read(token: &str) -> Self {
        AccessTokenClaims::parse(token).map_or(Self::Opaque, Self::Jwt)
    }
}

/// The claims of an access token that is a JWT (RFC 9068).
///
/// Any of them may be absent: Logto leaves out `scope` for some applications,
/// `organization_id` for most tokens, and a script of the tenant may add any claim. It
/// serializes like [`IdTokenClaims`](crate::IdTokenClaims).
///
/// # Security
///
/// The claims are read, not verified: their token came from Logto's token endpoint over
/// TLS. That is enough to show what it permits. It is not enough for a token that a
/// client sent to this application.
///
/// # Example
///
/// ```rust
/// use logto_rocket::AccessTokenClaims;
///
/// let claims: AccessTokenClaims = serde_json::from_str(
///     r#"{ "sub": "u1", "aud": "https://api.example.com", "scope": "read:items" }"#,
/// )?;
///
/// assert_eq!(claims.audiences().unwrap_or_default(), ["https://api.example.com"]);
/// assert!(claims.has_scope("read:items"));
/// assert!(claims.organization_id().is_absent());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AccessTokenClaims(ClaimSet);

const SHAPE: Shape = Shape {
    order: &["iss", "sub", "aud", "exp", "iat", "scope", "client_id"],
    required: &[],
    protocol: &[],
};

/// No token from Logto comes near it.
const MAX_BYTES: usize = 1 << 20;

claims!(AccessTokenClaims, SHAPE);
raw_claims!(AccessTokenClaims);

impl AccessTokenClaims {
    /// The Logto that issued the token (`iss`).
    pub fn issuer(&self) -> Claim<&str> {
        self.0.text("iss")
    }

    /// The subject of the token (`sub`): the user's id, or the application's id if no
    /// user is involved.
    pub fn subject(&self) -> Claim<&str> {
        self.0.text("sub")
    }

    /// The audience of the token (`aud`): an API resource, or an organization as
    /// [`organization_urn()`](crate::organization_urn) writes it.
    pub fn audiences(&self) -> Claim<Vec<&str>> {
        self.0.one_or_more("aud")
    }

    /// When the token expires (`exp`).
    pub fn expires_at(&self) -> Claim<SystemTime> {
        self.0.seconds("exp")
    }

    /// When the token was issued (`iat`).
    pub fn issued_at(&self) -> Claim<SystemTime> {
        self.0.seconds("iat")
    }

    /// The token's own id (`jti`).
    pub fn jti(&self) -> Claim<&str> {
        self.0.text("jti")
    }

    /// What the token permits (`scope`). Empty if the claim is empty or absent.
    pub fn scopes(&self) -> Vec<&str> {
        self.0.text("scope").unwrap_or_default().split_ascii_whitespace().collect()
    }

    /// Whether the token has this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes().contains(&scope)
    }

    /// The application that asked for the token.
    pub fn client_id(&self) -> Claim<&str> {
        self.0.text("client_id")
    }

    /// The organization in which the token permits the use of an API resource. A token
    /// for an organization itself names it in its [`audiences()`](Self::audiences).
    pub fn organization_id(&self) -> Claim<&str> {
        self.0.text("organization_id")
    }

    /// The id of the user who acts for the subject (`act.sub`, RFC 8693 section 4.1);
    /// [`get()`](Self::get) returns the whole chain.
    pub fn actor(&self) -> Claim<&str> {
        self.0.get("act").read(|act| act.get("sub")?.as_str())
    }

    /// Reads the claims of a JWT without verifying it. `None` for an opaque token and for
    /// anything else that is not a JWT or is longer than a MiB.
    pub(crate) fn parse(jwt: &str) -> Option<Self> {
        if jwt.len() > MAX_BYTES {
            return None;
        }
        let parts: Vec<_> = jwt.splitn(4, '.').collect();
        let [header, payload, signature] = parts[..] else { return None };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
        serde_json::from_slice::<Map<String, Value>>(&decode(header)?).ok()?;
        decode(signature)?;
        serde_json::from_slice(&decode(payload)?).ok()
    }
}

#[cfg(test)]
mod tests;

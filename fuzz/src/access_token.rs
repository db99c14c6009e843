use std::str;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logto_rocket::AccessTokenClaims;
use logto_rocket::internal::access_token_claims;

use crate::claims::stable;

/// T18, S18: what is read in an access token is the middle of a JWT, and any other token
/// is opaque.
///
/// The bytes are a token, and a token's claims.
pub fn access_token(data: &[u8]) {
    if let Ok(token) = str::from_utf8(data) {
        opaque_or_a_jwt(token);
    }
    let token = format!("e30.{}.", URL_SAFE_NO_PAD.encode(data));
    let claims = access_token_claims(&token);
    assert_eq!(claims, stable::<AccessTokenClaims>(data));
    if let Some(claims) = claims {
        read(&claims);
    }
}

fn opaque_or_a_jwt(token: &str) {
    let Some(claims) = access_token_claims(token) else { return };
    let parts: Vec<_> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    let payload = URL_SAFE_NO_PAD.decode(parts[1]).expect("a payload");
    assert_eq!(stable(&payload), Some(claims), "{token}");
}

/// Every way to read it, none of which panics.
fn read(claims: &AccessTokenClaims) {
    let _ = (claims.issuer(), claims.subject(), claims.audiences(), claims.expires_at());
    let _ = (claims.issued_at(), claims.jti(), claims.client_id(), claims.organization_id());
    let _ = claims.actor();
    for scope in claims.scopes() {
        assert!(claims.has_scope(scope) && !scope.contains(' '), "{scope:?}");
    }
    for name in claims.names() {
        assert!(!claims.get(name).is_absent());
    }
}

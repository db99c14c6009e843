//! ID tokens.

use std::time::Duration;

use crate::authorization::Authorization;
use crate::claims::{self, Place};
use crate::clock;
use crate::hash;
use crate::tenant::Tenant;
use crate::user::User;

const ID_TOKEN_TTL: Duration = Duration::from_secs(3600);

/// The ID token that accompanies an access token.
pub(crate) fn of_user(
    user: &User,
    authorization: &Authorization,
    scopes: &[String],
    access_token: &str,
    tenant: &Tenant,
) -> String {
    let old = tenant.is_old();
    let now = clock::unix_seconds();
    let mut claims = claims::of_user(user, scopes, Place::IdToken, tenant);
    claims.push_some("auth_time", authorization.auth_time);
    claims.push_some("nonce", authorization.nonce.as_deref());
    let hash = tenant.keys.current().hash();
    claims.push_some("at_hash", old.then(|| hash::half(access_token, hash)));
    claims.push_some("sid", tenant.app.named_session(authorization.sid.as_deref()));
    claims.push("aud", tenant.app.id.as_str());
    claims.push("exp", now + ID_TOKEN_TTL.as_secs());
    claims.push("iat", now);
    claims.push("iss", tenant.issuer());
    tenant.keys.sign(old.then_some("JWT"), &claims)
}

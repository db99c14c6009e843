//! Access tokens for this application's own API (RFC 9068).

use serde::Deserialize;

use super::compact::{is_type, some_date};
use super::logout::MAX_ID;
use crate::auth_info::AuthInfo;
use crate::claims::{AccessTokenClaims, numeric_date};

/// The content of an access token with a valid signature, for any route.
#[derive(Debug)]
pub(crate) struct Verified {
    pub(crate) auth: AuthInfo,
    /// When it expires, in seconds by Logto's clock.
    pub(crate) expires_at: i64,
}

/// The claims that decide whether a token is one (RFC 9068 section 2.2).
#[derive(Deserialize)]
struct AccessClaims {
    iss: String,
    #[serde(deserialize_with = "numeric_date")]
    exp: i64,
    #[serde(deserialize_with = "numeric_date")]
    iat: i64,
    #[serde(default, deserialize_with = "some_date")]
    nbf: Option<i64>,
    sub: String,
    /// With another type, it would pass for absent, and so the token for one without an
    /// organization.
    #[serde(default, rename = "organization_id")]
    _organization_id: Option<String>,
}

/// Refuses tokens of another type: an ID token or a logout token grants nothing (RFC 9068
/// section 4).
pub(super) fn check_type(typ: Option<&str>) -> Result<(), &'static str> {
    match typ.is_some_and(|typ| is_type(typ, "at+jwt")) {
        true => Ok(()),
        false => Err("`typ` is not the type of an access token"),
    }
}

/// Reads the claims of a token with a valid signature.
pub(super) fn read(
    payload: &str,
    issuer: &str,
    now: i64,
    skew: i64,
) -> Result<Verified, &'static str> {
    const FORM: &str = "a claim is missing or has the wrong type";
    let claims: AccessClaims = serde_json::from_str(payload).map_err(|_| FORM)?;
    if claims.iss != issuer {
        return Err("`iss` is not this Logto");
    }
    if claims.exp <= now.saturating_sub(skew) {
        return Err("it has expired");
    }
    let latest = now.saturating_add(skew);
    if claims.iat > latest || claims.nbf.is_some_and(|nbf| nbf > latest) {
        return Err("it is not valid yet; check this machine's clock");
    }
    if !(1..=MAX_ID).contains(&claims.sub.len()) {
        return Err("`sub` is empty or too long");
    }
    let all: AccessTokenClaims = serde_json::from_str(payload).map_err(|_| FORM)?;
    let auth = AuthInfo::of(all).ok_or(FORM)?;
    Ok(Verified { auth, expires_at: claims.exp })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: i64 = 1_000_000;

    fn claims() -> Value {
        json!({
            "jti": "j", "sub": "alice", "iat": NOW, "exp": NOW + 3600, "scope": "read:items",
            "client_id": "app", "iss": "https://foo.logto.app/oidc",
            "aud": "https://api.example.com",
        })
    }

    fn read_at(claims: &Value, now: i64) -> Result<Verified, &'static str> {
        read(&claims.to_string(), "https://foo.logto.app/oidc", now, 60)
    }

    /// W3: `typ` tells an access token from an ID token and a logout token.
    #[test]
    fn only_at_jwt_is_the_type_of_an_access_token() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
            assert!(check_type(Some(typ)).is_ok(), "{typ}");
        }
        for typ in [None, Some(""), Some("JWT"), Some("logout+jwt"), Some("text/at+jwt")] {
            assert!(check_type(typ).is_err(), "{typ:?}");
        }
    }

    /// W3: issuer, times and subject, each of them of the right type.
    #[test]
    fn a_token_with_a_wrong_claim_is_refused() {
        assert!(read_at(&claims(), NOW).is_ok());
        for (name, wrong) in [
            ("iss", json!("https://bar.logto.app/oidc")),
            ("iss", json!("https://foo.logto.app/oidc/")),
            ("iss", json!(["https://foo.logto.app/oidc"])),
            ("exp", json!(NOW - 60)),
            ("exp", json!("soon")),
            ("exp", Value::Null),
            ("iat", json!(NOW + 61)),
            ("iat", json!(true)),
            ("nbf", json!(NOW + 61)),
            ("nbf", Value::Null),
            ("sub", json!("")),
            ("sub", json!(7)),
            ("sub", json!("x".repeat(256))),
            ("organization_id", json!(7)),
            ("organization_id", json!(["acme"])),
        ] {
            let mut claims = claims();
            claims[name] = wrong.clone();
            assert!(read_at(&claims, NOW).is_err(), "{name}: {wrong}");
        }
        for name in ["iss", "exp", "iat", "sub"] {
            let mut claims = claims();
            claims.as_object_mut().expect("claims").remove(name);
            assert!(read_at(&claims, NOW).is_err(), "without {name}");
        }
        let twice = claims().to_string().replace("{", r#"{"scope":"admin","#);
        assert!(read(&twice, "https://foo.logto.app/oidc", NOW, 60).is_err());
    }

    /// W3: the clocks may differ by as much as the configuration says.
    #[test]
    fn clocks_may_differ() {
        for now in [NOW - 60, NOW, NOW + 3659] {
            assert!(read_at(&claims(), now).is_ok(), "{now}");
        }
        for now in [NOW - 61, NOW + 3660] {
            assert!(read_at(&claims(), now).is_err(), "{now}");
        }
    }

    /// W2: an absent or odd claim permits nothing.
    #[test]
    fn what_is_absent_permits_nothing() {
        let mut claims = claims();
        claims["roles"] = json!(["admin"]);
        let auth = read_at(&claims, NOW).expect("a token").auth;
        assert_eq!((auth.scopes.len(), auth.roles()), (1, vec!["admin"]));
        for odd in [json!(["admin", 7]), json!("admin"), json!({"admin": true}), Value::Null] {
            claims["roles"] = odd.clone();
            claims["scope"] = odd.clone();
            claims["aud"] = json!({"x": odd});
            let auth = read_at(&claims, NOW).expect("a token").auth;
            assert!(auth.roles().is_empty() && auth.audience.is_empty(), "{odd}");
            assert!(!auth.has_scope("read:items"), "{odd}");
        }
    }
}

//! ID token checks that openidconnect leaves out or does differently.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::CoreJwsSigningAlgorithm;
use openidconnect::{AccessToken, Nonce};
use serde_json::Value;

use super::{Expected, invalid};
use crate::claims::IdTokenClaims;
use crate::error::{Error, ErrorKind};
use crate::jwks::hash;
use crate::seal;
use crate::signed::Unverified;

/// What openidconnect leaves out: `azp`, the form of `sub`, and that times are times.
pub(super) fn check_claims(claims: &IdTokenClaims, app_id: &str) -> Result<(), Unverified> {
    // Far beyond any real time; keeps arithmetic from overflowing.
    const LAST: i64 = 1 << 53;
    for name in ["exp", "iat"] {
        if !claims.whole_seconds(name).is_some_and(|n| (0..LAST).contains(&n)) {
            return Err(invalid("`exp` or `iat` is not a time"));
        }
    }
    if !claims.get("nbf").is_absent() && claims.whole_seconds("nbf").is_none() {
        return Err(invalid("`nbf` is not a time"));
    }
    let azp = claims.get("azp");
    if !azp.is_absent() && azp.value().and_then(Value::as_str) != Some(app_id) {
        return Err(invalid("`azp` is not this application"));
    }
    if !(1..=255).contains(&claims.subject().len()) {
        return Err(invalid("`sub` is empty or too long"));
    }
    Ok(())
}

/// Refuses a token that will only be valid in a while, if the clocks of Logto and this
/// machine are right.
pub(super) fn check_begun(claims: &IdTokenClaims, latest: i64) -> Result<(), Unverified> {
    for (name, detail) in [
        ("iat", "`iat` is in the future; check this machine's clock"),
        ("nbf", "`nbf` is in the future; check this machine's clock"),
    ] {
        if claims.whole_seconds(name).is_some_and(|time| time > latest) {
            return Err(Unverified::NotYet(Error::new(ErrorKind::InvalidIdToken, detail)));
        }
    }
    Ok(())
}

pub(super) fn check_nonce(nonce: Option<&Nonce>, expected: Expected<'_>) -> Result<(), String> {
    let hash = |nonce: &Nonce| seal::sha256(nonce.secret().as_bytes());
    let (nonce, expected) = match (nonce, expected) {
        (Some(nonce), Expected::Nonce(expected)) => (hash(nonce), hash(expected)),
        (Some(nonce), Expected::Same { nonce_hash, .. }) => (hash(nonce), *nonce_hash),
        // Section 12.2: a refreshed ID token need not have one.
        (None, Expected::Same { .. }) => return Ok(()),
        (None, Expected::Nonce(_)) => return Err("missing".into()),
    };
    if seal::same_secret(&nonce, &expected) { Ok(()) } else { Err("another one".into()) }
}

/// Section 3.1.3.6: the left half of the access token's hash, with the hash function of
/// the ID token's algorithm. Logto sends it up to 1.41. An algorithm with an unknown hash
/// cannot be checked and is refused.
pub(super) fn check_at_hash(
    claims: &IdTokenClaims,
    algorithm: &CoreJwsSigningAlgorithm,
    access_token: &AccessToken,
) -> Result<(), Unverified> {
    let Some(at_hash) = claims.get("at_hash").value() else { return Ok(()) };
    let hash = hash(algorithm)
        .ok_or_else(|| invalid("`at_hash` cannot be checked with this algorithm"))?;
    let digest = digest::digest(hash, access_token.secret().as_bytes());
    let half = URL_SAFE_NO_PAD.encode(&digest.as_ref()[..digest.as_ref().len() / 2]);
    match at_hash.as_str() {
        Some(given) if seal::same_secret(given.as_bytes(), half.as_bytes()) => Ok(()),
        _ => Err(invalid("`at_hash` does not match the access token")),
    }
}

/// Section 12.2: the refreshed token must be of the same provider, user and
/// sign-in.
pub(super) fn check_same(claims: &IdTokenClaims, first: &IdTokenClaims) -> Result<(), Unverified> {
    let same = claims.issuer() == first.issuer() && claims.subject() == first.subject();
    let auth_time = claims.get("auth_time").value();
    let same_time = auth_time.is_none() || auth_time == first.get("auth_time").value();
    if same && same_time {
        Ok(())
    } else {
        Err(invalid("the refreshed one is from another sign-in"))
    }
}

#[cfg(test)]
mod tests {
    use CoreJwsSigningAlgorithm as Algorithm;
    use serde_json::json;

    use super::*;

    /// The access token of OpenID Connect Core, appendix A.3.
    const ACCESS_TOKEN: &str = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    const SHA256: &str = "77QmUPtjPfzWtF2AnpK9RQ";
    const SHA384: &str = "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs";
    const SHA512: &str = "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM";

    fn is_accepted(at_hash: &str, algorithm: &Algorithm) -> bool {
        let claims = json!({"iss": "i", "sub": "u", "aud": "a", "exp": 2, "iat": 1});
        let mut claims = claims.as_object().expect("an object").clone();
        claims.insert("at_hash".into(), at_hash.into());
        let claims = serde_json::from_value(claims.into()).expect("claims");
        check_at_hash(&claims, algorithm, &AccessToken::new(ACCESS_TOKEN.into())).is_ok()
    }

    /// T16, T24: each algorithm has its hash, and a token with any other is refused.
    #[test]
    fn at_hash_is_made_with_the_hash_of_the_algorithm() {
        for (algorithm, right) in [
            (Algorithm::RsaSsaPkcs1V15Sha256, SHA256),
            (Algorithm::RsaSsaPssSha256, SHA256),
            (Algorithm::EcdsaP256Sha256, SHA256),
            (Algorithm::RsaSsaPssSha384, SHA384),
            (Algorithm::EcdsaP384Sha384, SHA384),
            (Algorithm::RsaSsaPkcs1V15Sha512, SHA512),
            (Algorithm::EcdsaP521Sha512, SHA512),
            (Algorithm::EdDsa, SHA512),
        ] {
            for hash in [SHA256, SHA384, SHA512, ""] {
                assert_eq!(is_accepted(hash, &algorithm), hash == right, "{algorithm:?}");
            }
        }
        for unknown in [Algorithm::HmacSha256, Algorithm::HmacSha512, Algorithm::None] {
            for hash in [SHA256, SHA384, SHA512, ""] {
                assert!(!is_accepted(hash, &unknown), "{unknown:?}");
            }
        }
    }
}

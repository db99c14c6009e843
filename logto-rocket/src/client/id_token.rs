//! The verification of ID tokens: openidconnect's, and what it leaves out.

use std::str::FromStr as _;
use std::sync::Arc;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, ClaimsVerificationError, ClientId, IssuerUrl, Nonce, SignatureVerificationError,
};
use serde_json::Value;

use super::{Client, no_url};
use crate::claims::IdTokenClaims;
use crate::clock::Timestamp;
use crate::discovery::ProviderMetadata;
use crate::error::{Error, ErrorKind, Result};
use crate::jwks::{KeySet, Source};
use crate::seal;

/// What an ID token is compared with.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// A new sign-in with this nonce.
    Nonce(&'a Nonce),
    /// A refresh of the session with these first claims.
    Same { claims: &'a IdTokenClaims, nonce_hash: &'a [u8; 32] },
}

impl Client {
    /// Verifies an ID token (OpenID Connect Core, section 3.1.3.7). When a key or
    /// algorithm is not known, keys and metadata are fetched again once: the
    /// provider may have rotated them.
    pub(super) async fn verify(
        &self,
        id_token: &str,
        expected: Expected<'_>,
        access_token: &AccessToken,
    ) -> Result<IdTokenClaims> {
        let metadata = self.metadata().await?;
        let keys = self.jwks.keys(&metadata.jwks_uri).await?;
        match self.verify_with(id_token, &metadata, &keys, expected, access_token) {
            Err(Failure::UnknownKey) => {
                let renewed = self.jwks.renew(&metadata.jwks_uri, &keys, Source::TokenEndpoint);
                let keys = renewed.await?.ok_or_else(fetched_a_moment_ago)?;
                let metadata = self.discovery.renew(&metadata).await?;
                self.verify_with(id_token, &metadata, &keys, expected, access_token)
                    .map_err(Failure::into_error)
            }
            result => result.map_err(Failure::into_error),
        }
    }

    fn verify_with(
        &self,
        id_token: &str,
        metadata: &ProviderMetadata,
        keys: &Arc<KeySet>,
        expected: Expected<'_>,
        access_token: &AccessToken,
    ) -> Result<IdTokenClaims, Failure> {
        let now = Timestamp::now().seconds();
        let skew = i64::try_from(self.clock_skew.as_secs()).unwrap_or(0);
        let issuer =
            IssuerUrl::new(metadata.issuer.clone()).map_err(|_| Failure::Other(no_url()))?;
        let app_id = ClientId::new(self.app_id.clone());
        let token = CoreIdToken::from_str(id_token).map_err(|_| invalid("it has not its form"))?;
        let verifier = CoreIdTokenVerifier::new_public_client(app_id, issuer, keys.keys.clone())
            .set_allowed_algs(keys.algorithms(&metadata.id_token_signing_alg_values_supported))
            .set_time_fn(move || time(now - skew));
        token.claims(&verifier, |nonce: Option<&Nonce>| check_nonce(nonce, expected))?;

        let payload = payload(id_token)?;
        let claims: IdTokenClaims = serde_json::from_slice(&payload)
            .map_err(|_| invalid("a claim is missing or has the wrong type"))?;
        self.check_claims(&claims, now, skew)?;
        check_at_hash(&claims, token.signing_alg().ok(), access_token)?;
        if let Expected::Same { claims: first, .. } = expected {
            check_same(&claims, first)?;
        }
        Ok(claims)
    }

    /// What openidconnect leaves out: `azp`, `nbf`, `iat` and the form of `sub`.
    fn check_claims(&self, claims: &IdTokenClaims, now: i64, skew: i64) -> Result<(), Failure> {
        // Far beyond any real time; keeps the arithmetic below from overflowing.
        const LAST: i64 = 1 << 53;
        let number = |name| claims.get(name).value().and_then(Value::as_i64);
        let in_range = |n: &i64| (0..LAST).contains(n);
        if !number("exp").as_ref().is_some_and(in_range) {
            return Err(invalid("`exp` is not a time"));
        }
        if !number("iat").is_some_and(|iat| in_range(&iat) && iat <= now + skew) {
            return Err(invalid("`iat` is in the future; check this machine's clock"));
        }
        if !claims.get("nbf").is_absent() && number("nbf").is_none_or(|nbf| nbf > now + skew) {
            return Err(invalid("`nbf` is in the future; check this machine's clock"));
        }
        let azp = claims.get("azp");
        if !azp.is_absent() && azp.value().and_then(Value::as_str) != Some(&self.app_id) {
            return Err(invalid("`azp` is not this application"));
        }
        if !(1..=255).contains(&claims.subject().len()) {
            return Err(invalid("`sub` is empty or too long"));
        }
        Ok(())
    }
}

#[cfg(feature = "__internal")]
impl Client {
    /// As [`verify()`](Self::verify), with metadata and keys that are at hand.
    pub(crate) fn verify_at_hand(
        &self,
        id_token: &str,
        metadata: &ProviderMetadata,
        keys: &Arc<KeySet>,
        expected: Expected<'_>,
        access_token: &AccessToken,
    ) -> Result<IdTokenClaims> {
        self.verify_with(id_token, metadata, keys, expected, access_token)
            .map_err(Failure::into_error)
    }
}

/// Why a token was not accepted: either another set of keys could change that, or
/// nothing can.
enum Failure {
    UnknownKey,
    Other(Error),
}

impl Failure {
    fn into_error(self) -> Error {
        match self {
            Self::UnknownKey => Error::new(ErrorKind::InvalidIdToken, "no key of Logto's fits it"),
            Self::Other(error) => error,
        }
    }
}

fn fetched_a_moment_ago() -> Error {
    let detail = "its keys were fetched a moment ago and no key fits";
    Error::new(ErrorKind::Unreachable, detail)
}

fn invalid(detail: &'static str) -> Failure {
    Failure::Other(Error::new(ErrorKind::InvalidIdToken, detail))
}

impl From<ClaimsVerificationError> for Failure {
    fn from(error: ClaimsVerificationError) -> Self {
        use SignatureVerificationError as Signature;
        match error {
            ClaimsVerificationError::SignatureVerification(
                Signature::NoMatchingKey
                | Signature::DisallowedAlg(_)
                | Signature::UnsupportedAlg(_),
            ) => Self::UnknownKey,
            ClaimsVerificationError::SignatureVerification(_) => invalid("its signature is wrong"),
            ClaimsVerificationError::Expired(_) => {
                invalid("it has expired; check this machine's clock")
            }
            ClaimsVerificationError::InvalidAudience(_) => invalid("`aud` is not this application"),
            ClaimsVerificationError::InvalidIssuer(_) => invalid("`iss` is not this Logto"),
            ClaimsVerificationError::InvalidNonce(_) => {
                invalid("`nonce` is not that of this sign-in")
            }
            _ => invalid("it is not an ID token that can be verified"),
        }
    }
}

fn check_nonce(nonce: Option<&Nonce>, expected: Expected<'_>) -> Result<(), String> {
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

/// Section 3.1.3.6: the left half of the access token's hash, by the hash of the
/// token's own algorithm. Logto sends it up to 1.41. An algorithm whose hash is
/// not known cannot be checked and is refused.
fn check_at_hash(
    claims: &IdTokenClaims,
    algorithm: Option<&CoreJwsSigningAlgorithm>,
    access_token: &AccessToken,
) -> Result<(), Failure> {
    let Some(at_hash) = claims.get("at_hash").value() else { return Ok(()) };
    let hash = match algorithm {
        Some(
            CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256
            | CoreJwsSigningAlgorithm::RsaSsaPssSha256
            | CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        ) => &digest::SHA256,
        Some(CoreJwsSigningAlgorithm::EcdsaP384Sha384) => &digest::SHA384,
        Some(CoreJwsSigningAlgorithm::EdDsa) => &digest::SHA512,
        _ => return Err(invalid("`at_hash` cannot be checked with its algorithm")),
    };
    let digest = digest::digest(hash, access_token.secret().as_bytes());
    let half = URL_SAFE_NO_PAD.encode(&digest.as_ref()[..digest.as_ref().len() / 2]);
    match at_hash.as_str() {
        Some(given) if seal::same_secret(given.as_bytes(), half.as_bytes()) => Ok(()),
        _ => Err(invalid("`at_hash` is not that of the access token")),
    }
}

/// Section 12.2: the refreshed token must be of the same provider, user and
/// sign-in.
fn check_same(claims: &IdTokenClaims, first: &IdTokenClaims) -> Result<(), Failure> {
    let same = claims.issuer() == first.issuer() && claims.subject() == first.subject();
    let auth_time = claims.get("auth_time").value();
    let same_time = auth_time.is_none() || auth_time == first.get("auth_time").value();
    if same && same_time { Ok(()) } else { Err(invalid("the refreshed one is of another sign-in")) }
}

fn payload(id_token: &str) -> Result<Vec<u8>, Failure> {
    let payload = id_token.split('.').nth(1).unwrap_or_default();
    URL_SAFE_NO_PAD.decode(payload).map_err(|_| invalid("it has not its form"))
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::UNIX_EPOCH)
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

    fn is_accepted(at_hash: &str, algorithm: Option<&Algorithm>) -> bool {
        let claims = json!({"iss": "i", "sub": "u", "aud": "a", "exp": 2, "iat": 1});
        let mut claims = claims.as_object().expect("an object").clone();
        claims.insert("at_hash".into(), at_hash.into());
        let claims = serde_json::from_value(claims.into()).expect("claims");
        check_at_hash(&claims, algorithm, &AccessToken::new(ACCESS_TOKEN.into())).is_ok()
    }

    /// T16: each algorithm has its hash, and a token of any other is refused.
    #[test]
    fn at_hash_is_made_with_the_hash_of_the_algorithm() {
        for (algorithm, right) in [
            (Algorithm::RsaSsaPkcs1V15Sha256, SHA256),
            (Algorithm::RsaSsaPssSha256, SHA256),
            (Algorithm::EcdsaP256Sha256, SHA256),
            (Algorithm::EcdsaP384Sha384, SHA384),
            (Algorithm::EdDsa, SHA512),
        ] {
            for hash in [SHA256, SHA384, SHA512, ""] {
                assert_eq!(is_accepted(hash, Some(&algorithm)), hash == right, "{algorithm:?}");
            }
        }
        for unknown in [Algorithm::HmacSha256, Algorithm::EcdsaP521Sha512, Algorithm::None] {
            for hash in [SHA256, SHA384, SHA512, ""] {
                assert!(!is_accepted(hash, Some(&unknown)), "{unknown:?}");
            }
        }
        assert!(!is_accepted(SHA256, None));
    }
}

//! The verification of ID tokens: openidconnect's, and what it leaves out.

use std::str::FromStr as _;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{CoreIdToken, CoreJwsSigningAlgorithm};
use openidconnect::{
    AccessToken, ClaimsVerificationError, ClientId, IdTokenVerifier, IssuerUrl, JsonWebKeySet,
    Nonce,
};
use serde::Deserialize;
use serde_json::Value;

use super::{Client, no_url};
use crate::claims::IdTokenClaims;
use crate::discovery::ProviderMetadata;
use crate::error::{Error, ErrorKind, Result};
use crate::jwks::{PublicKey, Source, hash};
use crate::seal;
use crate::signed::{Signer, Unverified};

/// What an ID token is compared with.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// A new sign-in with this nonce.
    Nonce(&'a Nonce),
    /// A refresh of the session with these first claims.
    Same { claims: &'a IdTokenClaims, nonce_hash: &'a [u8; 32] },
}

/// An ID token as it was received, and what came with it.
struct Received<'a> {
    token: CoreIdToken,
    header: Header,
    payload: Vec<u8>,
    access_token: &'a AccessToken,
    expected: Expected<'a>,
}

/// What is read of a header besides what openidconnect reads: it keeps that to itself.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

impl Client {
    /// Verifies an ID token (OpenID Connect Core, section 3.1.3.7).
    pub(super) async fn verify(
        &self,
        id_token: &str,
        expected: Expected<'_>,
        access_token: &AccessToken,
    ) -> Result<IdTokenClaims> {
        let failed = |failure: Unverified| failure.into_error(ErrorKind::InvalidIdToken);
        let received = Received::read(id_token, expected, access_token).map_err(failed)?;
        let signer = received.signer().map_err(failed)?;
        let verify = |metadata: &ProviderMetadata, key: &PublicKey| {
            self.verify_with(&received, &signer, metadata, key)
        };
        self.signatures.verify(Source::TokenEndpoint, &signer, verify).await.map_err(failed)
    }

    fn verify_with(
        &self,
        received: &Received<'_>,
        signer: &Signer<'_>,
        metadata: &ProviderMetadata,
        key: &PublicKey,
    ) -> Result<IdTokenClaims, Unverified> {
        let now = self.clock.now().seconds();
        let skew = i64::try_from(self.clock_skew.as_secs()).unwrap_or(0);
        let issuer =
            IssuerUrl::new(metadata.issuer.clone()).map_err(|_| Unverified::Refused(no_url()))?;
        let app_id = ClientId::new(self.app_id.clone());
        let keys = JsonWebKeySet::new(vec![key.clone()]);
        let verifier = IdTokenVerifier::new_public_client(app_id, issuer, keys)
            .set_allowed_algs([signer.algorithm.clone()])
            .set_time_fn(move || time(now - skew));
        received
            .token
            .claims(&verifier, |nonce: Option<&Nonce>| check_nonce(nonce, received.expected))?;

        let claims: IdTokenClaims = serde_json::from_slice(&received.payload)
            .map_err(|_| invalid("a claim is missing or has the wrong type"))?;
        self.check_claims(&claims, now, skew)?;
        check_at_hash(&claims, &signer.algorithm, received.access_token)?;
        if let Expected::Same { claims: first, .. } = received.expected {
            check_same(&claims, first)?;
        }
        Ok(claims)
    }

    /// What openidconnect leaves out: `azp`, `nbf`, `iat` and the form of `sub`.
    fn check_claims(&self, claims: &IdTokenClaims, now: i64, skew: i64) -> Result<(), Unverified> {
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

#[cfg(feature = "__fuzz")]
impl Client {
    /// As [`verify()`](Self::verify), with metadata and keys that are at hand.
    pub(crate) fn verify_at_hand(
        &self,
        id_token: &str,
        metadata: &ProviderMetadata,
        keys: &crate::jwks::KeySet,
        expected: Expected<'_>,
        access_token: &AccessToken,
    ) -> Result<IdTokenClaims> {
        let failed = |failure: Unverified| failure.into_error(ErrorKind::InvalidIdToken);
        let received = Received::read(id_token, expected, access_token).map_err(failed)?;
        let signer = received.signer().map_err(failed)?;
        let verify = |metadata: &ProviderMetadata, key: &PublicKey| {
            self.verify_with(&received, &signer, metadata, key)
        };
        crate::signed::tried(&signer, metadata, keys, verify).map_err(failed)
    }
}

impl<'a> Received<'a> {
    fn read(
        id_token: &str,
        expected: Expected<'a>,
        access_token: &'a AccessToken,
    ) -> Result<Self, Unverified> {
        let mut parts = id_token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part));
        let (Ok(token), Some(Ok(header)), Some(Ok(payload))) =
            (CoreIdToken::from_str(id_token), parts.next(), parts.next())
        else {
            return Err(invalid("it has not its form"));
        };
        let header =
            serde_json::from_slice(&header).map_err(|_| invalid("its header has not its form"))?;
        Ok(Self { token, header, payload, access_token, expected })
    }

    fn signer(&self) -> Result<Signer<'_>, Unverified> {
        Signer::new(&self.header.alg, self.header.kid.as_deref())
    }
}

fn invalid(detail: &'static str) -> Unverified {
    Unverified::Refused(Error::new(ErrorKind::InvalidIdToken, detail))
}

impl From<ClaimsVerificationError> for Unverified {
    fn from(error: ClaimsVerificationError) -> Self {
        match error {
            // The key is one that the header can mean.
            ClaimsVerificationError::SignatureVerification(_) => Self::WrongSignature,
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
    algorithm: &CoreJwsSigningAlgorithm,
    access_token: &AccessToken,
) -> Result<(), Unverified> {
    let Some(at_hash) = claims.get("at_hash").value() else { return Ok(()) };
    let hash =
        hash(algorithm).ok_or_else(|| invalid("`at_hash` cannot be checked with its algorithm"))?;
    let digest = digest::digest(hash, access_token.secret().as_bytes());
    let half = URL_SAFE_NO_PAD.encode(&digest.as_ref()[..digest.as_ref().len() / 2]);
    match at_hash.as_str() {
        Some(given) if seal::same_secret(given.as_bytes(), half.as_bytes()) => Ok(()),
        _ => Err(invalid("`at_hash` is not that of the access token")),
    }
}

/// Section 12.2: the refreshed token must be of the same provider, user and
/// sign-in.
fn check_same(claims: &IdTokenClaims, first: &IdTokenClaims) -> Result<(), Unverified> {
    let same = claims.issuer() == first.issuer() && claims.subject() == first.subject();
    let auth_time = claims.get("auth_time").value();
    let same_time = auth_time.is_none() || auth_time == first.get("auth_time").value();
    if same && same_time { Ok(()) } else { Err(invalid("the refreshed one is of another sign-in")) }
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

    fn is_accepted(at_hash: &str, algorithm: &Algorithm) -> bool {
        let claims = json!({"iss": "i", "sub": "u", "aud": "a", "exp": 2, "iat": 1});
        let mut claims = claims.as_object().expect("an object").clone();
        claims.insert("at_hash".into(), at_hash.into());
        let claims = serde_json::from_value(claims.into()).expect("claims");
        check_at_hash(&claims, algorithm, &AccessToken::new(ACCESS_TOKEN.into())).is_ok()
    }

    /// T16, T24: each algorithm has its hash, and a token of any other is refused.
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

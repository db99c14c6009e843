//! The verification of ID tokens: by openidconnect, plus the checks that it leaves out.

mod checks;

use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet};
use openidconnect::{AccessToken, ClaimsVerificationError, ClientId, IssuerUrl, Nonce};
use serde::Deserialize;

use self::checks::{check_at_hash, check_begun, check_claims, check_nonce, check_same};
use super::{Client, no_url};
use crate::claims::IdTokenClaims;
use crate::discovery::ProviderMetadata;
use crate::error::{Error, ErrorKind, Result};
use crate::jwks::{PublicKey, Source};
use crate::signed::{Signer, Unverified};

/// What an ID token is compared with.
#[derive(Clone, Copy)]
pub(crate) enum Expected<'a> {
    /// A new sign-in with this nonce.
    Nonce(&'a Nonce),
    /// A refresh of the session with these first claims.
    Same { claims: &'a IdTokenClaims, nonce_hash: &'a [u8; 32] },
}

impl Expected<'_> {
    /// The source of an ID token with these expectations.
    fn source(self) -> Source {
        match self {
            Self::Nonce(_) => Source::Code,
            Self::Same { .. } => Source::Refresh,
        }
    }
}

/// An ID token as it was received, and what came with it.
struct Received<'a> {
    /// With the protocol claims only. openidconnect would insist on the types of the
    /// others, such as a name, and they prove nothing.
    protocol: CoreIdToken,
    header: JoseHeader,
    claims: IdTokenClaims,
    /// The bytes that were signed.
    signed: &'a str,
    signature: Vec<u8>,
    access_token: &'a AccessToken,
    expected: Expected<'a>,
}

/// The header fields that openidconnect reads but does not expose.
#[derive(Deserialize)]
struct JoseHeader {
    alg: String,
    kid: Option<String>,
}

impl Client {
    /// Verifies an ID token (OpenID Connect Core, section 3.1.3.7).
    ///
    /// # Errors
    ///
    /// Even if the failure [is for now](Unverified::is_for_now), the token was compared
    /// with all expectations.
    pub(super) async fn verify(
        &self,
        id_token: &str,
        expected: Expected<'_>,
        access_token: &AccessToken,
    ) -> Result<IdTokenClaims, Unverified> {
        let received = Received::read(id_token, expected, access_token)?;
        let signer = received.signer()?;
        let verify = |metadata: &ProviderMetadata, key: &PublicKey| {
            self.verify_with(&received, &signer, metadata, key)
        };
        let verified = self.signatures.verify(expected.source(), &signer, verify).await;
        if let Err(Unverified::Unreachable(_) | Unverified::NoKeyFits) = &verified {
            let metadata = self.metadata().await.map_err(Unverified::Unreachable)?;
            self.check_unsigned(&received, &signer, &metadata)?;
        }
        verified.map(|(claims, _)| claims)
    }

    fn verify_with(
        &self,
        received: &Received<'_>,
        signer: &Signer<'_>,
        metadata: &ProviderMetadata,
        key: &PublicKey,
    ) -> Result<IdTokenClaims, Unverified> {
        if !key.verifies(&signer.algorithm, received.signed.as_bytes(), &received.signature) {
            return Err(Unverified::WrongSignature);
        }
        self.check_unsigned(received, signer, metadata)?;
        check_begun(&received.claims, self.clock.now().seconds() + self.skew())?;
        Ok(received.claims.clone())
    }

    /// Refuses a token for its content, before the signature is known. On its own this proves
    /// nothing: anybody may have written what it reads.
    fn check_unsigned(
        &self,
        received: &Received<'_>,
        signer: &Signer<'_>,
        metadata: &ProviderMetadata,
    ) -> Result<(), Unverified> {
        let nonce = |nonce: Option<&Nonce>| check_nonce(nonce, received.expected);
        received.protocol.claims(&self.verifier(metadata)?, nonce)?;
        check_claims(&received.claims, &self.app_id)?;
        check_at_hash(&received.claims, &signer.algorithm, received.access_token)?;
        match received.expected {
            Expected::Same { claims: first, .. } => check_same(&received.claims, first),
            Expected::Nonce(_) => Ok(()),
        }
    }

    /// Checks the content of the token; the signature was already checked, with that same
    /// key.
    fn verifier(
        &self,
        metadata: &ProviderMetadata,
    ) -> Result<CoreIdTokenVerifier<'static>, Unverified> {
        let issuer =
            IssuerUrl::new(metadata.issuer.clone()).map_err(|_| Unverified::Refused(no_url()))?;
        let app_id = ClientId::new(self.app_id.clone());
        let earliest = time(self.clock.now().seconds() - self.skew());
        let keys = CoreJsonWebKeySet::new(Vec::new());
        let verifier = CoreIdTokenVerifier::new_public_client(app_id, issuer, keys);
        Ok(verifier.set_time_fn(move || earliest).insecure_disable_signature_check())
    }

    fn skew(&self) -> i64 {
        i64::try_from(self.clock_skew.as_secs()).unwrap_or(0)
    }
}

#[cfg(feature = "__internal")]
impl Client {
    /// Like [`verify()`](Self::verify), with metadata and keys already at hand.
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
        id_token: &'a str,
        expected: Expected<'a>,
        access_token: &'a AccessToken,
    ) -> Result<Self, Unverified> {
        let malformed = || invalid("it is malformed");
        let (signed, signature_part) = id_token.rsplit_once('.').ok_or_else(malformed)?;
        let (header_part, payload) = signed.split_once('.').ok_or_else(malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
        let header = serde_json::from_slice(&decode(header_part)?)
            .map_err(|_| invalid("its header is malformed"))?;
        let claims: IdTokenClaims = serde_json::from_slice(&decode(payload)?)
            .map_err(|_| invalid("a claim is missing or has the wrong type"))?;
        let protocol = URL_SAFE_NO_PAD.encode(claims.protocol().to_string());
        let protocol = format!("{header_part}.{protocol}.{signature_part}");
        let protocol = CoreIdToken::from_str(&protocol).map_err(|_| malformed())?;
        let signature = decode(signature_part)?;
        Ok(Self { protocol, header, claims, signed, signature, access_token, expected })
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
            // The key is one that the header can refer to.
            ClaimsVerificationError::SignatureVerification(_) => Self::WrongSignature,
            ClaimsVerificationError::Expired(_) => {
                invalid("it has expired; check this machine's clock")
            }
            ClaimsVerificationError::InvalidAudience(_) => invalid("`aud` is not this application"),
            ClaimsVerificationError::InvalidIssuer(_) => invalid("`iss` is not this Logto"),
            ClaimsVerificationError::InvalidNonce(_) => {
                invalid("`nonce` does not match this sign-in")
            }
            _ => invalid("it is not a verifiable ID token"),
        }
    }
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

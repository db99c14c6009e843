//! Tokens that the provider signed: which keys to try, and when to fetch the keys again.

use std::sync::Arc;

use openidconnect::core::CoreJwsSigningAlgorithm as Algorithm;

use crate::discovery::{Discovery, ProviderMetadata};
use crate::error::{Error, ErrorKind};
use crate::jwks::{Jwks, KeySet, PublicKey, Source, named};

/// What a token's header says about its signer. It selects keys, and decides nothing.
pub(crate) struct Signer<'a> {
    pub(crate) algorithm: Algorithm,
    kid: Option<&'a str>,
}

/// Why a token was not accepted.
#[derive(Debug)]
pub(crate) enum Unverified {
    /// The metadata or the keys are not available, so the token cannot be judged.
    Unreachable(Error),
    /// No key fits. The one that signed it may not be published yet.
    NoKeyFits,
    /// Its algorithm was not agreed on, or is not that of its key.
    NotAgreed,
    /// Its key did not sign it.
    WrongSignature,
    /// It is valid, but only later by this machine's clock.
    NotYet(Error),
    /// It is not valid, whatever the key.
    Refused(Error),
}

/// The signatures of one provider: its metadata and its keys.
#[derive(Debug)]
pub(crate) struct Signatures {
    discovery: Arc<Discovery>,
    jwks: Jwks,
}

impl<'a> Signer<'a> {
    /// # Errors
    ///
    /// [`Unverified::NotAgreed`] for an algorithm that is never accepted.
    pub(crate) fn new(alg: &str, kid: Option<&'a str>) -> Result<Self, Unverified> {
        Ok(Self { algorithm: named(alg).ok_or(Unverified::NotAgreed)?, kid })
    }
}

impl Signatures {
    pub(crate) fn new(discovery: Arc<Discovery>, jwks: Jwks) -> Self {
        Self { discovery, jwks }
    }

    /// The keys fetched last.
    pub(crate) fn keys(&self) -> Option<Arc<KeySet>> {
        self.jwks.peek()
    }

    /// Fetches the keys in the background if there are none: while a user is at Logto, so
    /// that the first callback need not wait for them. A callback without them fetches
    /// them itself, and reports why it could not.
    pub(crate) fn prefetch(self: &Arc<Self>) {
        if self.jwks.is_empty() {
            let signatures = Arc::clone(self);
            tokio::spawn(async move {
                let metadata = signatures.discovery.metadata().await?;
                signatures.jwks.keys(&metadata.jwks_uri).await
            });
        }
    }

    /// Tries a token with the keys that its header can refer to, until the result is
    /// anything but [`Unverified::WrongSignature`]. If none fits, keys and metadata are
    /// fetched again once: the provider may have rotated them. Returns the result with the
    /// set of keys used.
    ///
    /// # Errors
    ///
    /// The result of the last key, or why none was tried.
    pub(crate) async fn verify<T>(
        &self,
        source: Source,
        signer: &Signer<'_>,
        verify: impl Fn(&ProviderMetadata, &PublicKey) -> Result<T, Unverified>,
    ) -> Result<(T, Arc<KeySet>), Unverified> {
        use Unverified::Unreachable;
        let metadata = self.discovery.metadata().await.map_err(Unreachable)?;
        let keys = self.jwks.keys(&metadata.jwks_uri).await.map_err(Unreachable)?;
        match tried(signer, &metadata, &keys, &verify) {
            Err(Unverified::NoKeyFits | Unverified::NotAgreed) => {}
            settled => return settled.map(|read| (read, keys)),
        }
        let renewed = self.jwks.renew(&metadata.jwks_uri, &keys, source).await;
        let keys = renewed.map_err(Unreachable)?.ok_or_else(|| no_new_keys(source))?;
        let metadata = self.discovery.renew(&metadata).await.map_err(Unreachable)?;
        let settled = tried(signer, &metadata, &keys, verify);
        if settled.is_ok() {
            self.jwks.was_worth_it(source);
        }
        settled.map(|read| (read, keys))
    }
}

/// The error if the keys were just fetched: junk sent to the back channel, however much,
/// is reported as junk.
fn no_new_keys(source: Source) -> Unverified {
    let detail = "its keys were just fetched and no key fits";
    match source {
        Source::BackChannel | Source::Bearer => Unverified::NoKeyFits,
        Source::Code | Source::Refresh => {
            Unverified::Unreachable(Error::new(ErrorKind::Unreachable, detail))
        }
    }
}

/// Like [`Signatures::verify()`], with metadata and keys already at hand.
pub(crate) fn tried<T>(
    signer: &Signer<'_>,
    metadata: &ProviderMetadata,
    keys: &KeySet,
    verify: impl Fn(&ProviderMetadata, &PublicKey) -> Result<T, Unverified>,
) -> Result<T, Unverified> {
    let Signer { algorithm, kid } = signer;
    if !keys.allow(algorithm, &metadata.id_token_signing_alg_values_supported) {
        return Err(Unverified::NotAgreed);
    }
    let is_named = |key: &&PublicKey| kid.is_none() || key.kid() == *kid;
    let named: Vec<_> = keys.keys().iter().filter(is_named).collect();
    let mut fitting = named.iter().filter(|key| key.is_for(algorithm)).peekable();
    let otherwise = match (kid, fitting.peek()) {
        (Some(_), Some(_)) => Unverified::WrongSignature,
        (Some(_), None) if !named.is_empty() => Unverified::NotAgreed,
        // A token that names no key may be from one that is not here.
        _ => Unverified::NoKeyFits,
    };
    let mut tries = fitting.map(|key| verify(metadata, key));
    tries.find(|tried| !matches!(tried, Err(Unverified::WrongSignature))).unwrap_or(Err(otherwise))
}

impl Unverified {
    /// Whether the failure may be temporary.
    pub(crate) fn is_for_now(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::NoKeyFits | Self::NotYet(_))
    }

    /// The error of this kind of token.
    pub(crate) fn into_error(self, kind: ErrorKind) -> Error {
        let detail = match self {
            Self::Unreachable(error) | Self::NotYet(error) | Self::Refused(error) => return error,
            Self::NoKeyFits => "none of Logto's keys fits it; check that no cache keeps old ones",
            Self::NotAgreed => "its algorithm is not one of Logto's, or not that of its key",
            Self::WrongSignature => "its signature is wrong",
        };
        Error::new(kind, detail)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The kids of the keys that are tried, all in vain, and the result.
    fn try_in_vain(alg: &str, kid: Option<&str>, keys: &[Value]) -> (Vec<String>, Unverified) {
        let url = "https://foo.logto.app/oidc";
        let metadata = json!({
            "issuer": url, "authorization_endpoint": url, "token_endpoint": url,
            "userinfo_endpoint": url, "jwks_uri": url,
            "id_token_signing_alg_values_supported": ["RS256", "ES384", "none", "HS256"],
        });
        let metadata = serde_json::from_value(metadata).expect("metadata");
        let keys = KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).expect("keys");
        let seen = std::cell::RefCell::new(Vec::new());
        let failure = Signer::new(alg, kid).and_then(|signer| {
            tried(&signer, &metadata, &keys, |_, key| -> Result<(), _> {
                seen.borrow_mut().push(key.kid().unwrap_or("-").to_owned());
                Err(Unverified::WrongSignature)
            })
        });
        (seen.into_inner(), failure.expect_err("no key did"))
    }

    fn rsa(kid: &str) -> Value {
        json!({"kty": "RSA", "kid": kid, "n": "v".repeat(341) + "w", "e": "AQAB"})
    }

    /// The generator of P-256 (FIPS 186-4, appendix D.1.2.3).
    fn p256(kid: &str) -> Value {
        json!({"kty": "EC", "crv": "P-256", "kid": kid,
            "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY",
            "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"})
    }

    /// T8, T9: all keys with the name, or all keys if the token names none.
    #[test]
    fn a_token_is_tried_with_every_key_that_its_header_can_mean() {
        let keys = [rsa("a"), p256("a"), rsa("b"), rsa("a")];
        let (tried, failure) = try_in_vain("RS256", Some("a"), &keys);
        assert_eq!(tried, ["a", "a"]);
        assert!(matches!(failure, Unverified::WrongSignature), "{failure:?}");
        let (tried, failure) = try_in_vain("ES256", Some("a"), &keys);
        assert_eq!(tried, ["a"], "the other kind of that name");
        assert!(matches!(failure, Unverified::WrongSignature), "{failure:?}");
        let (tried, failure) = try_in_vain("RS256", None, &keys);
        assert_eq!(tried, ["a", "b", "a"]);
        assert!(matches!(failure, Unverified::NoKeyFits), "{failure:?}");
    }

    /// T6, T7: the key that signed it may be a new one.
    #[test]
    fn a_token_of_a_key_that_is_not_there_is_tried_with_none() {
        for keys in [&[][..], &[rsa("a"), p256("b")]] {
            let (tried, failure) = try_in_vain("RS256", Some("new"), keys);
            assert!(tried.is_empty());
            assert!(matches!(failure, Unverified::NoKeyFits), "{failure:?}");
        }
    }

    /// T2, T3: an algorithm that was not announced, is not for its key, or is never
    /// accepted.
    #[test]
    fn a_token_of_an_algorithm_that_was_not_agreed_on_is_tried_with_none() {
        let keys = [rsa("a"), p256("b")];
        for (alg, kid) in [
            ("PS256", Some("a")),
            ("PS256", None),
            ("PS256", Some("new")),
            ("ES384", Some("a")),
            ("RS256", Some("b")),
            ("EdDSA", Some("b")),
            ("HS256", Some("a")),
            ("none", None),
            ("", None),
            ("rs256", Some("a")),
        ] {
            let (tried, failure) = try_in_vain(alg, kid, &keys);
            assert!(tried.is_empty(), "{alg} {kid:?}");
            assert!(matches!(failure, Unverified::NotAgreed), "{alg} {kid:?} {failure:?}");
        }
    }
}

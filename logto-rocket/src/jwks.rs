//! The provider's keys: fetched when first needed, kept, fetched again when a
//! token names a key that is not among them.

mod verifying;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openidconnect::core::{CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

pub(crate) use self::verifying::VerifyingKey;
pub(crate) use self::verifying::named as algorithm_named;
use crate::error::Result;
use crate::http::{Cached, Http};

/// Keys are fetched again at most once in this time and for each source of tokens,
/// whatever tokens turn up.
const COOLDOWN: Duration = Duration::from_secs(60);

/// Where a token came from. Each source has fetches of its own: junk that anybody
/// can send must not use up those of sign-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Logto's token endpoint.
    TokenEndpoint,
    /// Somebody who says to be Logto.
    BackChannel,
}

/// The keys of one provider.
#[derive(Debug)]
pub(crate) struct Jwks {
    http: Http,
    cached: Cached<KeySet>,
    /// Until when no unknown key is worth another fetch, by source.
    quiet: Mutex<[Option<Instant>; 2]>,
}

/// The keys that can have signed a token, and the algorithms they tell of.
#[derive(Debug)]
pub(crate) struct KeySet {
    pub(crate) keys: CoreJsonWebKeySet,
    /// The same keys, ready to verify signatures.
    pub(crate) verifying: Vec<VerifyingKey>,
    /// The algorithms that belong to a curve: such a key signs with no other.
    curve_algorithms: Vec<CoreJwsSigningAlgorithm>,
}

impl Jwks {
    pub(crate) fn new(http: Http) -> Self {
        Self { http, cached: Cached::new(), quiet: Mutex::default() }
    }

    pub(crate) async fn keys(&self, jwks_uri: &str) -> Result<Arc<KeySet>> {
        self.cached.get(|| self.fetch(jwks_uri)).await
    }

    /// Fetches the keys again because those of `seen` did not do; who comes while
    /// another fetches waits for it. `None` if they were fetched for this source a
    /// moment ago. Only a fetch that succeeded counts: after one that failed the next
    /// token may try.
    ///
    /// # Errors
    ///
    /// The fetch failed: trying again later may help.
    pub(crate) async fn renew(
        &self,
        jwks_uri: &str,
        seen: &Arc<KeySet>,
        source: Source,
    ) -> Result<Option<Arc<KeySet>>> {
        // Not within the fetch: that would pass for a failed one, which speaks for
        // the other source too.
        if self.cached.is_current(seen) && self.is_quiet(source) {
            return Ok(None);
        }
        let fetch = || async {
            let keys = self.fetch(jwks_uri).await?;
            self.keep_quiet(source);
            Ok(keys)
        };
        self.cached.replace(Some(seen), fetch).await.map(Some)
    }

    fn is_quiet(&self, source: Source) -> bool {
        let quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        quiet[source as usize].is_some_and(|until| Instant::now() < until)
    }

    fn keep_quiet(&self, source: Source) {
        let until = Instant::now() + COOLDOWN;
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)[source as usize] = Some(until);
    }

    async fn fetch(&self, jwks_uri: &str) -> Result<KeySet> {
        let answer = self.http.get(jwks_uri).await?;
        answer.json::<RawKeySet>("the keys").map(RawKeySet::usable)
    }
}

impl KeySet {
    #[cfg(any(test, feature = "__internal"))]
    pub(crate) fn parse(json: &[u8]) -> serde_json::Result<Self> {
        crate::http::object(json).map(RawKeySet::usable)
    }

    /// The algorithms that the provider signs with: those it announces, and those of
    /// its curves (Logto up to 1.42 announces ES384 for every curve). The token's own
    /// header has no say, and neither a shared secret nor `none` is ever among them
    /// (RFC 8725 section 3.1).
    pub(crate) fn algorithms(&self, announced: &[String]) -> Vec<CoreJwsSigningAlgorithm> {
        let announced = announced.iter().filter_map(|name| algorithm_named(name));
        announced.chain(self.curve_algorithms.iter().cloned()).collect()
    }
}

#[derive(Deserialize)]
struct RawKeySet {
    keys: Vec<Value>,
}

impl RawKeySet {
    /// Leaves out what cannot verify a signature: one odd key must not take the
    /// others with it, and a published symmetric key must never be used.
    fn usable(self) -> KeySet {
        let signs = |key: &Value| {
            key.get("use").is_none_or(|usage| usage == "sig")
                && matches!(key["kty"].as_str(), Some("RSA" | "EC" | "OKP"))
                && !is_short_rsa(key)
        };
        let keys: Vec<_> = self.keys.into_iter().filter(signs).collect();
        let curve_algorithms = keys.iter().filter_map(curve_algorithm).collect();
        let verifying = keys.iter().flat_map(VerifyingKey::read).collect();
        let keys = keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
        KeySet { keys: CoreJsonWebKeySet::new(keys), verifying, curve_algorithms }
    }
}

fn is_short_rsa(key: &Value) -> bool {
    // 2048 bits are 342 characters of base64url.
    key["kty"] == "RSA" && key["n"].as_str().is_none_or(|n| n.len() < 342)
}

fn curve_algorithm(key: &Value) -> Option<CoreJwsSigningAlgorithm> {
    match key["crv"].as_str()? {
        "P-256" => Some(CoreJwsSigningAlgorithm::EcdsaP256Sha256),
        "P-384" => Some(CoreJwsSigningAlgorithm::EcdsaP384Sha384),
        "Ed25519" => Some(CoreJwsSigningAlgorithm::EdDsa),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// T9: bad entries are skipped and the good ones used.
    #[test]
    fn keys_that_cannot_verify_a_signature_are_left_out() {
        let n = "A".repeat(342);
        let keys = vec![
            json!({"kty":"oct","k":"c2VjcmV0"}),
            json!({"kty":"RSA","use":"enc","n":n,"e":"AQAB"}),
            json!({"kty":"RSA","use":"sig","n":"AQAB","e":"AQAB"}),
            json!({"kty":"AKP","alg":"ML-DSA-44","pub":"x"}),
            json!("nonsense"),
            json!({"kty":"RSA","kid":"good","n":n,"e":"AQAB"}),
            json!({"kty":"EC","kid":"ec","crv":"P-384","x":"AA","y":"AA"}),
        ];
        let set = RawKeySet { keys }.usable();
        assert_eq!(set.keys.keys().len(), 2);
        assert_eq!(set.curve_algorithms, [CoreJwsSigningAlgorithm::EcdsaP384Sha384]);
    }

    /// T9: RSA needs 2,048 bits (RFC 7518 section 3.3).
    #[test]
    fn short_rsa_keys_are_left_out() {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;

        let count = |bytes: usize| {
            let n = URL_SAFE_NO_PAD.encode(vec![0xbf; bytes]);
            let set = RawKeySet { keys: vec![json!({"kty": "RSA", "n": n, "e": "AQAB"})] }.usable();
            (set.keys.keys().len(), set.verifying.len())
        };
        for bytes in [64, 128, 192, 255] {
            assert_eq!(count(bytes), (0, 0), "{bytes}");
        }
        // One for each padding.
        assert_eq!(count(256), (1, 2));
    }
}

//! The provider's keys: fetched on first use, kept, fetched again if a token names an
//! unknown key.

mod algorithm;
mod key;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use openidconnect::core::CoreJwsSigningAlgorithm as Algorithm;
use serde::Deserialize;
use serde_json::Value;

pub(crate) use self::algorithm::{hash, named};
pub(crate) use self::key::PublicKey;
use crate::clock::{Clock, Timestamp};
use crate::error::{ErrorKind, Result};
use crate::http::{Cached, Http};
use crate::seal;

/// Keys are refetched in vain at most once in this time for each source of tokens,
/// whatever tokens arrive.
const COOLDOWN: Duration = Duration::from_secs(60);

/// Where a token came from. Each source has its own limit: junk that anybody can send
/// must not use up the fetches of sign-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Logto's token endpoint, for a code: a user has just signed in there.
    Code,
    /// Logto's token endpoint, for a refresh token.
    Refresh,
    /// A sender that claims to be Logto.
    BackChannel,
    /// A client of this application's API.
    Bearer,
}

impl Source {
    const ALL: usize = 4;

    /// The error for an invalid token from this source.
    pub(crate) fn error_kind(self) -> ErrorKind {
        match self {
            Self::Code | Self::Refresh => ErrorKind::InvalidIdToken,
            Self::BackChannel => ErrorKind::InvalidLogoutToken,
            Self::Bearer => ErrorKind::InvalidAccessToken,
        }
    }
}

/// The keys of one provider.
#[derive(Debug)]
pub(crate) struct Jwks {
    http: Http,
    cached: Cached<KeySet>,
    /// Until when unknown keys do not justify another fetch, by source.
    quiet: Mutex<[Option<Timestamp>; Source::ALL]>,
    clock: Clock,
}

/// The keys that may have signed a token.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<PublicKey>,
    /// The hash of the published keys, to recognize the same set again.
    digest: [u8; 32],
}

impl Jwks {
    pub(crate) fn new(http: Http, clock: Clock) -> Self {
        Self { http, cached: Cached::new(clock.clone()), quiet: Mutex::default(), clock }
    }

    /// Whether none were fetched yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.cached.peek().is_none()
    }

    /// The keys fetched last.
    pub(crate) fn peek(&self) -> Option<Arc<KeySet>> {
        self.cached.peek()
    }

    pub(crate) async fn keys(&self, jwks_uri: &str) -> Result<Arc<KeySet>> {
        self.cached.get(|| self.fetch(jwks_uri)).await
    }

    /// Fetches the keys again because `seen` lacked one; callers during a fetch wait for
    /// it. `None` if they were just fetched for this source, in vain. Only a successful
    /// fetch counts: after a failed one the next token may try.
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
        // Not within the fetch: that would pass for a failed one, which affects the other
        // sources too.
        if self.cached.is_current(seen) && self.is_quiet(source) {
            return Ok(None);
        }
        let fetch = || async {
            let keys = self.fetch(jwks_uri).await?;
            self.set_quiet(source, Some(self.clock.now().plus(COOLDOWN)));
            Ok(keys)
        };
        self.cached.replace(Some(seen), fetch).await.map(Some)
    }

    /// Records that the last fetch found the key: the provider may rotate again, and the
    /// next token may fetch too.
    pub(crate) fn was_worth_it(&self, source: Source) {
        self.set_quiet(source, None);
    }

    fn is_quiet(&self, source: Source) -> bool {
        let quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        quiet[source as usize].is_some_and(|until| self.clock.now().waits_for(until, COOLDOWN))
    }

    fn set_quiet(&self, source: Source, until: Option<Timestamp>) {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)[source as usize] = until;
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

    pub(crate) fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Whether both contain the same published keys.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.digest == other.digest
    }

    /// Whether the provider signs with this algorithm: it announces it, or the curve of a
    /// key implies it (Logto up to 1.42 announces ES384 for every curve). The token's own
    /// header does not count (RFC 8725 section 3.1).
    pub(crate) fn allow(&self, algorithm: &Algorithm, announced: &[String]) -> bool {
        announced.iter().any(|name| named(name).as_ref() == Some(algorithm))
            || self.keys.iter().any(|key| key.curve_algorithm() == Some(algorithm))
    }
}

#[derive(Deserialize)]
struct RawKeySet {
    keys: Vec<Value>,
}

impl RawKeySet {
    /// Leaves out keys that cannot verify a signature: one odd key must not invalidate
    /// the others, and a published symmetric key must never be used.
    fn usable(self) -> KeySet {
        let digest = seal::sha256(Value::from(self.keys.clone()).to_string().as_bytes());
        let keys = self.keys.into_iter().filter_map(|key| PublicKey::try_from(key).ok());
        KeySet { keys: keys.collect(), digest }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// T9: bad entries are skipped and the good ones used.
    #[test]
    fn keys_that_cannot_verify_a_signature_are_left_out() {
        let n = "v".repeat(341) + "w";
        let keys = vec![
            json!({"kty":"oct","k":"c2VjcmV0"}),
            json!({"kty":"RSA","use":"enc","n":n,"e":"AQAB"}),
            json!({"kty":"RSA","use":"sig","n":"AQAB","e":"AQAB"}),
            json!({"kty":"AKP","alg":"ML-DSA-44","pub":"x"}),
            json!("nonsense"),
            json!({"kty":"RSA","kid":"good","n":n,"e":"AQAB"}),
            json!({"kty":"EC","kid":"off its curve","crv":"P-384","x":"AA","y":"AA"}),
        ];
        let set = RawKeySet { keys }.usable();
        let kids: Vec<_> = set.keys().iter().map(PublicKey::kid).collect();
        assert_eq!(kids, [Some("good")]);
    }

    /// T9: RSA needs 2,048 bits (RFC 7518 section 3.3).
    #[test]
    fn short_rsa_keys_are_left_out() {
        use base64::Engine as _;
        use base64::engine::general_purpose::URL_SAFE_NO_PAD;

        let count = |bytes: usize| {
            let n = URL_SAFE_NO_PAD.encode(vec![0xbf; bytes]);
            let keys = vec![json!({"kty": "RSA", "n": n, "e": "AQAB"})];
            RawKeySet { keys }.usable().keys().len()
        };
        for bytes in [64, 128, 192, 255] {
            assert_eq!(count(bytes), 0, "{bytes}");
        }
        assert_eq!(count(256), 1);
    }
}

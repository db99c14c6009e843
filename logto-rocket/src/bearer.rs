//! Access tokens that requests present: verified once, and remembered until they end.

use std::fmt;
use std::sync::Arc;

use moka::sync::Cache;

use crate::auth_info::AuthInfo;
use crate::clock::Clock;
use crate::error::Result;
use crate::jwks::KeySet;
use crate::jwt::Verifier;
use crate::seal;

/// Bytes that remembered tokens may take.
const MEMORY: u64 = 32 * 1024 * 1024;

/// What one takes beside its text: claims are kept as text and as values.
const OVERHEAD: usize = 1024;

/// The access tokens that this application takes, of whatever audience.
pub(crate) struct BearerTokens {
    verifier: Verifier,
    /// By their SHA-256: what is kept in memory lets nobody in.
    known: Cache<[u8; 32], Arc<Known>>,
    clock: Clock,
    clock_skew: i64,
}

/// A token that was verified.
struct Known {
    auth: Arc<AuthInfo>,
    expires_at: i64,
    /// The keys that it was verified with. Once others were fetched, it is verified anew:
    /// its own may not be among them any more.
    keys: Option<Arc<KeySet>>,
    bytes: usize,
}

impl BearerTokens {
    /// `clock_skew` in seconds.
    pub(crate) fn new(verifier: Verifier, clock: Clock, clock_skew: u64) -> Self {
        let clock_skew = i64::try_from(clock_skew).unwrap_or(0);
        let bytes = |_: &[u8; 32], known: &Arc<Known>| {
            u32::try_from(OVERHEAD + 4 * known.bytes).unwrap_or(u32::MAX)
        };
        let known = Cache::builder().max_capacity(MEMORY).weigher(bytes).build();
        Self { verifier, known, clock, clock_skew }
    }

    /// What a token says that was verified before and is good still.
    pub(crate) fn known(&self, token: &str) -> Option<Arc<AuthInfo>> {
        let known = self.known.get(&seal::sha256(token.as_bytes()))?;
        let is_good = known.expires_at > self.clock.now().seconds().saturating_sub(self.clock_skew)
            && same(known.keys.as_ref(), self.verifier.keys().as_ref());
        is_good.then(|| Arc::clone(&known.auth))
    }

    /// What a token says.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken), or any other
    /// kind where Logto's keys cannot be had.
    pub(crate) async fn verify(&self, token: &str) -> Result<Arc<AuthInfo>> {
        // Before, not after: a token is never remembered with keys that are newer than its own.
        let keys = self.verifier.keys();
        let verified = self.verifier.access_token(token).await?;
        let auth = Arc::new(verified.auth);
        let expires_at = verified.expires_at;
        let known = Known { auth: Arc::clone(&auth), expires_at, keys, bytes: token.len() };
        self.known.insert(seal::sha256(token.as_bytes()), Arc::new(known));
        Ok(auth)
    }
}

fn same(known: Option<&Arc<KeySet>>, current: Option<&Arc<KeySet>>) -> bool {
    match (known, current) {
        (Some(known), Some(current)) => Arc::ptr_eq(known, current) || known.is_same(current),
        _ => false,
    }
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerTokens").field("known", &self.known.entry_count()).finish()
    }
}

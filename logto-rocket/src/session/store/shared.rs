//! What instances share beside sessions.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::key::read;
use crate::error::Result;
use crate::seal;

/// What a shared value is found by: the SHA-256 of what it is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedKey([u8; 32]);

impl SharedKey {
    /// The key of what these parts name together.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut text = Vec::new();
        for part in parts {
            text.extend_from_slice(&(part.len() as u64).to_le_bytes());
            text.extend_from_slice(part);
        }
        Self(seal::sha256(&text))
    }

    /// The key as 43 characters of base64url, for stores whose keys are text.
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`to_text()`](Self::to_text) wrote; `None` for everything else.
    pub fn from_text(text: &str) -> Option<Self> {
        read(text).map(Self)
    }
}

impl fmt::Debug for SharedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedKey({})", self.to_text())
    }
}

/// Small values that all instances of an application see, each with a time to live: which
/// instance refreshes a session's tokens, the tokens it got, what has ended, which sign-ins
/// were completed. A store that has these four operations in
/// [`SessionStore::shared()`](super::SessionStore::shared) makes of many instances one.
///
/// Keys are hashes, and values are sealed where they hold anything: neither says whose it is.
/// Each operation is one step: of several at once for one key, one comes first. What was
/// written is seen by every operation that begins later, at any instance: a replica that lags
/// will not do. [`contract::check`](crate::contract::check) checks these too.
///
/// A value is gone after its time to live, and not before: an evicted one may let a session
/// live on that has ended. Count in milliseconds, as some live for a few seconds only, and by
/// one clock: the store's own, where instances are on several machines.
#[rocket::async_trait]
pub trait Shared: Send + Sync {
    /// Puts a value where there is none. Whether there was none.
    ///
    /// # Errors
    ///
    /// The store failed; the value may be there all the same.
    async fn put_new(&self, key: &SharedKey, value: &[u8], ttl: Duration) -> Result<bool>;

    /// The values of these keys, in their order; `None` where there is none.
    ///
    /// # Errors
    ///
    /// The store failed. Never an error: a value that is not there.
    async fn get(&self, keys: &[SharedKey]) -> Result<Vec<Option<Vec<u8>>>>;

    /// Replaces the value if it is still `old`, and its time to live with it. Whether it was.
    ///
    /// # Errors
    ///
    /// The store failed; the value may have been replaced all the same.
    async fn replace_if(
        &self,
        key: &SharedKey,
        old: &[u8],
        new: &[u8],
        ttl: Duration,
    ) -> Result<bool>;

    /// Deletes the value if it is still `old`. Whether it was.
    ///
    /// # Errors
    ///
    /// The store failed; the value may have been deleted all the same.
    async fn delete_if(&self, key: &SharedKey, old: &[u8]) -> Result<bool>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_key_is_read_as_it_is_written_and_depends_on_where_its_parts_end() {
        let key = SharedKey::of(&[b"ab", b"c"]);
        let text = key.to_text();
        assert_eq!(SharedKey::from_text(&text), Some(key));
        assert_ne!(SharedKey::of(&[b"a", b"bc"]), key);
        for text in ["", "x", &text[1..], &format!("{text}A")] {
            assert_eq!(SharedKey::from_text(text), None, "{text}");
        }
    }
}

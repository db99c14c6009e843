//! What instances share besides sessions.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::key::read;
use crate::error::Result;
use crate::seal;

/// The key of a shared value: the SHA-256 of its subject.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedKey([u8; 32]);

impl SharedKey {
    /// The key for the subject that these parts name together.
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

    /// Reads the output of [`to_text()`](Self::to_text); `None` for anything else.
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
/// instance refreshes a session's tokens, the tokens it got, which sessions have ended,
/// which sign-ins were completed. With a store that offers these four operations in
/// [`SessionStore::shared()`](super::SessionStore::shared), many instances act as one.
///
/// Keys are hashes, and values with contents are sealed: neither reveals its user. Each
/// operation is atomic: of several at once on one key, one comes first. Every operation that
/// begins after a write, at any instance, sees it: a lagging replica will not do.
/// [`contract::check`](crate::contract::check) checks these too.
///
/// A value is gone after its time to live, and not before: an evicted one may let an ended
/// session live on. Count in milliseconds, as some live only for a few seconds, and by one
/// clock: the store's own, if instances are on several machines.
#[rocket::async_trait]
pub trait Shared: Send + Sync {
    /// Puts a value if there is none. Returns whether there was none.
    ///
    /// # Errors
    ///
    /// The store failed; the value may be there anyway.
    async fn put_new(&self, key: &SharedKey, value: &[u8], ttl: Duration) -> Result<bool>;

    /// The values of these keys, in their order; `None` where there is none.
    ///
    /// # Errors
    ///
    /// The store failed. A missing value is never an error.
    async fn get(&self, keys: &[SharedKey]) -> Result<Vec<Option<Vec<u8>>>>;

    /// Replaces the value and its time to live if it is still `old`. Returns whether it was.
    ///
    /// # Errors
    ///
    /// The store failed; the value may have been replaced anyway.
    async fn replace_if(
        &self,
        key: &SharedKey,
        old: &[u8],
        new: &[u8],
        ttl: Duration,
    ) -> Result<bool>;

    /// Deletes the value if it is still `old`. Returns whether it was.
    ///
    /// # Errors
    ///
    /// The store failed; the value may have been deleted anyway.
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

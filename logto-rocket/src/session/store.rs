//! The trait of session stores.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::seal;

/// The id of a session: 128 random bits. Whoever has it has the session, so its
/// `Debug` form is redacted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(#[serde(with = "serde_bytes")] [u8; 16]);

impl SessionId {
    pub(crate) fn random() -> Self {
        Self(seal::random())
    }

    pub(crate) fn bytes(&self) -> [u8; 16] {
        self.0
    }

    /// The id as 22 characters of base64url, for use as a store's key.
    pub fn to_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`to_key()`](Self::to_key) wrote; `None` for everything else.
    pub fn from_key(key: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let length = URL_SAFE_NO_PAD.decode_slice(key, &mut bytes).ok()?;
        (length == bytes.len()).then_some(Self(bytes))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId([redacted])")
    }
}

/// A session as a store holds it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredSession {
    /// The sealed session. A store need not and cannot look inside.
    pub data: Vec<u8>,
    /// Who it belongs to.
    pub owner: Owner,
}

impl StoredSession {
    /// A session of `owner`.
    pub fn new(data: Vec<u8>, owner: Owner) -> Self {
        Self { data, owner }
    }
}

impl fmt::Debug for StoredSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSession").field("bytes", &self.data.len()).finish_non_exhaustive()
    }
}

/// Whom a session belongs to, by the two names that Logto ends sessions by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Owner {
    /// The user's id.
    pub subject: String,
    /// The id of the user's session at Logto, if Logto told it.
    pub sid: Option<String>,
}

impl Owner {
    /// The user `subject`, in Logto's session `sid`.
    pub fn new(subject: impl Into<String>, sid: Option<String>) -> Self {
        Self { subject: subject.into(), sid }
    }
}

/// Which sessions to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Find<'a> {
    /// Those of this user.
    Subject(&'a str),
    /// Those of this session at Logto.
    Sid(&'a str),
}

/// The version of a stored session: another one after every save.
pub type Version = u64;

/// What became of a conditional save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It was saved and has this version now.
    Yes(Version),
    /// Another save came first, or the session was deleted. Nothing was changed.
    No,
}

/// Where sessions live: the trait for a store of one's own.
///
/// Four rules make a store safe, and [`contract::check`](crate::contract::check)
/// runs them on yours:
///
///   * `create` never overwrites: an id that exists is an error.
///   * `save` is conditional on the version that was read, in one step (compare
///     and swap): of two saves of one version only one wins, and a session that
///     was deleted stays deleted.
///   * A session is gone after its time to live.
///   * A store that is down says so with [`Error::store`](crate::Error::store). It
///     never answers "no session": that would sign users out.
///
/// A store's errors are answered with 503 Service Unavailable; the browser keeps
/// its cookie.
///
/// # Example
///
/// A store in a map, which forgets expired sessions when they are asked for:
///
/// ```rust
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use std::time::{Duration, Instant};
///
/// use logto_rocket::{Error, Find, Result, Saved, SessionId, SessionStore, StoredSession, Version};
///
/// #[derive(Default)]
/// struct Map(Mutex<HashMap<SessionId, (StoredSession, Version, Instant)>>);
///
/// #[rocket::async_trait]
/// impl SessionStore for Map {
///     async fn create(&self, id: &SessionId, session: StoredSession, ttl: Duration) -> Result<Version> {
///         let mut map = self.0.lock().unwrap();
///         if map.contains_key(id) {
///             return Err(Error::store(std::io::Error::other("the id exists")));
///         }
///         map.insert(*id, (session, 1, Instant::now() + ttl));
///         Ok(1)
///     }
///
///     async fn load(&self, id: &SessionId) -> Result<Option<(Vec<u8>, Version)>> {
///         let map = self.0.lock().unwrap();
///         let live = map.get(id).filter(|(_, _, end)| *end > Instant::now());
///         Ok(live.map(|(session, version, _)| (session.data.clone(), *version)))
///     }
///
///     async fn save(
///         &self, id: &SessionId, read: Version, session: StoredSession, ttl: Duration,
///     ) -> Result<Saved> {
///         match self.0.lock().unwrap().get_mut(id) {
///             Some(entry) if entry.1 == read => {
///                 *entry = (session, read + 1, Instant::now() + ttl);
///                 Ok(Saved::Yes(read + 1))
///             }
///             _ => Ok(Saved::No),
///         }
///     }
///
///     async fn delete(&self, id: &SessionId) -> Result<()> {
///         self.0.lock().unwrap().remove(id);
///         Ok(())
///     }
///
///     async fn find(&self, which: Find<'_>) -> Result<Vec<SessionId>> {
///         let map = self.0.lock().unwrap();
///         let of = |session: &StoredSession| match which {
///             Find::Subject(subject) => session.owner.subject == subject,
///             Find::Sid(sid) => session.owner.sid.as_deref() == Some(sid),
///             _ => false,
///         };
///         Ok(map.iter().filter(|(_, entry)| of(&entry.0)).map(|(id, _)| *id).collect())
///     }
/// }
///
/// # rocket::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// logto_rocket::contract::check(&Map::default()).await?;
/// # Ok::<(), String>(()) }).unwrap();
/// ```
///
/// It is attached with `Logto::fairing().store(Map::default())`.
#[rocket::async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Stores a new session for `ttl` and returns its first version.
    ///
    /// # Errors
    ///
    /// The id exists, or the store failed.
    async fn create(
        &self,
        id: &SessionId,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Version>;

    /// Returns the session's data and version, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn load(&self, id: &SessionId) -> Result<Option<(Vec<u8>, Version)>>;

    /// Replaces the session if it still has the version `read`, in one step.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn save(
        &self,
        id: &SessionId,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved>;

    /// Deletes the session. Deleting what is not there is fine.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn delete(&self, id: &SessionId) -> Result<()>;

    /// Returns the ids of all sessions of a user or of a session at Logto.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn find(&self, which: Find<'_>) -> Result<Vec<SessionId>>;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// S3: 128 bits of the system's randomness, 10⁵ ids without a repetition.
    #[test]
    fn session_ids_are_random_and_read_as_they_are_written() {
        let ids: HashSet<_> = (0..100_000).map(|_| SessionId::random()).collect();
        assert_eq!(ids.len(), 100_000);
        for id in ids.iter().take(100) {
            assert_eq!(SessionId::from_key(&id.to_key()), Some(*id));
            assert!(!format!("{id:?}").contains(&id.to_key()));
        }
        for key in
            ["", "x", "AAAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAAAA", "../../etc/passwd"]
        {
            assert_eq!(SessionId::from_key(key), None, "{key}");
        }
    }
}

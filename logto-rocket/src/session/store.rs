//! The trait of session stores.

mod key;

use std::fmt;
use std::time::Duration;

pub(crate) use self::key::SessionId;
pub use self::key::SessionKey;
use crate::error::Result;

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
///
/// Neither is written as Logto writes it: each is its HMAC-SHA-256 under a key of the
/// newest cookie secret, in 43 characters of base64url. Whoever reads the store learns
/// nobody's id, and which sessions are of one user is all that it tells.
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

/// Which sessions to find, by the names in their [`Owner`]. There is one name for each
/// configured cookie secret, and a session fits if it was last saved with any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Find<'a> {
    /// Those of a user: their `subject` is one of these.
    Subject(&'a [String]),
    /// Those of a session at Logto: their `sid` is one of these.
    Sid(&'a [String]),
}

/// The version of a stored session: another one after every save.
pub type Version = u64;

/// What became of a conditional save.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Saved {
    /// It was saved and has this version now.
    Yes(Version),
    /// Another save came first, or the session was deleted. Nothing was changed.
    No,
}

/// Where sessions live: the trait for a store of one's own.
///
/// Five rules make a store safe, and [`contract::check`](crate::contract::check)
/// runs them on yours:
///
///   * `create` never overwrites: a key that exists is an error.
///   * `save` is conditional on the version that was read, in one step (compare
///     and swap): of two saves of one version only one wins, and a session that
///     was deleted stays deleted.
///   * A session is gone after its time to live.
///   * `find` goes by the owner that was saved last: with a new cookie secret, a
///     session's owner gets new names.
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
/// use logto_rocket::{Error, Find, Result, Saved, SessionKey, SessionStore, StoredSession, Version};
///
/// #[derive(Default)]
/// struct Map(Mutex<HashMap<SessionKey, (StoredSession, Version, Instant)>>);
///
/// #[rocket::async_trait]
/// impl SessionStore for Map {
///     async fn create(&self, key: &SessionKey, session: StoredSession, ttl: Duration) -> Result<Version> {
///         let mut map = self.0.lock().unwrap();
///         if map.contains_key(key) {
///             return Err(Error::store(std::io::Error::other("the key exists")));
///         }
///         map.insert(*key, (session, 1, Instant::now() + ttl));
///         Ok(1)
///     }
///
///     async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
///         let map = self.0.lock().unwrap();
///         let live = map.get(key).filter(|(_, _, end)| *end > Instant::now());
///         Ok(live.map(|(session, version, _)| (session.data.clone(), *version)))
///     }
///
///     async fn save(
///         &self, key: &SessionKey, read: Version, session: StoredSession, ttl: Duration,
///     ) -> Result<Saved> {
///         match self.0.lock().unwrap().get_mut(key) {
///             Some(entry) if entry.1 == read => {
///                 *entry = (session, read + 1, Instant::now() + ttl);
///                 Ok(Saved::Yes(read + 1))
///             }
///             _ => Ok(Saved::No),
///         }
///     }
///
///     async fn delete(&self, key: &SessionKey) -> Result<()> {
///         self.0.lock().unwrap().remove(key);
///         Ok(())
///     }
///
///     async fn find(&self, which: Find<'_>) -> Result<Vec<SessionKey>> {
///         let map = self.0.lock().unwrap();
///         let of = |session: &StoredSession| match which {
///             Find::Subject(names) => names.contains(&session.owner.subject),
///             Find::Sid(names) => session.owner.sid.as_ref().is_some_and(|sid| names.contains(sid)),
///             _ => false,
///         };
///         Ok(map.iter().filter(|(_, entry)| of(&entry.0)).map(|(key, _)| *key).collect())
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
    /// The key exists, or the store failed.
    async fn create(
        &self,
        key: &SessionKey,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Version>;

    /// Returns the session's data and version, or `None` if there is none.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>>;

    /// Replaces the session if it still has the version `read`, in one step.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn save(
        &self,
        key: &SessionKey,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved>;

    /// Deletes the session. Deleting what is not there is fine.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn delete(&self, key: &SessionKey) -> Result<()>;

    /// Returns the keys of all sessions of a user or of a session at Logto; none where
    /// there is no such session.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn find(&self, which: Find<'_>) -> Result<Vec<SessionKey>>;
}

//! The trait of session stores.

mod forward;
mod key;
mod shared;
mod version;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::key::SessionId;
pub use self::key::SessionKey;
pub use self::shared::{Shared, SharedKey};
pub use self::version::Version;
use crate::error::Result;

/// A session as a store holds it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredSession {
    /// The sealed session. A store need not and cannot look inside.
    pub data: Vec<u8>,
    /// Names to find the session by: one for its user, and one for the user's session at
    /// Logto if that is known. Each is an HMAC-SHA-256 under a key of the newest cookie
    /// secret, in 43 characters of base64url. The store's contents reveal no ids, only
    /// that two sessions share a name.
    pub names: Vec<String>,
}

impl StoredSession {
    /// A session to be found by `names`.
    pub fn new(data: Vec<u8>, names: Vec<String>) -> Self {
        Self { data, names }
    }
}

impl fmt::Debug for StoredSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSession").field("bytes", &self.data.len()).finish_non_exhaustive()
    }
}

/// The result of a conditional save.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Saved {
    /// It was saved and now has this version.
    Yes(Version),
    /// Another save came first, or the session was deleted. Nothing was changed.
    No,
}

/// Any store.
pub(crate) type AnyStore = Arc<dyn SessionStore>;

/// Where sessions live: the trait for a store of your own.
///
/// See the chapter [`guide::sessions`](crate::guide::sessions).
///
/// Six rules make a store safe, and [`contract::check`](crate::contract::check)
/// runs them on yours, [`contract::check_together`](crate::contract::check_together) on two
/// handles of it:
///
///   * `create` never overwrites: a key that exists is an error.
///   * `load` and `find` see everything saved before them, by any instance.
///   * `save` is conditional on the version that was read, in one step (compare
///     and swap): of two saves of one version only one wins, and a session that
///     was deleted stays deleted.
///   * A session is gone after its time to live, to the millisecond or nearly so, for `load`
///     and for `find`.
///   * `find` uses the names that were saved last: with a new cookie secret, a session
///     gets new names.
///   * A store that is down returns [`Error::store`](crate::Error::store). It never
///     answers "no session": that would sign users out.
///
/// A store's errors are answered with 503 Service Unavailable; the browser keeps
/// its cookie.
///
/// Several instances of an application can use one store. To share more, such as which of
/// them refreshes a session's tokens, it needs [`shared()`](Self::shared).
///
/// # Example
///
/// A store in a map, which drops expired sessions when they are requested:
///
/// ```rust
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use std::time::{Duration, Instant};
///
/// use logto_rocket::{Error, Result, Saved, SessionKey, SessionStore, StoredSession, Version};
///
/// #[derive(Default)]
/// struct Map(Mutex<HashMap<SessionKey, (StoredSession, i64, Instant)>>);
///
/// #[rocket::async_trait]
/// impl SessionStore for Map {
///     async fn create(&self, key: &SessionKey, session: StoredSession, ttl: Duration) -> Result<Version> {
///         let mut map = self.0.lock().unwrap();
///         if map.contains_key(key) {
///             return Err(Error::store(std::io::Error::other("the key exists")));
///         }
///         map.insert(*key, (session, 1, Instant::now() + ttl));
///         Ok(Version::from(1))
///     }
///
///     async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
///         let map = self.0.lock().unwrap();
///         let live = map.get(key).filter(|(_, _, end)| *end > Instant::now());
///         Ok(live.map(|(session, version, _)| (session.data.clone(), Version::from(*version))))
///     }
///
///     async fn save(
///         &self, key: &SessionKey, read: Version, session: StoredSession, ttl: Duration,
///     ) -> Result<Saved> {
///         match self.0.lock().unwrap().get_mut(key) {
///             Some(entry) if read == Version::from(entry.1) => {
///                 *entry = (session, entry.1 + 1, Instant::now() + ttl);
///                 Ok(Saved::Yes(Version::from(entry.1)))
///             }
///             _ => Ok(Saved::No),
///         }
///     }
///
///     async fn delete(&self, key: &SessionKey, _names: &[String]) -> Result<()> {
///         self.0.lock().unwrap().remove(key);
///         Ok(())
///     }
///
///     async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>> {
///         let map = self.0.lock().unwrap();
///         let live = map.iter().filter(|(_, (_, _, end))| *end > Instant::now());
///         let is_found = |session: &StoredSession| session.names.iter().any(|n| names.contains(n));
///         Ok(live.filter(|(_, entry)| is_found(&entry.0)).map(|(key, _)| *key).collect())
///     }
/// }
///
/// # rocket::tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// logto_rocket::contract::check(&Map::default()).await?;
/// # Ok::<(), String>(()) }).unwrap();
/// ```
///
/// A store in SQLite, with [`Shared`] and a task that removes expired entries, is
/// `examples/sql-store` in the repository.
///
/// Attach it with `Logto::fairing().store(Map::default())`, or build it from a pool that another
/// fairing manages, with [`store_with()`](crate::LogtoFairing::store_with). An `Arc` of a store is
/// a store too, and so is a `Box<dyn SessionStore>`.
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

    /// Deletes the session. Deleting a missing one is fine. `names` are those it was
    /// saved with, as far as known, so that an index can be cleaned without reading the
    /// session first.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn delete(&self, key: &SessionKey, names: &[String]) -> Result<()>;

    /// Returns the keys of all unexpired sessions that have any of these names; none if there is no
    /// such session. There is one name for each cookie secret, as a session may have been saved
    /// with any.
    ///
    /// # Errors
    ///
    /// The store failed.
    async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>>;

    /// What the instances of an application share besides sessions, if this store can
    /// hold it. **(default: `None`: each instance keeps it to itself)**
    ///
    /// With it, only one refresh of a session's tokens runs at a time across all
    /// instances, they share the tokens, and a session that ended at one has ended at
    /// all. Without it, each of these holds within one instance only.
    fn shared(&self) -> Option<&dyn Shared> {
        None
    }
}

//! Where sessions live: in the cookie, in this process, or in a store.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use rocket::futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::Session;
use super::memory::MemoryStore;
use super::opened::Opened;
use super::record::{Record, Whose};
use super::store::{AnyStore, Saved, SessionKey, SessionStore, StoredSession};
use crate::error::Result;
use crate::seal::{Named, Pseudonyms, Sealer};

/// The most sessions whose newest generation the process remembers.
const NEWEST: u64 = 100_000;

/// How many sessions of one user to load at once.
const LOADS: usize = 16;

/// How long the newest generation is remembered after its last use: longer than
/// any request that still carries an older one.
const NEWEST_TTL: Duration = Duration::from_secs(60 * 60);

/// Where sessions live, and those that were already opened.
pub(crate) struct Storage {
    place: Place,
    opened: Opened,
}

enum Place {
    /// In the cookie itself. A refresh makes a new generation; the process remembers the
    /// newest until no request with an older one can still be pending.
    Cookie { sealer: Sealer, newest: Cache<SessionKey, Arc<Record>> },
    /// In the memory of this process. Not sealed, as the key is in the same memory.
    Memory { store: MemoryStore, pseudonyms: Pseudonyms },
    /// In a store.
    Store { sealer: Sealer, pseudonyms: Pseudonyms, store: AnyStore },
}

/// A store, with the keys for its sessions.
struct Store<'s> {
    store: &'s dyn SessionStore,
    sealer: Option<&'s Sealer>,
    pseudonyms: &'s Pseudonyms,
}

impl Storage {
    /// Sessions in cookies. Opened ones may take so many bytes.
    pub(crate) fn cookie(sealer: Sealer, cache_bytes: u64) -> Self {
        let newest = Cache::builder().max_capacity(NEWEST).time_to_idle(NEWEST_TTL);
        // The default policy may reject the newest generation in favor of others.
        let newest = newest.eviction_policy(EvictionPolicy::lru()).build();
        Self::new(Place::Cookie { sealer, newest }, cache_bytes)
    }

    /// Sessions in the memory of this process, at most so many.
    pub(crate) fn memory(capacity: u64, pseudonyms: Pseudonyms, cache_bytes: u64) -> Self {
        Self::new(Place::Memory { store: MemoryStore::new(capacity), pseudonyms }, cache_bytes)
    }

    /// Sessions in `store`, which holds them sealed.
    pub(crate) fn store(
        sealer: Sealer,
        pseudonyms: Pseudonyms,
        store: AnyStore,
        cache_bytes: u64,
    ) -> Self {
        Self::new(Place::Store { sealer, pseudonyms, store }, cache_bytes)
    }

    fn new(place: Place, cache_bytes: u64) -> Self {
        Self { place, opened: Opened::new(cache_bytes) }
    }

    /// The sealer of session cookies, if sessions live there.
    pub(super) fn cookie_sealer(&self) -> Option<&Sealer> {
        match &self.place {
            Place::Cookie { sealer, .. } => Some(sealer),
            _ => None,
        }
    }

    /// The session in a sealed cookie's value.
    pub(super) fn open_cookie(&self, sealer: &Sealer, name: &str, value: &str) -> Option<Session> {
        let open = || Record::decode(&sealer.open_text(name, value)?);
        // A sealed value ends with its nonce.
        let label = value.as_bytes().last_chunk()?;
        let record = self.opened.get_or_open(*label, value.as_bytes(), open)?;
        Some(Session { record, version: None })
    }

    /// Drops the opened form of a sealed cookie's value that is no longer a session.
    pub(super) fn forget_cookie(&self, value: &str) {
        if let Some(label) = value.as_bytes().last_chunk() {
            self.opened.forget(label);
        }
    }

    /// The same for a stored session, which may have been ended elsewhere.
    pub(super) fn forget_stored(&self, key: &SessionKey) {
        self.opened.forget(&key.label());
    }

    #[cfg(test)]
    pub(super) fn opened_count(&self) -> usize {
        self.opened.len()
    }

    /// The session with this key, if it is in this process; `None` if a store has to be
    /// asked.
    pub(super) fn at_hand(&self, key: SessionKey) -> Option<Option<Session>> {
        let Place::Memory { store, .. } = &self.place else { return None };
        Some(store.get(&key).and_then(|(stored, version)| {
            let open = || Record::decode(&stored.data);
            let record = self.opened.get_or_open(key.label(), &stored.data, open)?;
            Some(Session { record, version: Some(version) })
        }))
    }

    /// The session with this key in the store.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(super) async fn load(&self, key: SessionKey) -> Result<Option<Session>> {
        let Some(from) = self.place.store() else { return Ok(None) };
        let Some((data, version)) = from.store.load(&key).await? else { return Ok(None) };
        let record = self.opened.get_or_open(key.label(), &data, || from.open(key, &data));
        Ok(record.map(|record| Session { record, version: Some(version) }))
    }

    /// The newest generation that the process knows of a session in a cookie; a stored
    /// session as it is.
    pub(super) fn newest(&self, session: Session) -> Session {
        let Place::Cookie { newest, .. } = &self.place else { return session };
        match newest.get(&session.record.key()) {
            Some(record) if record.generation > session.record.generation => {
                Session { record, version: None }
            }
            _ => session,
        }
    }

    /// Remembers the newest generation of a session in a cookie, from another instance.
    pub(super) fn remember_newest(&self, record: Arc<Record>) -> Session {
        if let Place::Cookie { newest, .. } = &self.place {
            newest.insert(record.key(), Arc::clone(&record));
        }
        Session { record, version: None }
    }

    pub(super) async fn create(&self, record: Record, ttl: Duration) -> Result<Session> {
        let version = match self.place.store() {
            None => None,
            Some(to) => Some(to.store.create(&record.key(), to.fit(&record)?, ttl).await?),
        };
        Ok(Session { record: Arc::new(record), version })
    }

    /// Saves the next record of a session; `None` if the store now has another one, or
    /// none: then the caller reads it again.
    pub(super) async fn save(
        &self,
        read: &Session,
        record: Record,
        ttl: Duration,
    ) -> Result<Option<Session>> {
        let record = Arc::new(record);
        if let Place::Cookie { newest, .. } = &self.place {
            if record.generation > read.record.generation {
                newest.insert(record.key(), Arc::clone(&record));
            }
            return Ok(Some(Session { record, version: None }));
        }
        let (Some(to), Some(version)) = (self.place.store(), read.version.clone()) else {
            return Ok(None);
        };
        match to.store.save(&record.key(), version, to.fit(&record)?, ttl).await? {
            Saved::Yes(version) => Ok(Some(Session { record, version: Some(version) })),
            Saved::No => Ok(None),
        }
    }

    pub(super) async fn delete(&self, record: &Record) -> Result<()> {
        let key = record.key();
        if let Place::Cookie { newest, .. } = &self.place {
            newest.invalidate(&key);
            self.opened.forget_all(|record| record.key() == key);
        }
        match self.place.store() {
            Some(of) => self.delete_stored(&key, &record.all_names(of.pseudonyms)).await,
            None => Ok(()),
        }
    }

    async fn delete_stored(&self, key: &SessionKey, names: &[String]) -> Result<()> {
        if let Some(of) = self.place.store() {
            of.store.delete(key, names).await?;
            self.opened.forget(&key.label());
        }
        Ok(())
    }

    /// The sessions that the store has for a user, possibly with others that it should not
    /// have found.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(super) async fn find(&self, subject: &str) -> Result<Vec<Session>> {
        let Some(from) = self.place.store() else { return Ok(Vec::new()) };
        let found = stream::iter(from.find(Whose::Subject(subject)).await?);
        let loads = found.map(|key| self.load(key)).buffered(LOADS);
        let sessions: Vec<_> = loads.try_collect().await?;
        Ok(sessions.into_iter().flatten().collect())
    }

    /// Deletes the sessions of `whose` that `ends` selects, and passes each to `deleted` at
    /// once. Of sessions in cookies only remembered newest generations can be found.
    ///
    /// # Errors
    ///
    /// The store failed for one of them, or for all; the others are deleted anyway.
    pub(super) async fn delete_all(
        &self,
        whose: Whose<'_>,
        ends: impl Fn(&Record) -> bool,
        mut deleted: impl FnMut(Session),
    ) -> Result<()> {
        if let Place::Cookie { newest, .. } = &self.place {
            for (key, record) in newest.iter().filter(|(_, record)| ends(record)) {
                newest.invalidate(&*key);
                deleted(Session { record, version: None });
            }
            self.opened.forget_all(ends);
            return Ok(());
        }
        let Some(from) = self.place.store() else { return Ok(()) };
        let mut result = Ok(());
        for key in from.find(whose).await? {
            match self.delete_if(key, &ends).await {
                Ok(session) => session.into_iter().for_each(&mut deleted),
                Err(error) => result = Err(error),
            }
        }
        result
    }

    async fn delete_if(
        &self,
        key: SessionKey,
        ends: impl Fn(&Record) -> bool,
    ) -> Result<Option<Session>> {
        let session = self.load(key).await?;
        match &session {
            Some(session) if !ends(&session.record) => return Ok(None),
            Some(session) => self.delete(&session.record).await?,
            // An unreadable one cannot show that it is newer, or somebody else's.
            None => self.delete_stored(&key, &[]).await?,
        }
        Ok(session)
    }
}

impl Place {
    fn store(&self) -> Option<Store<'_>> {
        match self {
            Self::Cookie { .. } => None,
            Self::Memory { store, pseudonyms } => Some(Store { store, sealer: None, pseudonyms }),
            Self::Store { sealer, pseudonyms, store } => {
                Some(Store { store: &**store, sealer: Some(sealer), pseudonyms })
            }
        }
    }
}

impl Store<'_> {
    /// The session as stored, sealed with its key, so that it does not open under another
    /// key.
    fn fit(&self, record: &Record) -> Result<StoredSession> {
        let data = match self.sealer {
            Some(sealer) => sealer.seal(&record.key().to_text(), &record.encode()),
            None => mem::take(&mut *record.encode()),
        };
        Ok(StoredSession::new(data, record.names(self.pseudonyms)?))
    }

    /// Reads the output of [`fit()`](Self::fit).
    fn open(&self, key: SessionKey, data: &[u8]) -> Option<Record> {
        match self.sealer {
            Some(sealer) => Record::decode(&sealer.open(&key.to_text(), data.to_vec())?),
            None => Record::decode(data),
        }
    }

    /// The keys of all sessions that may be of `whose`; their records say which are.
    async fn find(&self, whose: Whose<'_>) -> Result<Vec<SessionKey>> {
        let (sid, subject) = match whose {
            Whose::Subject(subject) => (None, Some(subject)),
            Whose::Sid { sid, subject } => (Some(sid), subject),
        };
        let sids = sid.map(|sid| self.pseudonyms.all(Named::Sid, sid));
        let subjects = subject.map(|subject| self.pseudonyms.all(Named::Subject, subject));
        let names: Vec<_> = sids.into_iter().chain(subjects).flatten().collect();
        self.store.find(&names).await
    }
}

//! Sessions in this process.

mod shared;

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::notification::RemovalCause;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use self::shared::SharedValues;
use super::store::{Saved, SessionKey, SessionStore, Shared, StoredSession, Version};
use crate::error::{Error, Result};

/// A [`SessionStore`] in memory: bounded, the least used sessions go first, and all end
/// with the process. For one instance and for tests.
///
/// Chosen with `session.store = "memory"`. For tests of several instances, give an
/// `Arc<MemoryStore>` to each with `Logto::fairing().store(..)`.
#[derive(Debug)]
pub struct MemoryStore {
    sessions: Cache<SessionKey, Held>,
    names: Arc<Names>,
    shared: SharedValues,
}

#[derive(Clone, Debug)]
struct Held {
    session: Arc<StoredSession>,
    version: i64,
    ttl: Duration,
}

/// Each entry lives for the time given when it was last stored.
struct TimeToLive;

impl Expiry<SessionKey, Held> for TimeToLive {
    fn expire_after_create(&self, _: &SessionKey, entry: &Held, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &SessionKey,
        entry: &Held,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}

/// The sessions with each name, by its hash: a search through all sessions would block
/// other requests meanwhile.
#[derive(Debug, Default)]
struct Names {
    hasher: RandomState,
    sessions: Mutex<BTreeSet<(u64, SessionKey)>>,
}

impl Names {
    fn sessions(&self) -> MutexGuard<'_, BTreeSet<(u64, SessionKey)>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hashes(&self, names: &[String]) -> impl Iterator<Item = u64> {
        names.iter().map(|name| self.hasher.hash_one(name))
    }

    fn add(&self, key: SessionKey, names: &[String]) {
        self.sessions().extend(self.hashes(names).map(|hash| (hash, key)));
    }

    fn remove(&self, key: SessionKey, names: &[String]) {
        let mut sessions = self.sessions();
        for hash in self.hashes(names) {
            sessions.remove(&(hash, key));
        }
    }

    /// Sessions that may have this name.
    fn of(&self, name: &String) -> Vec<SessionKey> {
        let hash = self.hasher.hash_one(name);
        let sessions = self.sessions();
        let from = sessions.range((hash, SessionKey::FIRST)..);
        from.take_while(|(of, _)| *of == hash).map(|(_, key)| *key).collect()
    }
}

impl MemoryStore {
    /// A store for at most `capacity` sessions.
    pub fn new(capacity: u64) -> Self {
        let names = Arc::<Names>::default();
        let of_removed = Arc::clone(&names);
        let sessions = Cache::builder()
            .max_capacity(capacity)
            // The default policy may reject a new session in favor of others.
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(TimeToLive)
            .eviction_listener(move |key: Arc<SessionKey>, entry: Held, cause| {
                // `save` handles the names of the session that it replaces.
                if cause != RemovalCause::Replaced {
                    of_removed.remove(*key, &entry.session.names);
                }
            })
            .build();
        Self { sessions, names, shared: SharedValues::new(capacity) }
    }

    /// The session, without awaiting as in the trait.
    pub(crate) fn get(&self, key: &SessionKey) -> Option<(Arc<StoredSession>, Version)> {
        self.sessions.get(key).map(|entry| (entry.session, entry.version.into()))
    }
}

#[rocket::async_trait]
impl SessionStore for MemoryStore {
    async fn create(
        &self,
        key: &SessionKey,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Version> {
        let entry = Held { session: Arc::new(session), version: 1, ttl };
        let insert = || {
            self.names.add(*key, &entry.session.names);
            entry
        };
        match self.sessions.entry(*key).or_insert_with(insert) {
            inserted if inserted.is_fresh() => Ok(1.into()),
            _ => Err(Error::store(std::io::Error::other("the session's key exists"))),
        }
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
        Ok(self.get(key).map(|(session, version)| (session.data.clone(), version)))
    }

    async fn save(
        &self,
        key: &SessionKey,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        let (session, mut saved) = (Arc::new(session), Saved::No);
        self.sessions.entry(*key).and_compute_with(|entry| match entry {
            Some(entry) if read.number() == Some(entry.value().version) => {
                let Held { session: old, version, .. } = entry.value();
                if old.names != session.names {
                    self.names.remove(*key, &old.names);
                    self.names.add(*key, &session.names);
                }
                saved = Saved::Yes((version + 1).into());
                Op::Put(Held { session, version: version + 1, ttl })
            }
            _ => Op::Nop,
        });
        Ok(saved)
    }

    async fn delete(&self, key: &SessionKey, _: &[String]) -> Result<()> {
        // Not `invalidate`, which does not wait for a save of the same session.
        self.sessions.entry(*key).and_compute_with(|_| Op::Remove);
        Ok(())
    }

    async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>> {
        let mut found: Vec<_> = names.iter().flat_map(|name| self.names.of(name)).collect();
        found.sort_unstable();
        found.dedup();
        let has_one = |session: &StoredSession| session.names.iter().any(|of| names.contains(of));
        found.retain(|key| self.get(key).is_some_and(|(session, _)| has_one(&session)));
        Ok(found)
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(&self.shared)
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::SessionId;
    use super::*;

    #[rocket::async_test]
    async fn the_memory_store_keeps_the_contract() {
        crate::contract::check(&MemoryStore::new(1000)).await.expect("the contract holds");
    }

    #[rocket::async_test]
    async fn the_memory_store_is_bounded_and_keeps_the_newest_session() {
        let store = MemoryStore::new(10);
        let names = || vec!["alice".to_owned()];
        let mut last = SessionId::random().key();
        for _ in 0..100 {
            last = SessionId::random().key();
            let session = StoredSession::new(vec![1], names());
            store.create(&last, session, Duration::from_secs(60)).await.expect("created");
        }
        store.sessions.run_pending_tasks();
        assert!(store.sessions.entry_count() <= 10);
        assert!(store.load(&last).await.expect("a load").is_some());
        assert!(store.names.sessions().len() <= 10, "evicted sessions are not found");
    }

    #[rocket::async_test]
    async fn a_session_is_found_by_its_last_names_only_and_not_once_it_has_gone() {
        let (store, ttl) = (MemoryStore::new(100), Duration::from_secs(60));
        let session = |names: &[String]| StoredSession::new(vec![1], names.to_vec());
        let names = ["alice", "bob"].map(|name| [name.to_owned(), format!("sid of {name}")]);
        let key = SessionId::random().key();
        let other = SessionId::random().key();
        store.create(&key, session(&names[0]), ttl).await.expect("created");
        store.create(&key, session(&names[1]), ttl).await.expect_err("it exists");
        store.create(&other, session(&names[0]), ttl).await.expect("created");
        store.save(&key, 1.into(), session(&names[1]), ttl).await.expect("saved");
        for (names, expected) in names.iter().zip([other, key]) {
            for name in names {
                let found = store.find(std::slice::from_ref(name)).await.expect("found");
                assert_eq!(found, [expected]);
            }
        }
        store.delete(&key, &[]).await.expect("deleted");
        store.delete(&other, &names[0]).await.expect("deleted");
        store.sessions.run_pending_tasks();
        assert!(store.names.sessions().is_empty());
    }
}

//! Sessions in this process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::store::{Find, Saved, SessionKey, SessionStore, StoredSession, Version};
use crate::error::{Error, Result};

/// A [`SessionStore`] in memory: bounded, the least used sessions go first, and
/// they end with the process. For one instance and for tests.
///
/// Chosen with `session.store = "memory"`.
#[derive(Debug)]
pub struct MemoryStore(Cache<SessionKey, Entry>);

#[derive(Clone, Debug)]
struct Entry {
    session: Arc<StoredSession>,
    version: Version,
    ttl: Duration,
}

/// Each entry lives for the time it was last stored with.
struct TimeToLive;

impl Expiry<SessionKey, Entry> for TimeToLive {
    fn expire_after_create(&self, _: &SessionKey, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &SessionKey,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}

impl MemoryStore {
    /// A store that holds `capacity` sessions at the most.
    pub fn new(capacity: u64) -> Self {
        let cache = Cache::builder()
            .max_capacity(capacity)
            // The default policy may turn a new session away in favor of others.
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(TimeToLive)
            .build();
        Self(cache)
    }

    /// The session, without the wait that the trait allows for.
    pub(crate) fn get(&self, key: &SessionKey) -> Option<(Arc<StoredSession>, Version)> {
        self.0.get(key).map(|entry| (entry.session, entry.version))
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
        let entry = Entry { session: Arc::new(session), version: 1, ttl };
        match self.0.entry(*key).or_insert(entry) {
            inserted if inserted.is_fresh() => Ok(1),
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
        let session = Arc::new(session);
        let result = self.0.entry(*key).and_compute_with(|entry| match entry {
            Some(entry) if entry.value().version == read => {
                Op::Put(Entry { session, version: read + 1, ttl })
            }
            _ => Op::Nop,
        });
        Ok(match result {
            CompResult::ReplacedWith(_) => Saved::Yes(read + 1),
            _ => Saved::No,
        })
    }

    async fn delete(&self, key: &SessionKey) -> Result<()> {
        // Not `invalidate`, which does not wait for a save of the same session.
        self.0.entry(*key).and_compute_with(|_| Op::Remove);
        Ok(())
    }

    async fn find(&self, which: Find<'_>) -> Result<Vec<SessionKey>> {
        let of = |entry: &Entry| match which {
            Find::Subject(names) => names.contains(&entry.session.owner.subject),
            Find::Sid(names) => {
                entry.session.owner.sid.as_ref().is_some_and(|sid| names.contains(sid))
            }
        };
        Ok(self.0.iter().filter(|(_, entry)| of(entry)).map(|(key, _)| *key).collect())
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
        let owner = super::super::store::Owner::new("alice", None);
        let mut last = SessionId::random().key();
        for _ in 0..100 {
            last = SessionId::random().key();
            let session = StoredSession::new(vec![1], owner.clone());
            store.create(&last, session, Duration::from_secs(60)).await.expect("created");
        }
        store.0.run_pending_tasks();
        assert!(store.0.entry_count() <= 10);
        assert!(store.load(&last).await.expect("a load").is_some());
    }
}

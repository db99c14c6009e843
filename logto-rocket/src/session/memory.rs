//! Sessions in this process.

use std::collections::BTreeSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::notification::RemovalCause;
use moka::ops::compute::{CompResult, Op};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::store::{Find, Owner, Saved, SessionKey, SessionStore, StoredSession, Version};
use crate::error::{Error, Result};

/// A [`SessionStore`] in memory: bounded, the least used sessions go first, and
/// they end with the process. For one instance and for tests.
///
/// Chosen with `session.store = "memory"`.
#[derive(Debug)]
pub struct MemoryStore {
    sessions: Cache<SessionKey, Held>,
    owners: Arc<Owners>,
}

#[derive(Clone, Debug)]
struct Held {
    session: Arc<StoredSession>,
    version: Version,
    ttl: Duration,
}

/// Each entry lives for the time it was last stored with.
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

/// The sessions of each owner, by a hash of each of the owner's names: a look through all
/// sessions would stop other requests for as long as it takes.
#[derive(Debug, Default)]
struct Owners {
    hasher: RandomState,
    sessions: Mutex<BTreeSet<(u64, SessionKey)>>,
}

impl Owners {
    fn sessions(&self) -> MutexGuard<'_, BTreeSet<(u64, SessionKey)>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hashes(&self, owner: &Owner) -> impl Iterator<Item = u64> {
        let names = [Some(&owner.subject), owner.sid.as_ref()];
        names.into_iter().flatten().map(|name| self.hasher.hash_one(name))
    }

    fn add(&self, key: SessionKey, owner: &Owner) {
        self.sessions().extend(self.hashes(owner).map(|hash| (hash, key)));
    }

    fn remove(&self, key: SessionKey, owner: &Owner) {
        let mut sessions = self.sessions();
        for hash in self.hashes(owner) {
            sessions.remove(&(hash, key));
        }
    }

    /// Sessions that may be of an owner with this name.
    fn of(&self, name: &String) -> Vec<SessionKey> {
        let hash = self.hasher.hash_one(name);
        let sessions = self.sessions();
        let from = sessions.range((hash, SessionKey::FIRST)..);
        from.take_while(|(of, _)| *of == hash).map(|(_, key)| *key).collect()
    }
}

impl MemoryStore {
    /// A store that holds `capacity` sessions at the most.
    pub fn new(capacity: u64) -> Self {
        let owners = Arc::<Owners>::default();
        let of_removed = Arc::clone(&owners);
        let sessions = Cache::builder()
            .max_capacity(capacity)
            // The default policy may turn a new session away in favor of others.
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(TimeToLive)
            .eviction_listener(move |key: Arc<SessionKey>, entry: Held, cause| {
                // `save` sees to the owner of what it replaces.
                if cause != RemovalCause::Replaced {
                    of_removed.remove(*key, &entry.session.owner);
                }
            })
            .build();
        Self { sessions, owners }
    }

    /// The session, without the wait that the trait allows for.
    pub(crate) fn get(&self, key: &SessionKey) -> Option<(Arc<StoredSession>, Version)> {
        self.sessions.get(key).map(|entry| (entry.session, entry.version))
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
            self.owners.add(*key, &entry.session.owner);
            entry
        };
        match self.sessions.entry(*key).or_insert_with(insert) {
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
        let result = self.sessions.entry(*key).and_compute_with(|entry| match entry {
            Some(entry) if entry.value().version == read => {
                let old = &entry.value().session.owner;
                if *old != session.owner {
                    self.owners.remove(*key, old);
                    self.owners.add(*key, &session.owner);
                }
                Op::Put(Held { session, version: read + 1, ttl })
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
        self.sessions.entry(*key).and_compute_with(|_| Op::Remove);
        Ok(())
    }

    async fn find(&self, which: Find<'_>) -> Result<Vec<SessionKey>> {
        let (Find::Subject(names) | Find::Sid(names)) = which;
        let mut found: Vec<_> = names.iter().flat_map(|name| self.owners.of(name)).collect();
        found.retain(|key| self.get(key).is_some_and(|(session, _)| is_of(&session.owner, which)));
        Ok(found)
    }
}

fn is_of(owner: &Owner, which: Find<'_>) -> bool {
    match which {
        Find::Subject(names) => names.contains(&owner.subject),
        Find::Sid(names) => owner.sid.as_ref().is_some_and(|sid| names.contains(sid)),
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
        let owner = Owner::new("alice", None);
        let mut last = SessionId::random().key();
        for _ in 0..100 {
            last = SessionId::random().key();
            let session = StoredSession::new(vec![1], owner.clone());
            store.create(&last, session, Duration::from_secs(60)).await.expect("created");
        }
        store.sessions.run_pending_tasks();
        assert!(store.sessions.entry_count() <= 10);
        assert!(store.load(&last).await.expect("a load").is_some());
        assert!(store.owners.sessions().len() <= 10, "what was pushed out is found no more");
    }

    #[rocket::async_test]
    async fn a_session_is_found_by_its_last_owner_only_and_not_once_it_has_gone() {
        let (store, ttl) = (MemoryStore::new(100), Duration::from_secs(60));
        let session = |owner: &Owner| StoredSession::new(vec![1], owner.clone());
        let owners = ["alice", "bob"].map(|name| Owner::new(name, Some(format!("sid of {name}"))));
        let key = SessionId::random().key();
        let other = SessionId::random().key();
        store.create(&key, session(&owners[0]), ttl).await.expect("created");
        store.create(&key, session(&owners[1]), ttl).await.expect_err("it exists");
        store.create(&other, session(&owners[0]), ttl).await.expect("created");
        store.save(&key, 1, session(&owners[1]), ttl).await.expect("saved");
        for (owner, expected) in owners.iter().zip([other, key]) {
            let subject = [owner.subject.clone()];
            let sid = [owner.sid.clone().expect("a sid")];
            for which in [Find::Subject(&subject), Find::Sid(&sid)] {
                assert_eq!(store.find(which).await.expect("found"), [expected]);
            }
        }
        store.delete(&key).await.expect("deleted");
        store.delete(&other).await.expect("deleted");
        store.sessions.run_pending_tasks();
        assert!(store.owners.sessions().is_empty());
    }
}

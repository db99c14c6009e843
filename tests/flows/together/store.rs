//! A store that fails, loses what it has, or does not answer, when it is told to.
//!
//! It tells a turn by its value, which is sealed nowhere: 16 bytes that name its holder.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logto_rocket::{
    Error, MemoryStore, Result, Saved, SessionKey, SessionStore, Shared, SharedKey, StoredSession,
    Version,
};

/// Bytes of the value of a turn, and more than those of a mark.
const TURN: usize = 16;
const LARGE: usize = 400;

#[derive(Clone)]
pub(super) struct Shaky {
    store: Arc<Mutex<Arc<MemoryStore>>>,
    is_down: Arc<AtomicBool>,
    is_read_only: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
    loses_turns: Arc<AtomicBool>,
    large: Arc<Mutex<Vec<SharedKey>>>,
    questions: Arc<AtomicUsize>,
}

impl Default for Shaky {
    fn default() -> Self {
        let store = Arc::new(MemoryStore::new(1000));
        Self {
            store: Arc::new(Mutex::new(store)),
            is_down: Arc::default(),
            is_read_only: Arc::default(),
            hangs: Arc::default(),
            loses_turns: Arc::default(),
            large: Arc::default(),
            questions: Arc::default(),
        }
    }
}

impl Shaky {
    /// As a restart without data.
    pub(super) fn lose_all(&self) {
        *self.store.lock().unwrap() = Arc::new(MemoryStore::new(1000));
    }

    pub(super) fn fail(&self, fails: bool) {
        self.is_down.store(fails, Ordering::SeqCst);
    }

    /// As a replica, or a disk that is full.
    pub(super) fn refuse_writes(&self, refuses: bool) {
        self.is_read_only.store(refuses, Ordering::SeqCst);
    }

    /// As one that was stopped and has no timeout.
    pub(super) fn hang(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::SeqCst);
    }

    /// Has every instance believe that it is its turn, as where each stood still for too long.
    pub(super) fn lose_turns(&self) {
        self.loses_turns.store(true, Ordering::SeqCst);
    }

    /// How many of the values that were large enough for an ID token are there.
    pub(super) async fn large_values(&self) -> usize {
        let keys = self.large.lock().unwrap().clone();
        self.get(&keys).await.unwrap().into_iter().flatten().count()
    }

    /// How often it was asked for anything.
    pub(super) fn questions(&self) -> usize {
        self.questions.load(Ordering::SeqCst)
    }

    fn note(&self, key: &SharedKey, value: &[u8]) {
        let mut large = self.large.lock().unwrap();
        if value.len() > LARGE && !large.contains(key) {
            large.push(*key);
        }
    }

    async fn writable(&self) -> Result<Arc<MemoryStore>> {
        match self.is_read_only.load(Ordering::SeqCst) {
            true => Err(Error::store(std::io::Error::other("read only"))),
            false => self.up().await,
        }
    }

    async fn up(&self) -> Result<Arc<MemoryStore>> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        while self.hangs.load(Ordering::SeqCst) {
            rocket::tokio::time::sleep(Duration::from_millis(5)).await;
        }
        match self.is_down.load(Ordering::SeqCst) {
            true => Err(Error::store(std::io::Error::other("connection refused"))),
            false => Ok(Arc::clone(&self.store.lock().unwrap())),
        }
    }
}

#[rocket::async_trait]
impl SessionStore for Shaky {
    async fn create(&self, key: &SessionKey, s: StoredSession, ttl: Duration) -> Result<Version> {
        self.writable().await?.create(key, s, ttl).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
        self.up().await?.load(key).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        self.writable().await?.save(key, read, session, ttl).await
    }

    async fn delete(&self, key: &SessionKey, names: &[String]) -> Result<()> {
        self.writable().await?.delete(key, names).await
    }

    async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>> {
        self.up().await?.find(names).await
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }
}

fn values(store: &MemoryStore) -> &dyn Shared {
    store.shared().expect("it shares")
}

#[rocket::async_trait]
impl Shared for Shaky {
    async fn put_new(&self, key: &SharedKey, value: &[u8], ttl: Duration) -> Result<bool> {
        if value.len() == TURN && self.loses_turns.load(Ordering::SeqCst) {
            return Ok(true);
        }
        self.note(key, value);
        values(&*self.writable().await?).put_new(key, value, ttl).await
    }

    async fn get(&self, keys: &[SharedKey]) -> Result<Vec<Option<Vec<u8>>>> {
        values(&*self.up().await?).get(keys).await
    }

    async fn replace_if(
        &self,
        key: &SharedKey,
        old: &[u8],
        new: &[u8],
        ttl: Duration,
    ) -> Result<bool> {
        self.note(key, new);
        values(&*self.writable().await?).replace_if(key, old, new, ttl).await
    }

    async fn delete_if(&self, key: &SharedKey, old: &[u8]) -> Result<bool> {
        values(&*self.writable().await?).delete_if(key, old).await
    }
}

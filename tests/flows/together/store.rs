//! A store that fails, loses its contents, or does not answer, when told to.
//!
//! It recognizes a turn by its value, which is never sealed: 16 bytes that name its holder.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logto_rocket::{
    Error, MemoryStore, Result, Saved, SessionKey, SessionStore, Shared, SharedKey, StoredSession,
    Version,
};
use rocket::tokio::sync::Notify;

/// The length of a turn's value, and more than that of a mark's.
const TURN: usize = 16;
const LARGE: usize = 400;

#[derive(Clone)]
pub(super) struct Shaky {
    store: Arc<Mutex<Arc<MemoryStore>>>,
    is_down: Arc<AtomicBool>,
    is_read_only: Arc<AtomicBool>,
    hangs: Arc<AtomicBool>,
    loses_turns: Arc<AtomicBool>,
    loses_an_answer: Arc<AtomicBool>,
    is_outrun: Arc<AtomicBool>,
    held: Arc<Held>,
    large: Arc<Mutex<Vec<SharedKey>>>,
    questions: Arc<AtomicUsize>,
}

/// Where a request waits: at the first of these that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Save,
    Delete,
    /// Any value that is put, except turns.
    Put,
}

#[derive(Default)]
struct Held {
    at: Mutex<Option<At>>,
    has_come: Notify,
    may_go: Notify,
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
            loses_an_answer: Arc::default(),
            is_outrun: Arc::default(),
            held: Arc::default(),
            large: Arc::default(),
            questions: Arc::default(),
        }
    }
}

impl Shaky {
    /// Like a restart without data.
    pub(super) fn lose_all(&self) {
        *self.store.lock().unwrap() = Arc::new(MemoryStore::new(1000));
    }

    pub(super) fn fail(&self, fails: bool) {
        self.is_down.store(fails, Ordering::SeqCst);
    }

    /// Like a replica, or a full disk.
    pub(super) fn refuse_writes(&self, refuses: bool) {
        self.is_read_only.store(refuses, Ordering::SeqCst);
    }

    /// Like one that was stopped, and without a timeout.
    pub(super) fn hang(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::SeqCst);
    }

    /// Makes every instance believe that it is its turn, as if each had stalled for too long.
    pub(super) fn lose_turns(&self) {
        self.loses_turns.store(true, Ordering::SeqCst);
    }

    /// Takes the next new session in and says that it failed, as if only the answer were lost.
    pub(super) fn lose_an_answer(&self) {
        self.loses_an_answer.store(true, Ordering::SeqCst);
    }

    /// Makes the next save come second, as if another had just recorded the last use.
    pub(super) fn outrun(&self) {
        self.is_outrun.store(true, Ordering::SeqCst);
    }

    /// Makes the next one that comes `at` here wait while `meanwhile` is done.
    pub(super) async fn hold<T>(&self, at: At, meanwhile: impl Future<Output = T>) -> T {
        *self.held.at.lock().unwrap() = Some(at);
        self.held.has_come.notified().await;
        let done = meanwhile.await;
        self.held.may_go.notify_one();
        done
    }

    async fn wait(&self, at: At) {
        let is_held = self.held.at.lock().unwrap().take_if(|held| *held == at).is_some();
        if is_held {
            self.held.has_come.notify_one();
            self.held.may_go.notified().await;
        }
    }

    /// How many values large enough for an ID token there are.
    pub(super) async fn large_values(&self) -> usize {
        let keys = self.large.lock().unwrap().clone();
        self.get(&keys).await.unwrap().into_iter().flatten().count()
    }

    /// How often it was asked for a session or values. Not how often it was told anything: a turn
    /// is returned whenever there is time.
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
        let version = self.writable().await?.create(key, s, ttl).await?;
        match self.loses_an_answer.swap(false, Ordering::SeqCst) {
            true => Err(Error::store(std::io::Error::other("no answer in time"))),
            false => Ok(version),
        }
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        self.up().await?.load(key).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        self.wait(At::Save).await;
        if self.is_outrun.swap(false, Ordering::SeqCst) {
            return Ok(Saved::No);
        }
        self.writable().await?.save(key, read, session, ttl).await
    }

    async fn delete(&self, key: &SessionKey, names: &[String]) -> Result<()> {
        self.wait(At::Delete).await;
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
        if value.len() != TURN {
            self.wait(At::Put).await;
        }
        self.note(key, value);
        values(&*self.writable().await?).put_new(key, value, ttl).await
    }

    async fn get(&self, keys: &[SharedKey]) -> Result<Vec<Option<Vec<u8>>>> {
        self.questions.fetch_add(1, Ordering::SeqCst);
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

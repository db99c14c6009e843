//! Records that the store could not save: this process keeps them until it can.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::record::Record;
use super::store::SessionKey;
use super::{Session, Sessions};
use crate::error::{Error, ErrorKind, Result};
use crate::instances::Lease;
use crate::revocation::Told;

/// The most sessions that may wait to be saved. Each has a task.
const CAPACITY: usize = 10_000;

/// How long to wait before each further attempt. Once the store is back, other instances
/// wait for it to succeed.
const PAUSE: Duration = Duration::from_millis(250);

/// How often to check whether everything is saved.
const POLL: Duration = Duration::from_millis(20);

/// Ends of sessions that are not yet in the store.
#[derive(Default)]
pub(super) struct Untold(Arc<()>);

/// One of them.
pub(super) struct OneUntold(#[expect(dead_code, reason = "it is counted")] Arc<()>);

impl Untold {
    /// Counts one more while the result is held; `None` if there are too many.
    pub(super) fn one_more(&self) -> Option<OneUntold> {
        (Arc::strong_count(&self.0) < CAPACITY).then(|| OneUntold(Arc::clone(&self.0)))
    }

    fn is_empty(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

/// The records that wait to be saved.
#[derive(Default)]
pub(super) struct Unsaved {
    /// Whether anything ever waited. Until then no request waits for the lock.
    is_used: AtomicBool,
    records: Mutex<HashMap<SessionKey, Arc<Record>>>,
    none_left: Notify,
}

impl Unsaved {
    fn records(&self) -> MutexGuard<'_, HashMap<SessionKey, Arc<Record>>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session that was loaded, as this process knows it.
    pub(super) fn newest(&self, session: Session) -> Session {
        if !self.is_used.load(Ordering::Acquire) {
            return session;
        }
        match self.records().get(&session.record.key()) {
            Some(record) if record.generation > session.record.generation => {
                Session { record: Arc::clone(record), ..session }
            }
            _ => session,
        }
    }

    /// Adds a record; returns whether there was room.
    fn add(&self, record: Arc<Record>) -> bool {
        let mut records = self.records();
        let has_room = records.len() < CAPACITY || records.contains_key(&record.key());
        if has_room {
            records.insert(record.key(), record);
            self.is_used.store(true, Ordering::Release);
        }
        has_room
    }

    fn has(&self, record: &Arc<Record>) -> bool {
        self.records().get(&record.key()).is_some_and(|waiting| Arc::ptr_eq(waiting, record))
    }

    /// Drops the waiting record of a session that has ended.
    pub(super) fn forget(&self, session: &SessionKey) {
        self.forget_if(session, |_| true);
    }

    /// Drops the waiting record of a session, unless it is newer than the saved one.
    pub(super) fn saved(&self, record: &Record) {
        self.forget_if(&record.key(), |waiting| waiting.generation <= record.generation);
    }

    fn forget_if(&self, session: &SessionKey, is_settled: impl FnOnce(&Record) -> bool) {
        let mut records = self.records();
        if records.get(session).is_some_and(|waiting| is_settled(waiting)) {
            records.remove(session);
        }
        if records.is_empty() {
            self.none_left.notify_waiters();
        }
    }
}

impl Sessions {
    /// Saves a record when the store is back, and uses it until then.
    ///
    /// # Errors
    ///
    /// Too many are already waiting.
    pub(crate) fn save_later(
        self: &Arc<Self>,
        session: &Session,
        record: Record,
        lease: Option<Lease>,
    ) -> Result<Session> {
        let generation = record.generation.max(session.record.generation + 1);
        let record = Arc::new(Record { generation, ..record });
        if !self.unsaved.add(Arc::clone(&record)) {
            return Err(Error::new(ErrorKind::Store, "too many sessions are waiting to be saved"));
        }
        log::error!("logto: a session cannot be saved; this process keeps it until it can");
        let (sessions, waiting) = (Arc::clone(self), Arc::clone(&record));
        tokio::spawn(async move {
            // Another one in its place has its own task.
            while sessions.unsaved.has(&waiting) {
                tokio::time::sleep(PAUSE).await;
                sessions.try_unsaved(&waiting).await;
            }
            // Until then no other instance may use the old refresh token.
            drop(lease);
        });
        Ok(Session { record, version: session.version.clone() })
    }

    /// One attempt at saving a waiting record, over what others have saved in the meantime.
    async fn try_unsaved(&self, waiting: &Arc<Record>) {
        let stored = match self.are_in_cookies() {
            true => self.told(waiting).await,
            false => self.storage.load(waiting.key()).await,
        };
        match stored {
            Err(_) => {}
            Ok(None) => self.unsaved.forget(&waiting.key()),
            Ok(Some(stored)) if self.unsaved.has(waiting) => {
                let generation = waiting.generation.max(stored.record.generation + 1);
                let _ = self.save(&stored, Record { generation, ..(**waiting).clone() }).await;
            }
            Ok(Some(_)) => {}
        }
    }

    /// The session in a cookie that the other instances have; `None` if it was ended.
    async fn told(&self, waiting: &Arc<Record>) -> Result<Option<Session>> {
        Ok(match self.marks.look_up(waiting).await? {
            Told::Ended { .. } => None,
            Told::Live(newest) => {
                let record = newest.unwrap_or_else(|| Arc::clone(waiting));
                Some(Session { record, version: None })
            }
        })
    }

    /// Waits until nothing waits to be saved.
    pub(crate) async fn all_saved(&self) {
        loop {
            let none_left = self.unsaved.none_left.notified();
            if self.unsaved.records().is_empty() {
                break;
            }
            none_left.await;
        }
        while !self.untold.is_empty() {
            tokio::time::sleep(POLL).await;
        }
    }
}

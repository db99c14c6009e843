//! Sessions that were ended here although their cookies are still about.

mod logouts;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use self::logouts::Logout;
use self::logouts::Logouts;
use crate::clock::Timestamp;
use crate::session::record::Record;
use crate::session::store::SessionKey;

/// Ended sessions, and as many logouts, that are remembered at the most: some 10 MB
/// each.
const CAPACITY: usize = 100_000;

/// The ended sessions of this process, by their keys and by what Logto said of their
/// users. Bounded: when it is full, the older half is forgotten and all sessions as
/// old as those are refused instead.
pub(crate) struct RevocationList {
    /// Whether anything was ever ended. Until then no request waits for the lock.
    is_used: AtomicBool,
    list: Mutex<List>,
}

struct List {
    capacity: usize,
    /// Sessions that began at or before this moment are refused.
    watermark: Option<Timestamp>,
    /// By beginning and key: when the session would have ended by itself, and
    /// whether its refresh token may still be good and is to be revoked.
    ended: BTreeMap<(Timestamp, SessionKey), Ended>,
    logouts: Logouts,
}

struct Ended {
    until: Timestamp,
    revoke_token: bool,
}

/// What a cookie of an ended session calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The session was not ended.
    Live,
    /// The session was ended.
    Ended,
    /// The session was ended and its refresh token is to be revoked now.
    EndedWithToken,
}

impl RevocationList {
    pub(crate) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        let list = List {
            capacity,
            watermark: None,
            ended: BTreeMap::new(),
            logouts: Logouts::new(capacity),
        };
        Self { is_used: AtomicBool::new(false), list: Mutex::new(list) }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a session; it is remembered `until` it would have ended by itself.
    pub(crate) fn end(&self, record: &Record, until: Timestamp, revoke_token: bool) {
        self.list().end(key(record), Ended { until, revoke_token });
        self.is_used.store(true, Ordering::Release);
    }

    /// Ends every session that `logout` is about, also those that are not known here;
    /// it is remembered `until` the last of them would have ended by itself.
    pub(crate) fn log_out(&self, logout: Logout<'_>, until: Timestamp) {
        let mut list = self.list();
        let forgotten = list.logouts.add(logout, until);
        list.watermark = list.watermark.max(forgotten);
        self.is_used.store(true, Ordering::Release);
    }

    /// Whether the session was ended, without calling for its refresh token.
    pub(crate) fn is_ended(&self, record: &Record) -> bool {
        let list = self.list();
        list.refuses(record)
            || list.ended.contains_key(&key(record))
            || list.logouts.end(record).is_some()
    }

    /// Whether the session was ended. The refresh token is called for once.
    pub(crate) fn standing(&self, record: &Record) -> Standing {
        if !self.is_used.load(Ordering::Acquire) {
            return Standing::Live;
        }
        let mut list = self.list();
        if let Some(ended) = list.ended.get_mut(&key(record)) {
            return match std::mem::take(&mut ended.revoke_token) {
                true => Standing::EndedWithToken,
                false => Standing::Ended,
            };
        }
        if list.refuses(record) {
            return Standing::Ended;
        }
        match list.logouts.end(record) {
            Some(until) => {
                list.end(key(record), Ended { until, revoke_token: false });
                Standing::EndedWithToken
            }
            None => Standing::Live,
        }
    }
}

impl List {
    fn end(&mut self, key: (Timestamp, SessionKey), ended: Ended) {
        if self.ended.len() >= self.capacity {
            let now = Timestamp::now();
            self.ended.retain(|_, ended| ended.until > now);
        }
        if self.ended.len() >= self.capacity {
            let middle = self.ended.keys().nth(self.capacity / 2).copied();
            if let Some(middle) = middle {
                self.ended = self.ended.split_off(&middle);
                self.watermark = self.watermark.max(Some(middle.0));
            }
        }
        self.ended.insert(key, ended);
    }

    fn refuses(&self, record: &Record) -> bool {
        self.watermark.is_some_and(|watermark| record.created <= watermark)
    }
}

fn key(record: &Record) -> (Timestamp, SessionKey) {
    (record.created, record.key())
}

#[cfg(test)]
mod tests;

//! Sessions that were ended here although their cookies still exist.

mod logouts;
mod marks;
mod room;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use self::logouts::Logouts;
pub(crate) use self::logouts::{Logout, OwnedLogout};
pub(crate) use self::marks::{SharedMarks, Told};
use self::room::{Room, crowds};
use crate::clock::{Clock, Timestamp};
use crate::seal::Named;
use crate::session::record::Record;
use crate::session::store::SessionKey;

/// The most ended sessions, and the most logouts, to remember: some 20 MB each, with ids
/// as long as Logto's.
const CAPACITY: usize = 100_000;

/// The ended sessions of this process, by their keys and by Logto's logouts. Bounded:
/// when it is half full, a single mark replaces the entries of each user with too many,
/// and refuses all sessions of that user as old as those. If it still fills up, the older
/// half is dropped and everybody's sessions as old as those are refused.
pub(crate) struct RevocationList {
    clock: Clock,
    /// Whether any session was ever ended. Until then no request waits for the lock.
    is_used: AtomicBool,
    list: Mutex<List>,
}

struct List {
    /// Sessions that began at or before this moment are refused.
    watermark: Option<Timestamp>,
    /// By start time and key.
    ended: BTreeMap<(Timestamp, SessionKey), Ended>,
    /// By user, for those who had too many entries in `ended`.
    marks: HashMap<Box<str>, Mark>,
    room: Room,
    logouts: Logouts,
}

struct Ended {
    /// When the session would have expired.
    until: Timestamp,
    /// Whether its refresh token may still be valid and must be revoked.
    revoke_token: bool,
    subject: Option<Box<str>>,
}

/// Refuses the sessions of a user that began at or before a moment.
#[derive(Default)]
struct Mark {
    created: Timestamp,
    /// When the last of them would have expired.
    until: Timestamp,
}

impl Mark {
    fn add(&mut self, created: Timestamp, until: Timestamp) {
        self.created = self.created.max(created);
        self.until = self.until.max(until);
    }
}

/// One end that is remembered.
enum KnownEnd {
    Session {
        key: SessionKey,
        until: Timestamp,
        revoke: bool,
    },
    /// All sessions of a user that began at or before a moment.
    User {
        subject: Box<str>,
        created: Timestamp,
        until: Timestamp,
    },
    Logout {
        kind: Named,
        name: Box<str>,
        issued_at: i64,
        until: Timestamp,
    },
}

/// What to do about a session's cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The session was not ended.
    Live,
    /// The session was ended.
    Ended,
    /// The session was ended and its refresh token must be revoked now.
    EndedWithToken,
}

impl RevocationList {
    pub(crate) fn new(clock: Clock) -> Self {
        Self::with_capacity(CAPACITY, clock)
    }

    fn with_capacity(capacity: usize, clock: Clock) -> Self {
        let list = List {
            watermark: None,
            ended: BTreeMap::new(),
            marks: HashMap::new(),
            room: Room::new(capacity),
            logouts: Logouts::new(capacity),
        };
        Self { clock, is_used: AtomicBool::new(false), list: Mutex::new(list) }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends a session; remembered `until` it would have expired.
    pub(crate) fn end(&self, record: &Record, until: Timestamp, revoke_token: bool) {
        self.list().end(record, until, revoke_token, self.clock.now());
        self.is_used.store(true, Ordering::Release);
    }

    /// Ends every session that `logout` covers, even those unknown here; remembered
    /// `until` the last of them would have expired.
    pub(crate) fn log_out(&self, logout: Logout<'_>, until: Timestamp) {
        let mut list = self.list();
        let forgotten = list.logouts.add(logout, until, self.clock.now());
        list.watermark = list.watermark.max(forgotten);
        self.is_used.store(true, Ordering::Release);
    }

    /// Ends every session of a user that began at or before `created`.
    pub(crate) fn end_user(&self, subject: &str, created: Timestamp, until: Timestamp) {
        self.list().mark(subject, created, until, self.clock.now());
        self.is_used.store(true, Ordering::Release);
    }

    /// The moment up to which the sessions of a user were ended.
    fn marked(&self, subject: &str) -> Option<Timestamp> {
        self.list().marks.get(subject).map(|mark| mark.created)
    }

    /// All that is remembered.
    fn all(&self) -> Vec<KnownEnd> {
        let list = self.list();
        let ended = list.ended.iter().map(|((_, key), ended)| KnownEnd::Session {
            key: *key,
            until: ended.until,
            revoke: ended.revoke_token,
        });
        let marks = list.marks.iter().map(|(subject, mark)| KnownEnd::User {
            subject: subject.clone(),
            created: mark.created,
            until: mark.until,
        });
        ended.chain(marks).chain(list.logouts.all()).collect()
    }

    /// Whether the session was ended, without claiming the revocation of its refresh
    /// token.
    pub(crate) fn is_ended(&self, record: &Record) -> bool {
        let list = self.list();
        list.refuses(record)
            || list.ended.contains_key(&key(record))
            || list.logouts.end(record).is_some()
    }

    /// Whether the session was ended. The revocation of the refresh token is requested
    /// only once.
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
                list.end(record, until, false, self.clock.now());
                Standing::EndedWithToken
            }
            None => Standing::Live,
        }
    }
}

impl List {
    fn end(&mut self, record: &Record, until: Timestamp, revoke_token: bool, now: Timestamp) {
        if !self.room.is_for(self.len() + 1) {
            self.make_room(now);
        }
        let subject = record.subject().map(Into::into);
        self.ended.insert(key(record), Ended { until, revoke_token, subject });
    }

    fn mark(&mut self, subject: &str, created: Timestamp, until: Timestamp, now: Timestamp) {
        if !self.room.is_for(self.len() + 1) {
            self.make_room(now);
        }
        self.marks.entry(subject.into()).or_default().add(created, until);
    }

    fn len(&self) -> usize {
        self.ended.len() + self.marks.len()
    }

    fn make_room(&mut self, now: Timestamp) {
        self.ended.retain(|_, ended| ended.until > now);
        self.marks.retain(|_, mark| mark.until > now);
        self.mark_crowds();
        if self.room.is_full(self.len()) {
            self.forget_older_half();
        }
        self.room.looked_through(self.len());
    }

    /// A user who ends sessions in a loop must not fill the list and thereby end
    /// everybody's.
    fn mark_crowds(&mut self) {
        let crowds = crowds(self.ended.values().filter_map(|ended| ended.subject.as_deref()));
        let marks = &mut self.marks;
        self.ended.retain(|(created, _), ended| {
            let Some(subject) = ended.subject.take_if(|of| crowds.contains(&**of)) else {
                return true;
            };
            marks.entry(subject).or_default().add(*created, ended.until);
            false
        });
    }

    fn forget_older_half(&mut self) {
        let created = self.ended.keys().map(|(created, _)| *created);
        let mut created: Vec<_> =
            created.chain(self.marks.values().map(|mark| mark.created)).collect();
        let half = created.len() / 2;
        let middle = *created.select_nth_unstable(half).1;
        self.ended.retain(|(created, _), _| *created > middle);
        self.marks.retain(|_, mark| mark.created > middle);
        self.watermark = self.watermark.max(Some(middle));
    }

    fn refuses(&self, record: &Record) -> bool {
        self.watermark.is_some_and(|watermark| record.created <= watermark)
            || self.is_marked(record)
    }

    fn is_marked(&self, record: &Record) -> bool {
        !self.marks.is_empty()
            && record
                .subject()
                .and_then(|subject| self.marks.get(subject))
                .is_some_and(|mark| record.created <= mark.created)
    }
}

fn key(record: &Record) -> (Timestamp, SessionKey) {
    (record.created, record.key())
}

#[cfg(test)]
mod tests;

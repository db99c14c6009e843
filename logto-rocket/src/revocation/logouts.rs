//! Logouts from Logto: whose sessions have ended, and when.

use std::collections::HashMap;

use super::KnownEnd;
use super::room::{Room, crowds};
use crate::clock::Timestamp;
use crate::seal::Named;
use crate::session::record::{Record, Whose};

/// That the sessions of a user, or of one session at Logto, have ended.
///
/// A session ends if it began before the logout arrived, by this machine's clock, and if
/// Logto issued its ID token no later than the logout, by Logto's. Either alone would
/// also end the session of a user who has signed in again in the meantime.
#[derive(Clone, Copy)]
pub(crate) struct Logout<'a> {
    pub(crate) of: Whose<'a>,
    pub(crate) received: Timestamp,
    /// In seconds by Logto's clock.
    pub(crate) issued_at: i64,
}

impl Logout<'_> {
    /// Whether the session is one of those that have ended.
    pub(crate) fn ends(&self, record: &Record) -> bool {
        record.is_of(self.of) && self.moment().is_after(record)
    }

    fn moment(&self) -> Moment {
        Moment { received: self.received, issued_at: self.issued_at }
    }
}

/// A logout that is kept for later.
pub(crate) struct OwnedLogout {
    sid: Option<String>,
    subject: Option<String>,
    received: Timestamp,
    issued_at: i64,
}

impl From<Logout<'_>> for OwnedLogout {
    fn from(logout: Logout<'_>) -> Self {
        let (sid, subject) = match logout.of {
            Whose::Subject(subject) => (None, Some(subject)),
            Whose::Sid { sid, subject } => (Some(sid), subject),
        };
        Self {
            sid: sid.map(Into::into),
            subject: subject.map(Into::into),
            received: logout.received,
            issued_at: logout.issued_at,
        }
    }
}

impl OwnedLogout {
    pub(crate) fn as_logout(&self) -> Logout<'_> {
        let subject = self.subject.as_deref();
        let of = match &self.sid {
            Some(sid) => Whose::Sid { sid, subject },
            None => Whose::Subject(subject.unwrap_or_default()),
        };
        Logout { of, received: self.received, issued_at: self.issued_at }
    }
}

/// The two moments of a logout.
#[derive(Clone, Copy)]
struct Moment {
    received: Timestamp,
    issued_at: i64,
}

impl Moment {
    fn is_after(&self, record: &Record) -> bool {
        record.created < self.received && record.issued_at <= self.issued_at
    }

    /// Whether this one ends every session that `other` ends.
    fn covers(&self, other: &Self) -> bool {
        other.received <= self.received && other.issued_at <= self.issued_at
    }
}

/// The remembered logouts. When they are half full, a single logout of the user replaces
/// those of single sessions for each user with too many. If there is still no room, the
/// older half is dropped.
pub(super) struct Logouts {
    room: Room,
    of_subjects: ByName,
    of_sids: ByName,
    /// Also by subject: these end only sessions that have no `sid`.
    without_sid: ByName,
}

impl Logouts {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            room: Room::new(capacity),
            of_subjects: ByName::default(),
            of_sids: ByName::default(),
            without_sid: ByName::default(),
        }
    }

    /// Remembers a logout. If others had to be dropped for it, returns when the newest of
    /// them was received: all sessions as old as that must be refused.
    pub(super) fn add(
        &mut self,
        logout: Logout<'_>,
        until: Timestamp,
        now: Timestamp,
    ) -> Option<Timestamp> {
        // It takes at most two entries.
        let forgotten = if self.room.is_for(self.len() + 2) { None } else { self.make_room(now) };
        let end = End { moment: logout.moment(), until };
        match logout.of {
            Whose::Subject(subject) => self.of_subjects.add(subject, end, None),
            Whose::Sid { sid, subject } => {
                self.of_sids.add(sid, end, subject);
                if let Some(subject) = subject {
                    self.without_sid.add(subject, end, None);
                }
            }
        }
        forgotten
    }

    /// Until when the session's end is remembered; `None` if it was not ended.
    pub(super) fn end(&self, record: &Record) -> Option<Timestamp> {
        let of_sid = match &record.sid {
            Some(sid) => self.of_sids.after(sid, record),
            None => self.without_sid.after_user(record),
        };
        of_sid.or_else(|| self.of_subjects.after_user(record))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = KnownEnd> {
        let kinds = [
            (Named::Subject, &self.of_subjects),
            (Named::Sid, &self.of_sids),
            (Named::WithoutSid, &self.without_sid),
        ];
        kinds.into_iter().flat_map(|(kind, named)| {
            named.ends.iter().flat_map(move |(name, ends)| {
                ends.all.iter().map(move |end| KnownEnd::Logout {
                    kind,
                    name: name.clone(),
                    issued_at: end.moment.issued_at,
                    until: end.until,
                })
            })
        })
    }

    pub(super) fn len(&self) -> usize {
        self.of_subjects.count + self.of_sids.count + self.without_sid.count
    }

    fn make_room(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.retain(|end| end.until > now);
        self.merge_crowds();
        let forgotten = self.room.is_full(self.len()).then(|| self.forget_older_half());
        self.room.looked_through(self.len());
        forgotten
    }

    /// A user who signs in and out at Logto in a loop must not fill the list and thereby
    /// end everybody's sessions.
    fn merge_crowds(&mut self) {
        let all = self.of_sids.ends.values();
        let crowds = crowds(all.filter_map(|ends| ends.subject.as_deref()));
        let mut merged = HashMap::<_, End>::new();
        self.of_sids.ends.retain(|_, ends| {
            let Some(subject) = ends.subject.take_if(|of| crowds.contains(&**of)) else {
                return true;
            };
            let all = ends.all.iter().copied().chain(merged.get(&subject).copied());
            if let Some(last) = all.reduce(End::last) {
                merged.insert(subject, last);
            }
            false
        });
        self.of_sids.recount();
        merged.into_iter().for_each(|(subject, end)| self.of_subjects.add(&subject, end, None));
    }

    fn forget_older_half(&mut self) -> Timestamp {
        let named = [&self.of_subjects, &self.of_sids, &self.without_sid];
        let all = named.iter().flat_map(|named| named.ends.values()).flat_map(|ends| &ends.all);
        let mut received: Vec<_> = all.map(|end| end.moment.received).collect();
        let half = received.len() / 2;
        let middle = *received.select_nth_unstable(half).1;
        self.retain(|end| end.moment.received > middle);
        middle
    }

    fn retain(&mut self, keep: impl Fn(&End) -> bool) {
        for named in [&mut self.of_subjects, &mut self.of_sids, &mut self.without_sid] {
            named.ends.retain(|_, ends| {
                ends.all.retain(&keep);
                !ends.all.is_empty()
            });
            named.recount();
        }
    }
}

/// When sessions have ended, and until when that is remembered.
#[derive(Clone, Copy)]
struct End {
    moment: Moment,
    until: Timestamp,
}

impl End {
    /// A logout that ends everything that either ends, and is remembered as long.
    fn last(self, other: Self) -> Self {
        let received = self.moment.received.max(other.moment.received);
        let issued_at = self.moment.issued_at.max(other.moment.issued_at);
        Self { moment: Moment { received, issued_at }, until: self.until.max(other.until) }
    }
}

/// The logouts remembered for a user, or for a session at Logto.
#[derive(Default)]
struct ByName {
    ends: HashMap<Box<str>, Ends>,
    count: usize,
}

struct Ends {
    /// Those that no other one covers. There are several only if logout tokens arrived
    /// out of order, so they are few.
    all: Vec<End>,
    /// For a session at Logto: the user, if the token named them.
    subject: Option<Box<str>>,
}

impl ByName {
    fn add(&mut self, name: &str, new: End, subject: Option<&str>) {
        // Most have one; `Vec` would allocate room for four.
        let ends = self.ends.entry(name.into()).or_insert_with(|| Ends {
            all: Vec::with_capacity(1),
            subject: subject.map(Into::into),
        });
        if ends.all.iter().any(|known| known.moment.covers(&new.moment)) {
            return;
        }
        self.count -= ends.all.len();
        ends.all.retain(|known| !new.moment.covers(&known.moment));
        ends.all.push(new);
        self.count += ends.all.len();
    }

    fn recount(&mut self) {
        self.count = self.ends.values().map(|ends| ends.all.len()).sum();
    }

    fn after(&self, name: &str, record: &Record) -> Option<Timestamp> {
        let mut all = self.ends.get(name)?.all.iter();
        all.find(|end| end.moment.is_after(record)).map(|end| end.until)
    }

    fn after_user(&self, record: &Record) -> Option<Timestamp> {
        if self.ends.is_empty() {
            return None;
        }
        match record.subject() {
            Some(subject) => self.after(subject, record),
            // Claims that cannot be read do not show whose session it is.
            None => Some(record.created),
        }
    }
}

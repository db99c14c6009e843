//! What Logto said of its users: whose sessions have ended, and when.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::session::record::{Record, Whose};

/// That the sessions of a user, or of one session at Logto, have ended.
///
/// A session dies if it began before the news came, by this machine's clock, and if
/// Logto issued its ID token no later than the news, by Logto's. Either alone would
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

    /// Whether every session that `other` ends is ended by this one too.
    fn covers(&self, other: &Self) -> bool {
        other.received <= self.received && other.issued_at <= self.issued_at
    }
}

/// The logouts that are remembered.
pub(super) struct Logouts {
    capacity: usize,
    count: usize,
    of_subjects: Named,
    of_sids: Named,
}

/// By the name of a user or session: the moments that no other one covers, and until
/// when they are remembered. There are several only where logout tokens overtook each
/// other, so they are few.
type Named = HashMap<Box<str>, Vec<(Moment, Timestamp)>>;

impl Logouts {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity, count: 0, of_subjects: Named::new(), of_sids: Named::new() }
    }

    /// Remembers a logout. Where others had to be forgotten for it, returns when the
    /// newest of them was received: all sessions as old as that are to be refused.
    pub(super) fn add(&mut self, logout: Logout<'_>, until: Timestamp) -> Option<Timestamp> {
        let forgotten = self.make_room();
        let (named, name) = match logout.of {
            Whose::Subject(subject) => (&mut self.of_subjects, subject),
            Whose::Sid(sid) => (&mut self.of_sids, sid),
        };
        let moments = named.entry(name.into()).or_default();
        let moment = logout.moment();
        if !moments.iter().any(|(known, _)| known.covers(&moment)) {
            let before = moments.len();
            moments.retain(|(known, _)| !moment.covers(known));
            moments.push((moment, until));
            self.count = self.count + moments.len() - before;
        }
        forgotten
    }

    /// Until when it is remembered that the session was ended; `None` if it was not.
    pub(super) fn end(&self, record: &Record) -> Option<Timestamp> {
        let after = |moments: &Vec<(Moment, Timestamp)>| {
            moments.iter().find(|(moment, _)| moment.is_after(record)).map(|(_, until)| *until)
        };
        let of_sid = record.sid.as_deref().and_then(|sid| after(self.of_sids.get(sid)?));
        if of_sid.is_some() || self.of_subjects.is_empty() {
            return of_sid;
        }
        match record.subject() {
            Some(subject) => after(self.of_subjects.get(subject)?),
            None => Some(record.created),
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.all().count()
    }

    fn make_room(&mut self) -> Option<Timestamp> {
        if self.count < self.capacity {
            return None;
        }
        let now = Timestamp::now();
        self.retain(|_, until| until > now);
        if self.count < self.capacity {
            return None;
        }
        let mut received: Vec<_> = self.all().map(|(moment, _)| moment.received).collect();
        let half = received.len() / 2;
        let (_, middle, _) = received.select_nth_unstable(half);
        let middle = *middle;
        self.retain(|moment, _| moment.received > middle);
        Some(middle)
    }

    fn retain(&mut self, keep: impl Fn(&Moment, Timestamp) -> bool) {
        for named in [&mut self.of_subjects, &mut self.of_sids] {
            named.retain(|_, moments| {
                moments.retain(|(moment, until)| keep(moment, *until));
                !moments.is_empty()
            });
        }
        self.count = self.all().count();
    }

    fn all(&self) -> impl Iterator<Item = &(Moment, Timestamp)> {
        self.of_subjects.values().chain(self.of_sids.values()).flatten()
    }
}

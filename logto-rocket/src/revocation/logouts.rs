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
    /// Of subjects again: these end only sessions that have no `sid`.
    without_sid: Named,
}

/// By the name of a user or session: the moments that no other one covers, and until
/// when they are remembered. There are several only where logout tokens overtook each
/// other, so they are few.
type Named = HashMap<Box<str>, Vec<(Moment, Timestamp)>>;

impl Logouts {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            count: 0,
            of_subjects: Named::new(),
            of_sids: Named::new(),
            without_sid: Named::new(),
        }
    }

    /// Remembers a logout. Where others had to be forgotten for it, returns when the
    /// newest of them was received: all sessions as old as that are to be refused.
    pub(super) fn add(&mut self, logout: Logout<'_>, until: Timestamp) -> Option<Timestamp> {
        let forgotten = self.make_room();
        let (count, new) = (&mut self.count, (logout.moment(), until));
        match logout.of {
            Whose::Subject(subject) => add(&mut self.of_subjects, subject, new, count),
            Whose::Sid { sid, subject } => {
                add(&mut self.of_sids, sid, new, count);
                if let Some(subject) = subject {
                    add(&mut self.without_sid, subject, new, count);
                }
            }
        }
        forgotten
    }

    /// Until when it is remembered that the session was ended; `None` if it was not.
    pub(super) fn end(&self, record: &Record) -> Option<Timestamp> {
        let of_sid = match &record.sid {
            Some(sid) => self.of_sids.get(&**sid).and_then(|moments| after(moments, record)),
            None => of_user(&self.without_sid, record),
        };
        of_sid.or_else(|| of_user(&self.of_subjects, record))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.all().count()
    }

    fn make_room(&mut self) -> Option<Timestamp> {
        // A logout takes two places at the most.
        if self.count + 2 <= self.capacity {
            return None;
        }
        let now = Timestamp::now();
        self.retain(|_, until| until > now);
        if self.count + 2 <= self.capacity {
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
        for named in [&mut self.of_subjects, &mut self.of_sids, &mut self.without_sid] {
            named.retain(|_, moments| {
                moments.retain(|(moment, until)| keep(moment, *until));
                !moments.is_empty()
            });
        }
        self.count = self.all().count();
    }

    fn all(&self) -> impl Iterator<Item = &(Moment, Timestamp)> {
        let all = [&self.of_subjects, &self.of_sids, &self.without_sid];
        all.into_iter().flat_map(Named::values).flatten()
    }
}

fn add(named: &mut Named, name: &str, new: (Moment, Timestamp), count: &mut usize) {
    let moments = named.entry(name.into()).or_default();
    if moments.iter().any(|(known, _)| known.covers(&new.0)) {
        return;
    }
    *count -= moments.len();
    moments.retain(|(known, _)| !new.0.covers(known));
    moments.push(new);
    *count += moments.len();
}

fn after(moments: &[(Moment, Timestamp)], record: &Record) -> Option<Timestamp> {
    moments.iter().find(|(moment, _)| moment.is_after(record)).map(|(_, until)| *until)
}

fn of_user(named: &Named, record: &Record) -> Option<Timestamp> {
    if named.is_empty() {
        return None;
    }
    match record.subject() {
        Some(subject) => after(named.get(subject)?, record),
        // Claims that cannot be read do not show whose session it is.
        None => Some(record.created),
    }
}

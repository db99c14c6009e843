//! Ended sessions, shared by all instances of an application.

mod epoch;
mod mark;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use zeroize::Zeroizing;

use self::mark::SharedMark;
use super::{KnownEnd, Logout, RevocationList};
use crate::clock::{Clock, Timestamp};
use crate::error::Result;
use crate::instances::{Instances, Item};
use crate::seal::Named;
use crate::session::record::{Epoch, Record, Whose};
use crate::session::store::SessionKey;
use crate::warning;

/// How long the newest generation is known: longer than any request that still carries an
/// older one.
const NEWEST_TTL: Duration = Duration::from_secs(60 * 60);

/// How often to retry restoring lost marks for other instances, and how long to wait.
const ATTEMPTS: usize = 30;
const PAUSE: Duration = Duration::from_secs(1);

/// The ended sessions that instances share.
pub(crate) struct SharedMarks {
    instances: Arc<Instances>,
    clock: Clock,
    clock_skew: Duration,
    /// What this instance knows itself.
    here: Arc<RevocationList>,
    /// Since when nothing was lost, as far as this instance knows.
    epoch: Mutex<Option<Epoch>>,
}

/// What all instances know of a session.
pub(crate) enum Told {
    /// It has ended; whether its refresh token may still be valid and must be revoked.
    Ended { revoke: bool },
    /// It is live, and there may be a newer generation of it.
    Live(Option<Arc<Record>>),
}

impl SharedMarks {
    pub(crate) fn new(
        instances: Arc<Instances>,
        (clock, clock_skew): (Clock, Duration),
        here: Arc<RevocationList>,
    ) -> Self {
        Self { instances, clock, clock_skew, here, epoch: Mutex::default() }
    }

    /// Since when nothing was lost, as far as this instance knows.
    pub(crate) fn known_epoch(&self) -> Epoch {
        self.last_heard().unwrap_or_default()
    }

    /// Since when nothing was lost.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn epoch(self: &Arc<Self>) -> Result<Epoch> {
        if self.instances.share() {
            self.read(&[]).await?;
        }
        Ok(self.known_epoch())
    }

    /// What all instances know of a session, in one round trip.
    ///
    /// # Errors
    ///
    /// The store failed, or its values cannot be read.
    pub(crate) async fn look_up(self: &Arc<Self>, record: &Record) -> Result<Told> {
        let key = record.key();
        if record.subject().is_none() {
            // Claims that cannot be read do not show whose session it is.
            return Ok(Told::Ended { revoke: false });
        }
        let names = self.names(record);
        let mut items = vec![Item::Ended(key), Item::Newest(key)];
        items.extend(names.iter().map(|name| Item::Mark(name)));
        let mut values = self.read(&items).await?.into_iter();
        let by_key = values.next().flatten().map(|value| value.first() != Some(&0));
        let newest = values.next().flatten().and_then(|bytes| Record::decode(&bytes)).map(Arc::new);
        let by_mark = values.flatten().filter_map(|bytes| mark::end(&bytes, record)).max();
        Ok(match by_key.or(by_mark) {
            Some(revoke) => Told::Ended { revoke },
            None => Told::Live(newest),
        })
    }

    /// Shares a new generation of a session in a cookie with the other instances; returns
    /// whether they have no other one that is as new.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn tell_newest(&self, record: &Record) -> Result<bool> {
        let newer = |old: Option<&[u8]>| {
            let old = old.and_then(Record::decode).map(|old| old.generation);
            (Some(record.generation) > old).then(|| (record.encode().to_vec(), NEWEST_TTL))
        };
        self.instances.update(Item::Newest(record.key()), newer).await
    }

    /// Whether a session that has just begun was already ended by another instance.
    ///
    /// # Errors
    ///
    /// Same as [`look_up()`](Self::look_up).
    pub(crate) async fn is_ended(self: &Arc<Self>, record: &Record) -> Result<bool> {
        match self.instances.share() {
            true => Ok(matches!(self.look_up(record).await?, Told::Ended { .. })),
            false => Ok(false),
        }
    }

    /// The earliest moment at which a session of this user may begin: after everything
    /// that was ended. It spares later sign-ins.
    ///
    /// # Errors
    ///
    /// Same as [`look_up()`](Self::look_up).
    pub(crate) async fn earliest_begin(self: &Arc<Self>, subject: &str) -> Result<Timestamp> {
        let names = self.instances.names(Named::Subject, subject);
        let items: Vec<_> = names.iter().map(|name| Item::Mark(name)).collect();
        let values = self.read(&items).await?;
        let marks =
            values.into_iter().flatten().filter_map(|bytes| SharedMark::decode(&bytes)?.created);
        let last = marks.chain(self.here.marked(subject)).max();
        let after = last.map(|last| last.plus(Duration::from_millis(1)));
        Ok(self.clock.now().max(after.unwrap_or_default()))
    }

    /// Ends one session for all instances, until it would have expired.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn end(&self, key: SessionKey, until: Timestamp, revoke: bool) -> Result<()> {
        self.instances.put_new(Item::Ended(key), &[u8::from(revoke)], self.left(until)).await?;
        Ok(())
    }

    /// How long to keep a mark of something that expires then, also for clocks that are
    /// behind.
    fn left(&self, until: Timestamp) -> Duration {
        until.since(self.clock.now()).max(Duration::from_secs(1)) + 2 * self.clock_skew
    }

    /// Ends what a logout covers, for all instances.
    ///
    /// # Errors
    ///
    /// The store failed; values already written stay.
    pub(crate) async fn log_out(&self, logout: Logout<'_>, until: Timestamp) -> Result<()> {
        let mark = SharedMark { issued_at: Some(logout.issued_at), created: None, until };
        match logout.of {
            Whose::Subject(subject) => self.add(Named::Subject, subject, mark).await,
            Whose::Sid { sid, subject } => {
                self.add(Named::Sid, sid, mark).await?;
                match subject {
                    Some(subject) => self.add(Named::WithoutSid, subject, mark).await,
                    None => Ok(()),
                }
            }
        }
    }

    /// The moment up to which all sessions of a user end. Instances' clocks differ, so it is
    /// ahead of this one's if there are others.
    pub(crate) fn moment(&self) -> Timestamp {
        match self.instances.share() {
            true => self.clock.now().plus(self.clock_skew),
            false => self.clock.now(),
        }
    }

    /// Ends all sessions of a user that began at or before `moment`, for all instances.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn end_user(
        &self,
        subject: &str,
        moment: Timestamp,
        until: Timestamp,
    ) -> Result<()> {
        let mark = SharedMark { issued_at: None, created: Some(moment), until };
        self.add(Named::Subject, subject, mark).await
    }

    async fn add(&self, kind: Named, id: &str, new: SharedMark) -> Result<()> {
        let name = self.instances.name(kind, id);
        let with_new = |old: Option<&[u8]>| {
            let old = old.and_then(SharedMark::decode).unwrap_or_default();
            let both = old.with(new);
            (both != old).then(|| (both.encode(), self.left(both.until)))
        };
        self.instances.update(Item::Mark(&name), with_new).await?;
        Ok(())
    }

    /// The names of all marks that may end a session.
    fn names(&self, record: &Record) -> Vec<String> {
        let user = |kind| record.subject().map(|subject| self.instances.names(kind, subject));
        let of_sid = match &record.sid {
            Some(sid) => Some(self.instances.names(Named::Sid, sid)),
            None => user(Named::WithoutSid),
        };
        user(Named::Subject).into_iter().chain(of_sid).flatten().collect()
    }

    /// The values of these items, and the epoch with them: the epoch known after this is that
    /// of these values, or newer.
    async fn read(self: &Arc<Self>, items: &[Item<'_>]) -> Result<Vec<Option<Zeroizing<Vec<u8>>>>> {
        let known = self.last_heard();
        let all: Vec<_> = [Item::Epoch].into_iter().chain(items.iter().copied()).collect();
        let mut values = self.instances.get(&all).await?.into_iter();
        let epoch = values.next().flatten();
        if self.instances.share() {
            self.heard_of(known, self.opened_epoch(epoch)?).await?;
        }
        let read = |(item, value): (&Item<'_>, Option<_>)| {
            value.map(|value| self.instances.read(*item, value)).transpose()
        };
        items.iter().zip(values).map(read).collect()
    }

    async fn tell_again(self: Arc<Self>) {
        for _ in 0..ATTEMPTS {
            match self.tell_all().await {
                Ok(()) => return,
                Err(error) => warning::warn("ended sessions could not be shared again", &error),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Shares everything that this instance knows itself.
    async fn tell_all(&self) -> Result<()> {
        for known in self.here.all() {
            match known {
                KnownEnd::Session { key, until, revoke } => self.end(key, until, revoke).await?,
                KnownEnd::User { subject, created, until } => {
                    self.end_user(&subject, created, until).await?;
                }
                KnownEnd::Logout { kind, name, issued_at, until } => {
                    let mark = SharedMark { issued_at: Some(issued_at), created: None, until };
                    self.add(kind, &name, mark).await?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Ending sessions, and remembering their end.

use std::sync::Arc;
use std::time::Duration;

use super::record::{Record, Whose};
use super::store::SessionKey;
use super::{Session, Sessions};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::instances::Item;
use crate::revocation::{Logout, OwnedLogout};
use crate::warning;

/// How long a refresh may be in progress.
const UNDER_WAY: Duration = Duration::from_secs(120);

/// How long to wait before retrying to store a logout.
const PAUSE: Duration = Duration::from_secs(1);

/// How many times to try to delete a session that no browser has.
const DELETIONS: usize = 60;

/// What the revocation of a refresh token may take.
const REVOCATION: Duration = Duration::from_secs(2);

impl Sessions {
    /// The session in its current state.
    ///
    /// # Errors
    ///
    /// It was ended, or the store failed.
    pub(crate) async fn current(&self, session: &Session) -> Result<Session> {
        let ended = || Error::new(ErrorKind::SessionEnded, "it was ended in the meantime");
        let session = match self.are_in_cookies() {
            true => self.newest_everywhere(session.clone()).await?.ok_or_else(ended)?,
            false => {
                let stored = self.storage.load(session.record.key()).await?.ok_or_else(ended)?;
                let known = &session.record;
                // A store that lags must not have a rotated token used again.
                self.newest_here(match known.generation > stored.record.generation {
                    true => Session { record: Arc::clone(known), ..stored },
                    false => stored,
                })
            }
        };
        match self.revocation.is_ended(&session.record) {
            true => Err(ended()),
            false => Ok(session),
        }
    }

    /// The session that an answer may carry: it may have changed since a slow handler's
    /// request began. `None` if it was ended.
    pub(crate) fn to_carry(&self, session: Session) -> Option<Session> {
        let ended = self.revocation.is_ended(&session.record);
        (!ended).then(|| self.newest_here(session))
    }

    /// The newest generation that this process knows of.
    pub(super) fn newest_here(&self, session: Session) -> Session {
        self.unsaved.newest(self.storage.newest(session))
    }

    /// Ends a session here. A sealed cookie would stay valid on its own, and a pending
    /// answer may carry either kind, so both are remembered as ended.
    ///
    /// # Errors
    ///
    /// The store failed: the session continues.
    pub(crate) async fn end(&self, session: &Session) -> Result<()> {
        self.tell_of_end(&session.record, false).await?;
        self.end_told(session, false).await
    }

    /// Like [`end()`](Self::end), and has Logto revoke the refresh token, and again if a
    /// sealed cookie of the session is seen.
    ///
    /// # Errors
    ///
    /// The store failed: the session continues.
    pub(crate) async fn end_and_revoke(&self, session: &Session) -> Result<()> {
        self.tell_of_end(&session.record, true).await?;
        // A refresh may have saved another token since the session was read. One still in
        // progress notices the end and has its own token revoked.
        let session = match self.storage.load(session.record.key()).await {
            Ok(Some(stored)) if stored.record.generation > session.record.generation => stored,
            _ => session.clone(),
        };
        let session = self.newest_here(session);
        self.end_told(&session, true).await?;
        self.revoke_in_background(&session);
        Ok(())
    }

    /// Deletes a session that no browser has, or it would stay in the list of the user's
    /// devices.
    pub(super) fn delete_later(self: &Arc<Self>, record: Arc<Record>) {
        let Some(untold) = self.untold.one_more() else { return warn_of_left_session() };
        let sessions = Arc::clone(self);
        tokio::spawn(async move {
            let _untold = untold;
            for _ in 0..DELETIONS {
                match sessions.storage.delete(&record).await {
                    Ok(()) => return,
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
            warn_of_left_session();
        });
    }

    /// Tells the other instances that a session is about to end. If one of them is refreshing
    /// it, the token it gets may have to be revoked.
    async fn tell_of_end(&self, record: &Record, revoke_token: bool) -> Result<()> {
        if self.are_in_cookies() {
            let until = self.latest_end(record.created);
            return self.marks.end(record.key(), until, revoke_token).await;
        }
        self.tell_refreshes(record.key(), revoke_token).await;
        Ok(())
    }

    async fn tell_refreshes(&self, key: SessionKey, revoke_token: bool) {
        let soon = self.clock.now().plus(UNDER_WAY);
        if let Err(error) = self.marks.end(key, soon, revoke_token).await {
            warning::warn("other instances may keep a refresh token", &error);
        }
    }

    /// Ends a session after the other instances were told.
    async fn end_told(&self, session: &Session, revoke_token: bool) -> Result<()> {
        let key = session.record.key();
        if let Err(error) = self.storage.delete(&session.record).await {
            // The session lives on, and so do its refreshes.
            let _ = self.instances.remove(Item::Ended(key)).await;
            return Err(error);
        }
        self.remember_as_ended(session, revoke_token);
        self.forget_shared(key).await;
        Ok(())
    }

    /// Removes what the instances share about an ended session.
    async fn forget_shared(&self, key: SessionKey) {
        if self.are_marked()
            && let Err(error) = self.instances.remove(Item::Newest(key)).await
        {
            warning::warn("an ended session's newest cookie is kept for an hour", &error);
        }
        self.kept.forget(&key).await;
    }

    /// Whether the session was ended, here or by another instance.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(super) async fn is_ended(&self, record: &Record) -> Result<bool> {
        Ok(self.revocation.is_ended(record) || self.marks.is_ended(record).await?)
    }

    /// Ends the session that the same browser has replaced with another, so that its
    /// cookie becomes worthless (session fixation). The refresh token of the same user is
    /// left alone, as Logto gives both sessions of one browser the same grant; another
    /// user's is revoked.
    pub(crate) async fn end_replaced(&self, old: &Session, new: &Session) {
        self.replaced.insert(old.record.key(), ());
        let ended = match is_of_same_user(old, new) {
            true => self.end(old).await,
            false => self.end_and_revoke(old).await,
        };
        if let Err(error) = ended {
            warning::warn("the replaced session was not ended", &error);
        }
    }

    /// Ends the sessions that Logto reports as ended; returns how many were here.
    ///
    /// # Errors
    ///
    /// The store failed. This instance refuses the sessions anyway, and notifies the
    /// others as soon as it can.
    pub(crate) async fn log_out(self: &Arc<Self>, logout: Logout<'_>) -> Result<usize> {
        let logout = self.as_all_see_it(logout);
        // First, so that a session that begins in the meantime is either found or
        // refused.
        self.revocation.log_out(logout, self.latest_end(logout.received));
        let done = self.log_out_everywhere(logout).await;
        if done.is_err() {
            self.log_out_later(logout);
        }
        done
    }

    /// The sessions' start times are from other instances' clocks, so only Logto's tells
    /// which are older.
    fn as_all_see_it<'l>(&self, logout: Logout<'l>) -> Logout<'l> {
        match self.instances.share() {
            true => Logout { received: logout.received.plus(2 * self.clock_skew), ..logout },
            false => logout,
        }
    }

    async fn log_out_everywhere(&self, logout: Logout<'_>) -> Result<usize> {
        self.marks.log_out(logout, self.latest_end(logout.received)).await?;
        self.delete_all(logout.of, |record| logout.ends(record)).await
    }

    fn log_out_later(self: &Arc<Self>, logout: Logout<'_>) {
        let Some(untold) = self.untold.one_more() else {
            log::error!("logto: too many logouts wait for the store; other instances miss one");
            return;
        };
        log::error!("logto: a logout could not be stored; retrying");
        let (sessions, logout) = (Arc::clone(self), OwnedLogout::from(logout));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(PAUSE).await;
                if sessions.log_out_everywhere(logout.as_logout()).await.is_ok() {
                    break drop(untold);
                }
            }
        });
    }

    /// Ends all sessions of a user, everywhere; returns how many were found. Sessions in
    /// cookies cannot be found: they are refused when they come.
    ///
    /// # Errors
    ///
    /// The store failed: try again.
    pub(crate) async fn end_all_of(&self, subject: &str) -> Result<usize> {
        let moment = self.marks.moment();
        self.revocation.end_user(subject, moment, self.latest_end(moment));
        // A session that began after an earlier mark did so by that mark's clock.
        let moment = self.marks.earliest_begin(subject).await?.max(moment);
        let until = self.latest_end(moment);
        self.revocation.end_user(subject, moment, until);
        self.marks.end_user(subject, moment, until).await?;
        self.delete_all(Whose::Subject(subject), |record| {
            record.is_of(Whose::Subject(subject)) && record.created <= moment
        })
        .await
    }

    async fn delete_all(&self, whose: Whose<'_>, ends: impl Fn(&Record) -> bool) -> Result<usize> {
        let mut ended = Vec::new();
        let deleted = |session: Session| {
            // A refresh in progress brings another one.
            self.remember_as_ended(&session, true);
            self.revoke_in_background(&session);
            ended.push(session.record.key());
        };
        let done = self.storage.delete_all(whose, ends, deleted).await;
        for key in ended.iter().copied() {
            if !self.are_in_cookies() {
                self.tell_refreshes(key, true).await;
            }
            self.forget_shared(key).await;
        }
        done.map(|()| ended.len())
    }

    pub(super) fn remember_as_ended(&self, session: &Session, revoke_token: bool) {
        let record = &session.record;
        self.revocation.end(record, self.latest_end(record.created), revoke_token);
        self.kept.forget_here(&record.key());
        self.unsaved.forget(&record.key());
    }

    /// When a session that began at `created` has surely expired.
    fn latest_end(&self, created: Timestamp) -> Timestamp {
        created.plus(Duration::from_secs(self.config.absolute))
    }

    /// Revokes the refresh token, best effort: with `offline_access` it would
    /// outlive the sign-out at Logto.
    pub(super) fn revoke_in_background(&self, session: &Session) {
        let Some(token) = session.record.refresh_token.clone() else { return };
        let client = Arc::clone(&self.client);
        tokio::spawn(async move {
            match tokio::time::timeout(REVOCATION, client.revoke(&token)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warning::warn("a refresh token was not revoked", &error),
                Err(_) => warning::warn_of("a refresh token was not revoked: no answer in time"),
            }
        });
    }
}

fn is_of_same_user(one: &Session, other: &Session) -> bool {
    let claims = one.record.id_token_claims().ok().zip(other.record.id_token_claims().ok());
    claims.is_some_and(|(one, other)| one.subject() == other.subject())
}

fn warn_of_left_session() {
    warning::warn_of("the session of a failed sign-in may be listed until it expires");
}

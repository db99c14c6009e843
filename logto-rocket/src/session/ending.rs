//! The end of sessions, and what is remembered of it.

use std::sync::Arc;
use std::time::Duration;

use super::{Session, Sessions};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::revocation::Logout;
use crate::warning;

/// What the revocation of a refresh token may take.
const REVOCATION: Duration = Duration::from_secs(2);

impl Sessions {
    /// The session as it is by now.
    ///
    /// # Errors
    ///
    /// It was ended, or the store failed.
    pub(crate) async fn current(&self, session: &Session) -> Result<Session> {
        let ended = || Error::new(ErrorKind::SessionEnded, "it was ended meanwhile");
        let session = match self.are_in_cookies() {
            true => self.storage.newest(session.clone()),
            false => {
                let stored = self.storage.load(session.record.key()).await?.ok_or_else(ended)?;
                let known = &session.record;
                // A store that lags must not have a rotated token used again.
                match known.generation > stored.record.generation {
                    true => Session { record: Arc::clone(known), ..stored },
                    false => self.unsaved.newest(stored),
                }
            }
        };
        match self.revocation.is_ended(&session.record) {
            true => Err(ended()),
            false => Ok(session),
        }
    }

    /// The session that an answer may carry: a slow handler's request began before
    /// whatever has happened to the session since. `None` if it was ended.
    pub(crate) fn to_carry(&self, session: Session) -> Option<Session> {
        let ended = self.revocation.is_ended(&session.record);
        (!ended).then(|| self.storage.newest(session))
    }

    /// Ends a session here. The cookie of a sealed one stays good by itself, and an
    /// answer under way may carry either kind, so both are remembered as ended.
    ///
    /// # Errors
    ///
    /// The store failed: the session goes on.
    pub(crate) async fn end(&self, session: &Session) -> Result<()> {
        self.storage.delete(&session.record).await?;
        self.remember_as_ended(session, false);
        self.kept.forget(&session.record.key()).await;
        Ok(())
    }

    /// As [`end()`](Self::end), and has Logto revoke the refresh token, once more where a
    /// sealed cookie of the session is seen.
    ///
    /// # Errors
    ///
    /// The store failed: the session goes on.
    pub(crate) async fn end_and_revoke(&self, session: &Session) -> Result<()> {
        self.storage.delete(&session.record).await?;
        self.remember_as_ended(session, true);
        self.revoke_in_background(session);
        self.kept.forget(&session.record.key()).await;
        Ok(())
    }

    /// Ends the session in whose place the same browser has another one, so that its
    /// cookie is worth nothing any more (session fixation). The refresh token of the same
    /// user is left alone, as Logto gives both sessions of one browser the same grant;
    /// another user's is revoked.
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

    /// Ends the sessions that Logto says have ended; returns how many were here.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn log_out(&self, logout: Logout<'_>) -> Result<usize> {
        // First, so that a session that begins meanwhile is either found or refused.
        self.revocation.log_out(logout, self.latest_end(logout.received));
        let mut ended = Vec::new();
        let deleted = |session: Session| {
            self.remember_as_ended(&session, false);
            self.revoke_in_background(&session);
            ended.push(session.record.key());
        };
        let done = self.storage.delete_all(logout.of, |record| logout.ends(record), deleted).await;
        for key in &ended {
            self.kept.forget(key).await;
        }
        done.map(|()| ended.len())
    }

    fn remember_as_ended(&self, session: &Session, revoke_token: bool) {
        let record = &session.record;
        self.revocation.end(record, self.latest_end(record.created), revoke_token);
        self.kept.forget_here(&record.key());
        self.unsaved.forget(&record.key());
    }

    /// When a session that began at `created` has surely ended by itself.
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

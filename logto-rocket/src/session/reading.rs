//! The session in a request's cookies: known immediately, or after a wait.

use std::sync::Arc;
use std::time::Duration;

use rocket::http::CookieJar;

use super::record::Record;
use super::store::{SessionId, SessionKey};
use super::{Session, Sessions, cookie};
use crate::clock::Timestamp;
use crate::error::{ErrorKind, Result};
use crate::revocation::{Standing, Told};
use crate::warning;

/// What a request's cookies say.
pub(crate) enum Read {
    /// There is no session cookie, or none that the answer should touch.
    Nothing,
    /// There is one, but it is not a session, or no longer.
    Invalid,
    /// A session. `rewrite` if the browser should get its cookie again.
    Session { session: Session, rewrite: bool },
}

/// Why the cookies alone do not tell.
pub(crate) enum Wait {
    /// The store has to be asked for the session with this key.
    Store(SessionKey),
    /// The other instances have to be asked about a session in a cookie, of this
    /// generation.
    Instances(Session, Option<u32>),
    /// The session's last use has to be recorded first.
    Touch(Session),
    /// The session was ended, but the store still has it.
    Delete(Session),
    /// The cookie is not a session; it has this key if it names one. Another cookie with
    /// the same name may be a session: another host of this site, or another path, may
    /// have set this one.
    Others(Option<SessionKey>),
}

impl Sessions {
    /// What the cookies say immediately.
    ///
    /// # Errors
    ///
    /// Not an error: what to wait for, with [`wait_for()`](Self::wait_for).
    pub(crate) fn look(&self, jar: &CookieJar<'_>) -> Result<Read, Wait> {
        match cookie::read(jar, self.cookies.session()) {
            Some(value) => self.look_at(&value),
            None => Ok(Read::Nothing),
        }
    }

    fn look_at(&self, value: &str) -> Result<Read, Wait> {
        if let Some(sealer) = self.storage.cookie_sealer() {
            let session = self.storage.open_cookie(sealer, self.cookies.session(), value);
            let read = self.settle(session.as_ref().map(|session| session.record.key()), session);
            if matches!(read, Err(Wait::Others(Some(_)))) {
                self.storage.forget_cookie(value);
            }
            return read;
        }
        let Some(key) = SessionId::from_text(value).map(|id| id.key()) else {
            return Err(Wait::Others(None));
        };
        let session = self.storage.at_hand(key).ok_or(Wait::Store(key))?;
        self.settle(Some(key), session)
    }

    /// Remembers that the browser gets the session `new` in place of the one that its cookie
    /// names, which may have ended: the removal of the old cookie could arrive after the new
    /// one.
    pub(crate) fn remember_as_replaced(&self, jar: &CookieJar<'_>, new: &Session) {
        if let Some(key) = self.key_in(jar).filter(|key| *key != new.record.key()) {
            self.replaced.insert(key, ());
        }
    }

    /// Whether the browser now has a session other than the one that its cookie names.
    pub(crate) fn is_replaced(&self, jar: &CookieJar<'_>) -> bool {
        self.key_in(jar).is_some_and(|key| self.replaced.contains_key(&key))
    }

    /// The key of the session that the cookie names.
    fn key_in(&self, jar: &CookieJar<'_>) -> Option<SessionKey> {
        let value = cookie::read(jar, self.cookies.session())?;
        match self.storage.cookie_sealer() {
            Some(sealer) => {
                let opened = self.storage.open_cookie(sealer, self.cookies.session(), &value)?;
                Some(opened.record.key())
            }
            None => SessionId::from_text(&value).map(|id| id.key()),
        }
    }

    /// Waits for what the cookies alone did not tell.
    ///
    /// # Errors
    ///
    /// The store failed. The cookies are not at fault then.
    pub(crate) async fn wait_for(
        &self,
        wait: Wait,
        headers: &[&str],
        jar: &CookieJar<'_>,
    ) -> Result<Read> {
        match self.settle_in_time(wait).await? {
            Ok(read) => Ok(read),
            Err(key) => self.among_others(key, headers, jar).await,
        }
    }

    /// The session among the other cookies with its name, if the one in the jar is not a
    /// session.
    async fn among_others(
        &self,
        key: Option<SessionKey>,
        headers: &[&str],
        jar: &CookieJar<'_>,
    ) -> Result<Read> {
        let name = self.cookies.session();
        for first in cookie::doubles(headers, jar, name) {
            let read = match self.look_at(&cookie::read_after(first, jar, name)) {
                Ok(read) => Ok(read),
                Err(wait) => self.settle_in_time(wait).await?,
            };
            if let Ok(read @ Read::Session { .. }) = read {
                return Ok(read);
            }
        }
        // A cookie that is not a session is removed, but not one that was replaced: the
        // removal could reach the browser after the new session's cookie.
        let is_replaced = key.is_some_and(|key| self.replaced.contains_key(&key));
        Ok(if is_replaced { Read::Nothing } else { Read::Invalid })
    }

    /// The final result for a cookie, or the key of the session that it is not.
    async fn settle_in_time(&self, mut wait: Wait) -> Result<Result<Read, Option<SessionKey>>> {
        loop {
            wait = match wait {
                Wait::Others(key) => return Ok(Err(key)),
                Wait::Instances(session, generation) => {
                    let key = session.record.key();
                    let newest = self.newest_everywhere(session).await?;
                    match newest.map(|session| self.admit(session, generation)) {
                        Some(Ok(read)) => return Ok(Ok(read)),
                        Some(Err(wait)) => wait,
                        None => Wait::Others(Some(key)),
                    }
                }
                Wait::Touch(session) => return self.touch(session).await.map(Ok),
                Wait::Delete(session) => {
                    if let Err(error) = self.storage.delete(&session.record).await {
                        warning::warn("a session that has ended was not deleted", &error);
                    }
                    Wait::Others(Some(session.record.key()))
                }
                Wait::Store(key) => {
                    let stored = self.instances.observed(self.storage.load(key).await)?;
                    match self.settle(Some(key), stored) {
                        Ok(read) => return Ok(Ok(read)),
                        Err(wait) => wait,
                    }
                }
            }
        }
    }

    /// The result for a session that was found, or not.
    fn settle(&self, key: Option<SessionKey>, session: Option<Session>) -> Result<Read, Wait> {
        let now = self.clock.now();
        let generation = session.as_ref().map(|session| session.record.generation);
        // Its last use is in the newest one.
        let session = session.map(|session| self.newest_here(session));
        let lives = |session: &Session| session.record.remaining(now, &self.config).is_some();
        let session = session.filter(lives).filter(|session| self.has_begun(session, now));
        let Some(session) = session else {
            if let Some(key) = key.filter(|_| !self.are_in_cookies()) {
                self.storage.forget_stored(&key);
            }
            return Err(Wait::Others(key));
        };
        if self.has_ended(&session) {
            return Err(match self.are_in_cookies() {
                true => Wait::Others(key),
                false => Wait::Delete(session),
            });
        }
        match self.are_marked() {
            true => Err(Wait::Instances(session, generation)),
            false => self.admit(session, generation),
        }
    }

    /// A live session. Its cookie, if it is in one, has this generation.
    fn admit(&self, session: Session, generation: Option<u32>) -> Result<Read, Wait> {
        if session.record.is_touch_due(self.clock.now(), &self.config) {
            return Err(Wait::Touch(session));
        }
        let rewrite = self.are_in_cookies() && Some(session.record.generation) > generation;
        Ok(Read::Session { session, rewrite })
    }

    /// The newest generation that any instance knows of a session in a cookie; `None` if one
    /// has ended it.
    ///
    /// # Errors
    ///
    /// The other instances' answer is not available.
    pub(super) async fn newest_everywhere(&self, session: Session) -> Result<Option<Session>> {
        let session = self.newest_here(session);
        if !self.instances.share() {
            return Ok(Some(session));
        }
        Ok(match self.instances.observed(self.marks.look_up(&session.record).await)? {
            Told::Ended { revoke } => {
                if !self.revocation.is_ended(&session.record) {
                    self.remember_as_ended(&session, revoke);
                }
                self.has_ended(&session);
                None
            }
            Told::Live(Some(newer)) if newer.generation > session.record.generation => {
                Some(self.storage.remember_newest(newer))
            }
            Told::Live(_) => Some(session),
        })
    }

    /// Whether the session was verified before instances lost their shared marks.
    pub(crate) fn is_of_older_epoch(&self, record: &Record) -> bool {
        self.are_marked() && record.epoch != self.marks.known_epoch()
    }

    /// Whether the session began before now, as far as clocks agree. A session that began
    /// by a clock far ahead would outlive its time, and logouts that seem older than it.
    fn has_begun(&self, session: &Session, now: Timestamp) -> bool {
        // A mark that is ahead by that much makes later sessions begin as far ahead.
        let marked = if self.instances.share() { self.clock_skew } else { Duration::ZERO };
        let ahead = session.record.created.since(now);
        let has_begun = ahead <= self.clock_skew + marked;
        if !has_begun {
            warning::warn_of(
                "a session that begins in the future is not valid; compare the clocks",
            );
        }
        has_begun
    }

    /// Whether a session that still appears was ended: its cookie outlived it, or the store
    /// failed to delete it. If needed, its refresh token is revoked now.
    fn has_ended(&self, session: &Session) -> bool {
        let standing = self.revocation.standing(&session.record);
        if standing == Standing::EndedWithToken {
            self.kept.forget_here(&session.record.key());
            self.revoke_in_background(session);
        }
        standing != Standing::Live
    }

    /// Revokes tokens that arrived after a session's end: a sign-out in the meantime revoked
    /// only the previous refresh token. Returns whether it had ended.
    pub(crate) async fn came_too_late(&self, record: &Arc<Record>) -> bool {
        let session = Session { record: Arc::clone(record), version: None };
        let has_ended = self.has_ended(&session) || self.has_ended_elsewhere(&session).await;
        if has_ended {
            self.kept.forget(&record.key()).await;
        }
        has_ended
    }

    /// Whether another instance has ended the session, as far as known. If needed, the
    /// refresh token is revoked now.
    async fn has_ended_elsewhere(&self, session: &Session) -> bool {
        let told = self.marks.look_up(&session.record).await;
        if let Ok(Told::Ended { revoke: true }) = told {
            self.revoke_in_background(session);
        }
        matches!(told, Ok(Told::Ended { .. }))
    }

    /// Records the last use. A store that cannot write right now locks nobody out.
    async fn touch(&self, session: Session) -> Result<Read> {
        let touched = session.record.touched(self.clock.now());
        match self.save(&session, touched).await {
            Ok(saved) => Ok(Read::Session { session: saved.unwrap_or(session), rewrite: true }),
            Err(error) if error.kind() == ErrorKind::Store => {
                warning::warn("the last use of a session was not recorded", &error);
                Ok(Read::Session { session, rewrite: false })
            }
            Err(error) => Err(error),
        }
    }
}

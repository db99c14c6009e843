//! What a user sees of their sessions.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use super::store::SessionKey;
use super::{Session, Sessions};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};

/// The most characters of a user agent to keep.
const LONGEST: usize = 256;

/// One session of a user, for a page that lists their devices. From
/// [`LogtoClient::sessions()`](crate::LogtoClient::sessions).
#[derive(Clone)]
pub struct SessionInfo {
    handle: String,
    began: Timestamp,
    last_used: Timestamp,
    is_current: bool,
    user_agent: Option<Arc<str>>,
}

impl SessionInfo {
    /// Identifies the session for
    /// [`LogtoClient::end_session()`](crate::LogtoClient::end_session): 43 characters that
    /// need no escaping. It is not a credential: it does not give access to the session, and
    /// only the session's own user can end it with this.
    pub fn handle(&self) -> &str {
        &self.handle
    }

    /// When the user signed in.
    pub fn began_at(&self) -> SystemTime {
        self.began.time()
    }

    /// When the session was last used, to within a tenth of
    /// [`session.idle`](crate::SessionConfig::idle): it is not recorded more often.
    pub fn last_used_at(&self) -> SystemTime {
        self.last_used.time()
    }

    /// Whether it is the session of this request.
    pub fn is_current(&self) -> bool {
        self.is_current
    }

    /// The `User-Agent` of the browser that signed in, up to 256 characters and without
    /// control characters; `None` if it sent none. The browser may send anything: escape
    /// it on a page, and base no decision on it.
    pub fn user_agent(&self) -> Option<&str> {
        self.user_agent.as_deref()
    }
}

impl fmt::Debug for SessionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionInfo").field("handle", &self.handle).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn handle(&self) -> String {
        self.record.key().to_text()
    }

    fn info(&self, current: Option<SessionKey>) -> SessionInfo {
        let record = &self.record;
        SessionInfo {
            handle: self.handle(),
            began: record.created,
            last_used: record.last_used,
            is_current: current == Some(record.key()),
            user_agent: record.user_agent.clone(),
        }
    }
}

impl Sessions {
    /// The description of the browser that signs in. A cookie has no room for it.
    pub(crate) fn description(&self, user_agent: Option<&str>) -> Option<Arc<str>> {
        let user_agent = user_agent.filter(|_| !self.are_in_cookies())?;
        let shown = user_agent.chars().filter(|c| !c.is_control()).take(LONGEST);
        Some(shown.collect::<String>().into()).filter(|text: &Arc<str>| !text.is_empty())
    }

    /// The sessions of a user, the current one first, then the most recently used.
    ///
    /// # Errors
    ///
    /// Sessions live in cookies, or the store failed.
    pub(crate) async fn of_user(
        &self,
        subject: &str,
        current: Option<SessionKey>,
    ) -> Result<Vec<SessionInfo>> {
        self.check_stored()?;
        let found = self.storage.find(subject).await?;
        let found = found.into_iter().map(|session| self.unsaved.newest(session));
        let sessions = found.filter(|session| self.is_live(session, subject));
        let mut sessions: Vec<_> = sessions.map(|session| session.info(current)).collect();
        sessions.sort_by_key(|info| (!info.is_current, std::cmp::Reverse(info.last_used)));
        Ok(sessions)
    }

    /// The session of a user with this handle.
    ///
    /// # Errors
    ///
    /// The user has no such session, sessions live in cookies, or the store failed.
    pub(crate) async fn of_handle(&self, subject: &str, handle: &str) -> Result<Session> {
        self.check_stored()?;
        // One error for all cases: it must not reveal others' sessions.
        let not_found = || Error::new(ErrorKind::SessionNotFound, "");
        let key = SessionKey::from_text(handle).ok_or_else(not_found)?;
        let session = self.storage.load(key).await?;
        let session = session.map(|session| self.unsaved.newest(session));
        session.filter(|session| self.is_live(session, subject)).ok_or_else(not_found)
    }

    /// Whether it is a live session of this user. A store may find too many.
    fn is_live(&self, session: &Session, subject: &str) -> bool {
        let record = &session.record;
        record.subject() == Some(subject)
            && record.remaining(self.clock.now(), &self.config).is_some()
            && !self.revocation.is_ended(record)
    }

    /// Whether there is a list of sessions at all.
    ///
    /// # Errors
    ///
    /// Sessions live in cookies.
    pub(crate) fn check_stored(&self) -> Result<()> {
        match self.are_in_cookies() {
            true => Err(Error::new(ErrorKind::SessionsInCookies, "set `session.store`")),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{in_cookies, in_memory};

    /// S37: a cookie is as large as without it.
    #[test]
    fn a_cookie_does_not_say_what_the_browser_calls_itself() {
        let described = |text| in_memory().description(Some(text));
        assert_eq!(described("Mozilla").as_deref(), Some("Mozilla"));
        assert_eq!((described(""), described("\t\u{7f}")), (None, None));
        assert_eq!(in_memory().description(None), None);
        assert_eq!(in_cookies().description(Some("Mozilla")), None);
    }
}

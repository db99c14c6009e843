//! Listing and ending the sessions of a user.

use std::sync::Arc;

use super::Logto;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::in_its_own_task;
use crate::request::Visit;
use crate::session::{Session, SessionInfo};

/// Administration: the sessions of any user, by their id at Logto. These methods do not
/// check permissions: call them on behalf of administrators only, in routes protected by,
/// for example, `#[authenticated(roles("admin"))]`. For the signed-in user's own sessions
/// there is [`LogtoClient::sessions()`](crate::LogtoClient::sessions).
impl Logto {
    /// The sessions of the user with this id, most recently used first; empty for a user
    /// without sessions, or an unknown one. None of them is the current one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionsInCookies`], which is 500, if sessions live in cookies, and
    /// [`ErrorKind::Store`] if the store failed.
    pub async fn sessions_of(&self, subject: &str) -> Result<Vec<SessionInfo>> {
        self.0.sessions.of_user(subject, None).await
    }

    /// Ends the session of this user with this handle, and has Logto revoke its refresh
    /// token. The browser is signed out at its next request. The user stays signed in at
    /// Logto: the next sign-in there may need no password.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionNotFound`], which is 404, if the user has no such session,
    /// [`ErrorKind::SessionsInCookies`], which is 500, if sessions live in cookies, and
    /// [`ErrorKind::Store`] if the store failed: the session continues.
    pub async fn end_session(&self, subject: &str, handle: &str) -> Result<()> {
        let session = self.0.sessions.of_handle(subject, handle).await?;
        self.end_and_revoke(session).await?;
        log::info!("logto: a session of {} was ended", self.0.sessions.named(subject));
        Ok(())
    }

    /// Signs a user out of this application on all devices: for an administrator, or for a
    /// user who lost a device. Returns how many sessions were deleted.
    ///
    /// `subject` is the user's id at Logto. The refresh tokens of sessions that are found
    /// are revoked; the user stays signed in at Logto. Later sign-ins are not affected. It
    /// does not check permissions: call it only if the caller may end other people's
    /// sessions.
    ///
    /// | sessions live in | ended |
    /// |---|---|
    /// | a store, or memory | at once, and deleted |
    /// | cookies, with `session.marks` | when their next request comes, at any instance |
    /// | cookies | when their next request comes, at this instance and until it ends |
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) if the store failed: this instance
    /// already refuses the user's sessions, others may not. Try again.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::{Error, Logto, authenticated};
    /// use rocket::{State, post};
    ///
    /// #[authenticated(roles("admin"))]
    /// #[post("/users/<id>/sign-out")]
    /// async fn sign_out(id: &str, logto: &State<Logto>) -> Result<String, Error> {
    ///     let count = logto.sign_out_everywhere(id).await?;
    ///     Ok(format!("{count} sessions"))
    /// }
    /// ```
    pub async fn sign_out_everywhere(&self, subject: &str) -> Result<usize> {
        self.0.sessions.end_all_of(subject).await
    }

    async fn end_and_revoke(&self, session: Session) -> Result<()> {
        let sessions = Arc::clone(&self.0.sessions);
        // A dropped request must not leave it half done.
        in_its_own_task(async move { sessions.end_and_revoke(&session).await }).await
    }

    /// The sessions of this request's user; empty for a stranger.
    ///
    /// # Errors
    ///
    /// Sessions live in cookies, or the store failed.
    pub(crate) async fn own_sessions(&self, visit: Visit<'_>) -> Result<Vec<SessionInfo>> {
        match self.session(visit).await? {
            Some(session) => {
                let subject = session.record.id_token_claims()?.subject();
                self.0.sessions.of_user(subject, Some(session.record.key())).await
            }
            None => self.0.sessions.check_stored().map(|()| Vec::new()),
        }
    }

    /// Ends a session of the user of this request.
    ///
    /// # Errors
    ///
    /// The user did not ask for it, is not signed in or has no such session, sessions live
    /// in cookies, or the store failed: the session continues.
    pub(crate) async fn end_own_session(&self, visit: Visit<'_>, handle: &str) -> Result<()> {
        visit.state.depend_on_cookies();
        visit.request.check_sign_out_here(self.origins(), visit.state.is_head())?;
        self.0.sessions.check_stored()?;
        let session = self.session(visit).await?;
        let session = session.ok_or_else(|| Error::new(ErrorKind::NotAuthenticated, ""))?;
        if session.handle() == handle {
            return self.sign_out_here(visit).await;
        }
        let subject = session.record.id_token_claims()?.subject();
        let other = self.0.sessions.of_handle(subject, handle).await?;
        self.end_and_revoke(other).await?;
        log::info!("logto: {} ended another session", self.0.sessions.named(subject));
        Ok(())
    }
}

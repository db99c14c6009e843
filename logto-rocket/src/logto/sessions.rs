//! The sessions of a user, told and ended.

use std::sync::Arc;

use super::Logto;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::in_its_own_task;
use crate::request::Visit;
use crate::session::{Session, SessionInfo};

/// Administration: the sessions of any user, by their id at Logto. Nothing here asks who
/// wants it: call these on behalf of administrators only, in routes that say so, as by
/// `#[authenticated(roles("admin"))]`. For the signed-in user's own sessions there is
/// [`LogtoClient::sessions()`](crate::LogtoClient::sessions).
impl Logto {
    /// The sessions of the user of this id, those used last first; none of a user who has
    /// none, or is unknown. None of them is the current one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionsInCookies`], which is 500, where sessions live in cookies, and
    /// [`ErrorKind::Store`] when the store failed.
    pub async fn sessions_of(&self, subject: &str) -> Result<Vec<SessionInfo>> {
        self.0.sessions.of_user(subject, None).await
    }

    /// Ends the session of this user that has this handle, and has Logto revoke its refresh
    /// token. At its next request the browser is signed out. The user stays signed in at
    /// Logto: the next sign-in there may need no password.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionNotFound`], which is 404, when the user has no such session,
    /// [`ErrorKind::SessionsInCookies`], which is 500, where sessions live in cookies, and
    /// [`ErrorKind::Store`] when the store failed: the session goes on.
    pub async fn end_session(&self, subject: &str, handle: &str) -> Result<()> {
        let session = self.0.sessions.of_handle(subject, handle).await?;
        self.end_and_revoke(session).await?;
        log::info!("logto: a session of {} was ended", self.0.sessions.named(subject));
        Ok(())
    }

    /// Signs a user out of this application, wherever they are signed in: for an
    /// administrator, or for a user who lost a device. Returns how many sessions were deleted.
    ///
    /// `subject` is the user's id at Logto. Their refresh tokens are revoked as far as the
    /// sessions are found; the user stays signed in at Logto. A sign-in that comes later is
    /// not affected. It asks nobody for permission: call it only where the caller may end
    /// other people's sessions.
    ///
    /// | sessions live in | ended |
    /// |---|---|
    /// | a store, or memory | at once, and deleted |
    /// | cookies, with `session.marks` | when their next request comes, at any instance |
    /// | cookies | when their next request comes, at this instance and until it ends |
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind::Store) when the store failed: this instance
    /// refuses the user's sessions already, others may not. Try it again.
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
        // A request that is given up must not leave half of it.
        in_its_own_task(async move { sessions.end_and_revoke(&session).await }).await
    }

    /// The sessions of the user of this request; none of a stranger.
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
    /// Nobody here asked for it, nobody is signed in, the user has no such session, sessions
    /// live in cookies, or the store failed: the session goes on.
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

//! The operations of [`Logto`] for one request.

use std::sync::Arc;

use rocket::http::{Cookie, CookieJar};

use super::Logto;
use crate::auth_info::AuthInfo;
use crate::claims::UserInfo;
use crate::error::Result;
use crate::options::SignInOptions;
use crate::request::{SessionCookie, Visit};
use crate::session::{Read, Session, Wait};
use crate::sign_in::{Completed, FailedCallback};
use crate::sign_out::SignedOut;
use crate::token::{Audience, Token};

/// Why the session of a request is not known immediately.
enum Unknown {
    /// The cookies alone do not tell.
    Cookies(Wait),
    /// Logto confirmed the session too long ago.
    Logto(Read),
}

impl Logto {
    /// The session of this request, read once and kept up to date during the request. If
    /// Logto confirmed it too long ago, Logto is asked first.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn session(&self, visit: Visit<'_>) -> Result<Option<Session>> {
        match visit.state.known(|| self.look(visit)) {
            Ok(session) => Ok(session),
            // Boxed: inline it would make every guard just as large.
            Err(unknown) => visit.noted(Box::pin(self.wait_for(visit, unknown)).await),
        }
    }

    /// Like [`session()`](Self::session); `None` if that has to wait.
    pub(crate) fn session_at_once(&self, visit: Visit<'_>) -> Option<Option<Session>> {
        visit.state.known(|| self.look(visit)).ok()
    }

    fn look(&self, visit: Visit<'_>) -> Result<Read, Unknown> {
        match self.0.sessions.look(visit.jar) {
            Ok(Read::Session { session, rewrite })
                if self.0.tokens.is_due_for_revalidation(&session) =>
            {
                Err(Unknown::Logto(Read::Session { session, rewrite }))
            }
            Ok(read) => Ok(read),
            Err(wait) => Err(Unknown::Cookies(wait)),
        }
    }

    async fn wait_for(&self, visit: Visit<'_>, unknown: Unknown) -> Result<Option<Session>> {
        let ask = async {
            let read = match unknown {
                Unknown::Logto(read) => read,
                Unknown::Cookies(wait) => {
                    let headers = visit.request.cookie_headers();
                    self.0.sessions.wait_for(wait, &headers, visit.jar).await?
                }
            };
            visit.state.take_in(read);
            match visit.state.session() {
                Some(session) => self.0.tokens.revalidate(visit, &session).await,
                None => Ok(()),
            }
        };
        visit.state.wait(ask).await?;
        self.tell_of_refresh(visit).await;
        // The hook may have ended it.
        Ok(visit.state.session())
    }

    /// Notifies the application of a refresh, after everything that waits for its tokens:
    /// a hook may ask for the same tokens, and may be slow.
    async fn tell_of_refresh(&self, visit: Visit<'_>) {
        for user in visit.state.take_refreshed() {
            visit.request.after_refresh(self.hooks(), &user).await;
        }
    }

    /// What a presented access token says, if it was verified before.
    pub(crate) fn known_access_token(&self, token: &str) -> Option<Arc<AuthInfo>> {
        self.0.bearer_tokens.known(token)
    }

    /// What a presented access token says.
    ///
    /// # Errors
    ///
    /// It is not valid, or Logto's keys are not available.
    pub(crate) async fn verify_access_token(&self, token: &str) -> Result<Arc<AuthInfo>> {
        self.0.client.within_patience(self.0.bearer_tokens.verify(token)).await
    }

    /// Whether the roles in the ID token are as fresh as `session.revalidate` requires,
    /// or can be renewed if not.
    pub(crate) fn has_fresh_roles(&self, session: &Session) -> bool {
        self.0.tokens.has_fresh_claims(session)
    }

    /// The signed-in user's access token for this audience; `None` for a stranger, or if
    /// the application ended the session when notified of the refresh. If no newer one is
    /// available, a still valid one will do.
    ///
    /// # Errors
    ///
    /// Logto ended the session, denied the token or did not answer, or the store
    /// failed.
    pub(crate) async fn access_token(
        &self,
        visit: Visit<'_>,
        audience: &Audience,
    ) -> Result<Option<Arc<Token>>> {
        let Some(session) = self.session(visit).await? else { return Ok(None) };
        let audience = self.resolved(audience)?;
        let token = self.0.tokens.access_token(visit, &session, &audience).await;
        self.tell_of_refresh(visit).await;
        Ok(Some(visit.noted(token)?).filter(|_| visit.state.has(&session)))
    }

    /// Like [`access_token()`](Self::access_token), but always from Logto.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) async fn another_access_token(
        &self,
        visit: Visit<'_>,
        audience: &Audience,
    ) -> Result<Option<Arc<Token>>> {
        let Some(session) = self.session(visit).await? else { return Ok(None) };
        let audience = self.resolved(audience)?;
        let token = self.0.tokens.another_access_token(visit, &session, &audience).await;
        self.tell_of_refresh(visit).await;
        Ok(Some(visit.noted(token)?).filter(|_| visit.state.has(&session)))
    }

    /// Forgets every access token of the session, so that the next one comes from
    /// Logto.
    ///
    /// # Errors
    ///
    /// The store failed, the answer has begun, or a refresh in progress takes too long.
    pub(crate) async fn clear_access_tokens(&self, visit: Visit<'_>) -> Result<()> {
        match self.session(visit).await? {
            Some(session) => self.0.tokens.clear(visit, &session).await,
            None => Ok(()),
        }
    }

    /// The raw ID token, while it is remembered.
    pub(crate) async fn id_token(&self, session: &Session) -> Option<Arc<str>> {
        self.0.sessions.kept().id_token(&session.record.key(), session.record.generation).await
    }

    /// The user info of the signed-in user, fetched once per request; `None` for a
    /// stranger.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`](crate::ErrorKind::SessionEnded) if Logto ended the
    /// session: the request no longer has one.
    pub(crate) async fn user_info<'r>(&self, visit: Visit<'r>) -> Result<Option<&'r UserInfo>> {
        let Some(session) = self.session(visit).await? else { return Ok(None) };
        let user = visit.state.user(&session);
        let info = user.info.get_or_init(|| self.0.tokens.user_info(visit, &session)).await;
        self.tell_of_refresh(visit).await;
        match info {
            Ok(info) => Ok(Some(info).filter(|_| visit.state.has(&session))),
            Err(error) => visit.noted(Err(error.clone())),
        }
    }

    /// Begins a sign-in: returns the address to send the browser to.
    ///
    /// # Errors
    ///
    /// The user did not ask for it, the options contradict the protocol, Logto could not
    /// be reached, or the browser is in a loop; nothing has begun then.
    pub(crate) async fn begin_sign_in(
        &self,
        visit: Visit<'_>,
        options: &SignInOptions,
    ) -> Result<String> {
        visit.noted(self.0.sign_ins.begin(visit, options).await)
    }

    /// Completes the sign-in that the callback `query` belongs to.
    ///
    /// # Errors
    ///
    /// The sign-in failed; the user is not signed in.
    pub(crate) async fn complete_sign_in(
        &self,
        visit: Visit<'_>,
        query: &str,
    ) -> Result<Completed> {
        let completed = self.0.sign_ins.complete(visit, query).await;
        let returning =
            |failed: FailedCallback| failed.error.returning_to(self.site().page(&failed.return_to));
        visit.noted(completed.map_err(returning))
    }

    /// Ends the session of this request, whether or not Logto can be reached.
    ///
    /// # Errors
    ///
    /// The user did not ask for it, or the store failed: the session continues.
    pub(crate) async fn sign_out(&self, visit: Visit<'_>) -> Result<SignedOut> {
        let signed_out = visit.noted(self.0.sign_outs.sign_out(visit).await)?;
        self.0.sign_ins.stop_counting(visit);
        Ok(signed_out)
    }

    /// Like [`sign_out()`](Self::sign_out), but leaves the user signed in at Logto.
    ///
    /// # Errors
    ///
    /// The user did not ask for it, or the store failed: the session continues.
    pub(crate) async fn sign_out_here(&self, visit: Visit<'_>) -> Result<()> {
        visit.noted(self.0.sign_outs.sign_out_here(visit).await)?;
        self.0.sign_ins.stop_counting(visit);
        Ok(())
    }

    /// Ends the session here. Logto is not notified, and the refresh token stays valid.
    ///
    /// # Errors
    ///
    /// The store failed: the session continues.
    pub(crate) async fn clear_all_tokens(&self, visit: Visit<'_>) -> Result<()> {
        self.0.sign_outs.forget(visit).await?;
        self.0.sign_ins.stop_counting(visit);
        Ok(())
    }

    /// The removals of sign-ins in progress that make room for `changes`, as
    /// `session.max_cookie_bytes` requires.
    pub(crate) fn make_room(
        &self,
        jar: &CookieJar<'_>,
        changes: &[Cookie<'static>],
    ) -> Vec<Cookie<'static>> {
        let max = usize::try_from(self.config().session.max_cookie_bytes).unwrap_or(usize::MAX);
        self.0.sign_ins.transactions().make_room(jar, changes, max)
    }

    /// What the answer does to the session's cookies. A session that has ended since the
    /// request began is not written: a slow handler's answer would bring it back.
    ///
    /// # Errors
    ///
    /// The session is too large for cookies.
    pub(crate) fn session_cookies(
        &self,
        jar: &CookieJar<'_>,
        cookie: SessionCookie,
    ) -> Result<Vec<Cookie<'static>>> {
        let sessions = &self.0.sessions;
        match cookie {
            SessionCookie::Untouched => Ok(Vec::new()),
            // The removal could reach the browser after the cookie of its new session.
            SessionCookie::Cleared if sessions.is_replaced(jar) => Ok(Vec::new()),
            SessionCookie::Removed | SessionCookie::Cleared => Ok(sessions.remove(jar)),
            SessionCookie::Carries(session) => match sessions.to_carry(session) {
                Some(session) => sessions.write(jar, &session),
                None => Ok(Vec::new()),
            },
        }
    }
}

//! The user info, asked for with the session's own access token.

use crate::claims::UserInfo;
use crate::error::{Error, ErrorKind, Result};
use crate::logto::{Logto, within_patience};
use crate::request::Visit;
use crate::session::Session;
use crate::token::{Audience, Token};

impl Logto {
    /// The user info of the signed-in user, fetched once a request; `None` for a
    /// stranger.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`] when Logto ended the session: the request has
    /// none any more.
    pub(crate) async fn user_info<'r>(&self, visit: Visit<'r>) -> Result<Option<&'r UserInfo>> {
        let Some(session) = self.session(visit).await? else { return Ok(None) };
        let person = visit.marker.person(&session);
        let fetch = || within_patience(self.fetch_user_info(visit, session));
        let info = person.info.get_or_init(fetch).await;
        match info {
            Ok(info) => Ok(Some(info)),
            Err(error) => Err(error.clone()),
        }
    }

    async fn fetch_user_info(&self, visit: Visit<'_>, session: Session) -> Result<UserInfo> {
        let subject = session.record.id_token_claims()?.subject().to_owned();
        let audience = Audience::logto();
        let Some(token) = self.access_token(visit, &audience).await? else {
            return Err(Error::new(ErrorKind::SessionEnded, "it was ended meanwhile"));
        };
        let received = visit.marker.person(&session).token(&audience).is_some();
        let token = match self.ask(&token, &subject).await {
            // The token was withdrawn before its time. If the refresh token is still
            // good, so is the session.
            Err(error) if error.kind() == ErrorKind::SessionEnded && !received => {
                self.renew(visit, &session, &audience, Some(token)).await?
            }
            answer => return self.or_ended(visit, &session, answer).await,
        };
        let answer = self.ask(&token, &subject).await;
        self.or_ended(visit, &session, answer).await
    }

    async fn ask(&self, token: &Token, subject: &str) -> Result<UserInfo> {
        self.inner.client.user_info(token.secret(), subject).await
    }

    /// Logto no longer knows a token that it has just given: the session is over.
    async fn or_ended(
        &self,
        visit: Visit<'_>,
        session: &Session,
        answer: Result<UserInfo>,
    ) -> Result<UserInfo> {
        if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::SessionEnded) {
            self.inner.end(session, false).await?;
            visit.marker.end_session(&session.record.key());
        }
        answer
    }
}

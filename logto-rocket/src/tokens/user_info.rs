//! The user info, asked for with the session's own access token.

use std::sync::Arc;

use super::Tokens;
use super::refresh::same;
use crate::claims::UserInfo;
use crate::error::{ErrorKind, Result};
use crate::request::Visit;
use crate::session::Session;
use crate::token::{Audience, Token};

/// Refreshes until a token that Logto has just given must be good: another request may refresh
/// the session's tokens meanwhile, which withdraws this one.
const ATTEMPTS: usize = 3;

impl Tokens {
    /// The user info of the user of `session`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`] when Logto ended the session: the request has
    /// none any more. All other kinds say nothing of the session.
    pub(crate) async fn user_info(
        self: &Arc<Self>,
        visit: Visit<'_>,
        session: &Session,
    ) -> Result<UserInfo> {
        self.client.within_patience(self.fetch_user_info(visit, session)).await
    }

    async fn fetch_user_info(
        self: &Arc<Self>,
        visit: Visit<'_>,
        session: &Session,
    ) -> Result<UserInfo> {
        let audience = Audience::logto();
        let mut token = self.access_token(visit, session, &audience).await?;
        for _ in 0..ATTEMPTS {
            match self.user_info_with(&token, session).await {
                // The token was withdrawn before its time. If the refresh token is still
                // good, so is the session.
                Err(error) if error.kind() == ErrorKind::SessionEnded => {}
                answer => return answer,
            }
            let refused = Arc::clone(&token);
            token = self.renew(visit, session, &audience, Some(token)).await?;
            // That of a refresh which began before it was refused may be the same one.
            if same(token.secret().secret(), refused.secret().secret()) {
                token = self.renew_at_any_rate(visit, session, &audience).await?;
            }
        }
        let answer = self.user_info_with(&token, session).await;
        self.or_ended(visit, session, answer).await
    }

    async fn user_info_with(&self, token: &Token, session: &Session) -> Result<UserInfo> {
        let subject = session.record.id_token_claims()?.subject();
        self.client.user_info(token.secret(), subject).await
    }

    /// Logto no longer knows a token that it has just given: the session is over.
    async fn or_ended(
        &self,
        visit: Visit<'_>,
        session: &Session,
        answer: Result<UserInfo>,
    ) -> Result<UserInfo> {
        if answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::SessionEnded) {
            self.sessions.end(session).await?;
            visit.state.end_session(session);
        }
        answer
    }
}

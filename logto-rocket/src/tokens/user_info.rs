//! The user info, fetched with the session's own access token.

use std::sync::Arc;

use super::Tokens;
use super::refresh::same;
use crate::claims::UserInfo;
use crate::error::{Error, ErrorKind, Result};
use crate::instances::Item;
use crate::request::Visit;
use crate::session::Session;
use crate::token::{Audience, Token};

/// How many refreshes by other requests may come between a refresh and the use of its
/// token.
const ATTEMPTS: usize = 5;

impl Tokens {
    /// The user info of the user of `session`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`] if Logto ended the session: the request no longer has
    /// one. Other kinds say nothing about the session.
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
        let token = self.access_token(visit, session, &audience).await?;
        match self.user_info_with(&token, session).await {
            // The token was revoked early. If the refresh token is still valid, so is the
            // session.
            Err(error) if error.kind() == ErrorKind::SessionEnded => {}
            answer => return answer,
        }
        let refused = Arc::clone(&token);
        let mut renewed = self.renew(visit, session, &audience, Some(token)).await?;
        // A refresh that began before the refusal may return the same token.
        if same(renewed.token.secret().secret(), refused.secret().secret()) {
            renewed = self.renew_at_any_rate(visit, session, &audience).await?;
        }
        for _ in 0..ATTEMPTS {
            let refused = match self.user_info_with(&renewed.token, session).await {
                Err(error) if error.kind() == ErrorKind::SessionEnded => error,
                answer => return answer,
            };
            // A token that another request got may have been revoked by now.
            if renewed.is_new && self.end_unless_refreshed(&renewed.session).await? {
                visit.state.end_session(session);
                return Err(refused);
            }
            renewed = self.renew(visit, session, &audience, Some(renewed.token)).await?;
        }
        let detail = "refreshes by other requests keep revoking the new token";
        Err(Error::new(ErrorKind::Unreachable, detail))
    }

    /// Ends a session whose newest token Logto no longer knows, unless another request has
    /// refreshed it since, for any audience: a provider may revoke older access tokens then.
    /// Returns whether it has ended.
    async fn end_unless_refreshed(&self, session: &Session) -> Result<bool> {
        let key = session.record.key();
        // It may be in progress, and not saved yet.
        let _turn = self.turns.take(key).await;
        let _lease = self.sessions.instances().take_turn(Item::Turn(key)).await?;
        let current = match self.sessions.current(session).await {
            Err(error) if error.kind() == ErrorKind::SessionEnded => return Ok(true),
            current => current?,
        };
        if current.record.generation > session.record.generation {
            return Ok(false);
        }
        self.sessions.end(&current).await?;
        Ok(true)
    }

    async fn user_info_with(&self, token: &Token, session: &Session) -> Result<UserInfo> {
        let subject = session.record.id_token_claims()?.subject();
        self.client.user_info(token.secret(), subject).await
    }
}

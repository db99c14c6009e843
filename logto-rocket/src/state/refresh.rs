//! New tokens for a session, and what is asked with them.

use std::sync::Arc;
use std::time::Duration;

use super::marker::{Marker, Visit};
use super::{Inner, Logto, within_patience};
use crate::claims::UserInfo;
use crate::client::Expected;
use crate::error::{Error, ErrorKind, Result};
use crate::session::Session;
use crate::session::record::Record;
use crate::token::Timestamp;
use openidconnect::AccessToken;

/// How long to wait after each attempt at saving new tokens: a store that fails for
/// a moment must not cost a rotated refresh token.
const PAUSES: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(50), Duration::from_millis(250), Duration::from_secs(1)];

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
        let marker = visit.marker;
        let fetch = || within_patience(self.fetch_user_info(marker, session));
        let info = marker.person().info.get_or_init(fetch).await;
        match info {
            Ok(info) => Ok(Some(info)),
            Err(error) => Err(error.clone()),
        }
    }

    async fn fetch_user_info(&self, marker: &Marker, session: Session) -> Result<UserInfo> {
        let subject = session.record.id_token_claims()?.subject().to_owned();
        let mut session = session;
        let mut fresh = false;
        if session.record.user_info_token.renew_at <= Timestamp::now() {
            session = self.refresh(marker, &session).await?;
            fresh = true;
        }
        let token = &session.record.user_info_token.token;
        match self.inner.client.user_info(token, &subject).await {
            Err(error) if error.kind() == ErrorKind::SessionEnded && !fresh => {}
            Err(error) if error.kind() == ErrorKind::SessionEnded => {
                return Err(self.ended(marker, &session, error).await);
            }
            result => return result,
        }
        // The token was withdrawn before its time. If the refresh token is still
        // good, so is the session.
        let session = self.refresh(marker, &session).await?;
        let token = &session.record.user_info_token.token;
        match self.inner.client.user_info(token, &subject).await {
            Err(error) if error.kind() == ErrorKind::SessionEnded => {
                Err(self.ended(marker, &session, error).await)
            }
            result => result,
        }
    }

    /// Replaces the session's tokens. The request has the new session, or none if
    /// Logto ended it.
    async fn refresh(&self, marker: &Marker, session: &Session) -> Result<Session> {
        let id = session.record.id;
        let (inner, stale) = (Arc::clone(&self.inner), session.clone());
        let begin = || async move { inner.refresh(stale).await };
        match self.inner.refreshes.join(id, begin).await {
            Ok(session) => {
                marker.begin(session.clone(), true);
                Ok(session)
            }
            Err(error) => {
                if error.kind() == ErrorKind::SessionEnded {
                    marker.end();
                }
                Err(error)
            }
        }
    }

    async fn ended(&self, marker: &Marker, session: &Session, error: Error) -> Error {
        match self.inner.end(session, false).await {
            Ok(()) => {
                marker.end();
                error
            }
            Err(failure) => failure,
        }
    }
}

impl Inner {
    /// One refresh. It runs in a task of its own: a rotated refresh token is saved
    /// whatever becomes of the request.
    async fn refresh(&self, stale: Session) -> Result<Session> {
        let Some(session) = self.sessions.reload(&stale).await? else {
            return Err(Error::new(ErrorKind::SessionEnded, "it was ended meanwhile"));
        };
        if token(&session) != token(&stale) {
            // Another request was faster: its token has not been tried yet.
            return Ok(session);
        }
        let Some(refresh_token) = &session.record.refresh_token else {
            // Nothing ended, but only a new sign-in can give another token.
            return Err(Error::new(ErrorKind::NotAuthenticated, "there is no refresh token"));
        };
        let claims = session.record.id_token_claims()?;
        let first = Expected::Same { claims, nonce_hash: &session.record.nonce_hash };
        let (grant, verified) = match self.client.refresh(refresh_token, first).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.refused(&session, error).await),
        };
        let now = Timestamp::now();
        let next = Record {
            generation: session.record.generation + 1,
            last_used: now,
            verified_at: now,
            refresh_token: grant.refresh_token.or_else(|| session.record.refresh_token.clone()),
            scope: grant.scope.unwrap_or_else(|| session.record.scope.clone()),
            user_info_token: grant.user_info_token,
            claims: verified
                .map_or_else(|| session.record.claims.clone(), |claims| (&claims).into()),
            ..(*session.record).clone()
        };
        if let Some(id_token) = grant.id_token {
            self.id_tokens.insert(next.id, id_token.into());
        }
        self.save(session, next).await
    }

    /// Saves the refreshed record over whatever another instance may have written:
    /// the tokens just received are the ones that hold.
    async fn save(&self, mut session: Session, record: Record) -> Result<Session> {
        let mut failure = Error::new(ErrorKind::Store, "other instances kept saving the session");
        for pause in PAUSES {
            tokio::time::sleep(pause).await;
            match self.try_save(&mut session, &record).await {
                Ok(Some(saved)) => return Ok(saved),
                Ok(None) => {}
                Err(error) if error.kind() == ErrorKind::Store => failure = error,
                Err(error) => return Err(error),
            }
        }
        Err(failure)
    }

    /// One attempt; `None` if another instance was faster, and `session` is what it
    /// saved.
    async fn try_save(&self, session: &mut Session, record: &Record) -> Result<Option<Session>> {
        let generation = record.generation.max(session.record.generation + 1);
        let saved = self.sessions.save(session, Record { generation, ..record.clone() }).await?;
        if saved.is_none() {
            let ended = || Error::new(ErrorKind::SessionEnded, "it was ended meanwhile");
            *session = self.sessions.reload(session).await?.ok_or_else(ended)?;
        }
        Ok(saved)
    }

    /// What a failed refresh means: `invalid_grant` and an ID token of somebody
    /// else end the session, all else leaves it.
    async fn refused(&self, session: &Session, error: Error) -> Error {
        let ends = matches!(error.kind(), ErrorKind::SessionEnded | ErrorKind::InvalidIdToken);
        if !ends {
            return error;
        }
        log::info!("logto: a session was ended: {error}");
        match self.end(session, false).await {
            Ok(()) => Error::new(ErrorKind::SessionEnded, "its tokens are no longer good"),
            Err(failure) => failure,
        }
    }
}

fn token(session: &Session) -> &str {
    AccessToken::secret(&session.record.user_info_token.token)
}

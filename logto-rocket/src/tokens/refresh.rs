//! New tokens for a session, through its refresh token.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OwnedMutexGuard;

use super::{Tokens, check_scope};
use crate::claims::IdTokenClaims;
use crate::client::Expected;
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::instances::Item;
use crate::request::Visit;
use crate::seal;
use crate::session::Session;
use crate::session::record::Record;
use crate::token::{Audience, Grant, Token};
use crate::warning;

/// What a refresh brought.
#[derive(Clone)]
pub(super) struct Renewed {
    pub(super) session: Session,
    pub(super) token: Arc<Token>,
    /// Whether this request just asked Logto for it.
    pub(super) is_new: bool,
}

/// What a refresh should replace.
enum Stale {
    /// This token, or none. If another request was faster, its token will do.
    Token(Option<Arc<Token>>),
    /// Every token.
    All,
}

impl Tokens {
    /// A new access token in place of `seen`. The request has the new session, or
    /// none if Logto ended it.
    pub(super) async fn renew(
        self: &Arc<Self>,
        visit: Visit<'_>,
        session: &Session,
        audience: &Audience,
        seen: Option<Arc<Token>>,
    ) -> Result<Renewed> {
        self.check_writable(visit)?;
        check_scope(session, audience)?;
        let (tokens, stale) = (Arc::clone(self), session.clone());
        let of = audience.clone();
        let began = AtomicBool::new(false);
        let begin = || {
            began.store(true, Ordering::Relaxed);
            async move { tokens.refresh(stale, of, Stale::Token(seen)).await }
        };
        let key = (session.record.key(), audience.clone());
        let mut renewed = self.refreshes.join(key, begin).await;
        if let Ok(renewed) = &mut renewed {
            // Of all waiting requests, one notifies the application.
            renewed.is_new &= began.load(Ordering::Relaxed);
        }
        renewed_in(visit, session, audience, renewed)
    }

    /// Like [`renew()`](Self::renew), but does not accept an answer already in progress:
    /// it may predate the reason for this request.
    pub(super) async fn renew_at_any_rate(
        self: &Arc<Self>,
        visit: Visit<'_>,
        session: &Session,
        audience: &Audience,
    ) -> Result<Renewed> {
        self.check_writable(visit)?;
        check_scope(session, audience)?;
        let (tokens, stale) = (Arc::clone(self), session.clone());
        let of = audience.clone();
        let began = AtomicBool::new(false);
        let begin = |waiting| {
            began.store(true, Ordering::Relaxed);
            async move {
                let turn = tokens.turns.take(stale.record.key()).await;
                drop(waiting);
                tokens.refresh_in_turn(&turn, stale, of, Stale::All).await
            }
        };
        let key = (session.record.key(), audience.clone());
        let mut renewed = self.forced.join_waiting(key, begin).await;
        if let Ok(renewed) = &mut renewed {
            renewed.is_new &= began.load(Ordering::Relaxed);
        }
        renewed_in(visit, session, audience, renewed)
    }

    /// One refresh. It runs in its own task: a rotated refresh token is saved even if the
    /// request is dropped.
    async fn refresh(&self, read: Session, audience: Audience, stale: Stale) -> Result<Renewed> {
        let turn = self.turns.take(read.record.key()).await;
        self.refresh_in_turn(&turn, read, audience, stale).await
    }

    async fn refresh_in_turn(
        &self,
        _: &OwnedMutexGuard<()>,
        read: Session,
        audience: Audience,
        stale: Stale,
    ) -> Result<Renewed> {
        let key = (read.record.key(), audience.clone());
        let lease = self.sessions.instances().take_turn(Item::Turn(key.0)).await?;
        let session = self.sessions.current(&read).await?;
        self.sessions.kept().take_in(&key.0, session.record.generation).await;
        let epoch = self.sessions.marks().known_epoch();
        if let Stale::Token(seen) = &stale {
            if let Some(token) = self.of_another(&session, &audience, seen.as_deref()) {
                return Ok(Renewed { session, token, is_new: false });
            }
            if let Some(error) = self.failures.current(&key, self.clock.now()) {
                return Err(error);
            }
            // A caller that wants a token for an API has no use for an answer without
            // one.
            if audience.is_logto() {
                self.breaker.admit(key.0, self.clock.now())?;
            }
        }
        let answer = self.request_again(session, &audience).await;
        self.breaker.observe(key.0, answer.as_ref().err(), self.clock.now());
        let (session, grant, verified) = answer?;
        self.failures.forget(&key);
        let token = Arc::new(grant.token.clone());
        let next = next_record(&session.record, &audience, &grant, verified, self.clock.now());
        let next = Record { epoch, ..next };
        let next = self.sessions.fit(next);
        if let Some(id_token) = grant.id_token {
            self.sessions.kept().keep_id_token(next.key(), id_token.into()).await;
        }
        if !audience.is_logto() {
            let token = Arc::clone(&token);
            self.sessions.kept().keep_access_token(next.key(), audience, token).await;
        }
        let session = self.save(session, next, lease).await?;
        self.sessions.kept().are_of(&key.0, session.record.generation);
        Ok(Renewed { session, token, is_new: true })
    }

    /// The token of a request that was faster: it has not been tried yet.
    fn of_another(
        &self,
        session: &Session,
        audience: &Audience,
        seen: Option<&Token>,
    ) -> Option<Arc<Token>> {
        let is =
            |seen: &Token, token: &Token| same(seen.secret().secret(), token.secret().secret());
        if self.sessions.is_of_older_epoch(&session.record) {
            return None;
        }
        self.kept(session, audience).filter(|token| {
            token.is_valid(self.clock.now()) && !seen.is_some_and(|seen| is(seen, token))
        })
    }

    /// Asks Logto, and once more if another instance has saved a new refresh token in the
    /// meantime.
    async fn request_again(
        &self,
        session: Session,
        audience: &Audience,
    ) -> Result<(Session, Grant, Option<IdTokenClaims>)> {
        let error = match self.request(&session, audience).await {
            Ok((grant, verified)) => return Ok((session, grant, verified)),
            Err(error) => error,
        };
        if error.kind() == ErrorKind::SessionEnded {
            let newer = self.sessions.current(&session).await?;
            if !same(secret(&newer), secret(&session)) {
                return match self.request(&newer, audience).await {
                    Ok((grant, verified)) => Ok((newer, grant, verified)),
                    Err(error) => Err(self.refused(&newer, audience, error).await),
                };
            }
        }
        Err(self.refused(&session, audience, error).await)
    }

    async fn request(
        &self,
        session: &Session,
        audience: &Audience,
    ) -> Result<(Grant, Option<IdTokenClaims>)> {
        let Some(refresh_token) = &session.record.refresh_token else {
            // Nothing ended, but only a new sign-in can provide another token.
            return Err(Error::new(ErrorKind::NotAuthenticated, "there is no refresh token"));
        };
        let claims = session.record.id_token_claims()?;
        let first = Expected::Same { claims, nonce_hash: &session.record.nonce_hash };
        self.client.refresh(refresh_token, audience, first).await
    }

    /// Makes a new generation of the session, so that other instances read the shared tokens
    /// again.
    async fn have_others_look(&self, session: &Session) {
        if !self.sessions.instances().share() {
            return;
        }
        if let Err(error) = self.make_next(session, Record::clone).await {
            warning::warn("other instances may use a token until it expires", &error);
        }
    }

    /// What a failed refresh means. `invalid_grant` and somebody else's ID token end the
    /// session, and so does `access_denied` if neither a resource nor an organization was
    /// requested: Logto denies the user this application. Any other failure leaves the
    /// session.
    async fn refused(&self, session: &Session, audience: &Audience, error: Error) -> Error {
        use ErrorKind::{Denied, InvalidIdToken, NotAuthenticated, NotGranted, SessionEnded};
        let id = session.record.key();
        match error.kind() {
            SessionEnded | InvalidIdToken => {}
            Denied if audience.is_logto() => {}
            NotAuthenticated => return error,
            Denied => {
                self.sessions.kept().forget_access_token(&id, audience).await;
                self.have_others_look(session).await;
                return error.reread(Denied, &audience.named());
            }
            _ => {
                let error = match error.kind() {
                    NotGranted => error.reread(NotGranted, &audience.named()),
                    _ => error,
                };
                if !error.is_transient() {
                    warning::warn("could not refresh a session", &error);
                }
                self.failures.add((id, audience.clone()), &error, self.clock.now());
                return error;
            }
        }
        let user = session.user();
        let whose = user.map_or_else(|_| "a user".into(), |u| self.sessions.named(u.subject()));
        log::info!("logto: the session of {whose} has ended: {error}");
        match self.sessions.end(session).await {
            Ok(()) => Error::new(SessionEnded, "its tokens are no longer valid"),
            Err(failure) => failure,
        }
    }
}

/// The effect of a refresh on a request: it has the new session and the token, or no
/// longer a session.
fn renewed_in(
    visit: Visit<'_>,
    old: &Session,
    audience: &Audience,
    renewed: Result<Renewed>,
) -> Result<Renewed> {
    let state = visit.state;
    match &renewed {
        Ok(Renewed { session, token, is_new }) => {
            state.renew(session.clone());
            state.user(session).keep_token(audience, token);
            if *is_new && let Ok(user) = session.user() {
                state.refreshed(user);
            }
        }
        Err(error) => match error.kind() {
            ErrorKind::SessionEnded => state.end_session(old),
            ErrorKind::Denied => state.user(old).forget_token(audience),
            _ => {}
        },
    }
    renewed
}

fn next_record(
    record: &Record,
    audience: &Audience,
    grant: &Grant,
    verified: Option<IdTokenClaims>,
    now: Timestamp,
) -> Record {
    Record {
        generation: record.generation + 1,
        last_used: now,
        verified_at: now,
        refresh_token: grant.refresh_token.clone().or_else(|| record.refresh_token.clone()),
        user_info_token: match audience.is_logto() {
            true => grant.token.clone().or_scope_of(&record.user_info_token),
            false => record.user_info_token.clone(),
        },
        claims: verified.map_or_else(|| record.claims.clone(), |claims| (&claims).into()),
        ..record.clone()
    }
}

fn secret(session: &Session) -> &str {
    session.record.refresh_token.as_ref().map_or("", |token| token.secret())
}

pub(super) fn same(a: &str, b: &str) -> bool {
    seal::same_secret(a.as_bytes(), b.as_bytes())
}

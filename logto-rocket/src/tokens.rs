//! Tokens of signed-in users: kept while they are fresh, then refreshed.

mod breaker;
mod failures;
mod machine;
mod refresh;
mod saving;
mod user_info;

use std::sync::Arc;
use std::time::Duration;

use self::breaker::Breaker;
use self::failures::Failures;
pub(crate) use self::machine::MachineTokens;
use self::refresh::Renewed;
use crate::client::Client;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::{Flights, Turns};
use crate::instances::Item;
use crate::request::Visit;
use crate::scope::UserScope;
use crate::session::record::Record;
use crate::session::store::SessionKey;
use crate::session::{Session, Sessions};
use crate::token::{Audience, Token};
use crate::warning;

/// The tokens of all sessions, and the refreshes that bring them.
pub(crate) struct Tokens {
    client: Arc<Client>,
    sessions: Arc<Sessions>,
    clock: Clock,
    /// How long after Logto last confirmed a session it is asked again; zero for never.
    revalidate: Duration,
    refreshes: Flights<(SessionKey, Audience), Renewed>,
    /// Forced refreshes that wait for their turn.
    forced: Flights<(SessionKey, Audience), Renewed>,
    /// One refresh of a session at a time: each may bring a new refresh token.
    turns: Turns<SessionKey>,
    failures: Failures,
    breaker: Breaker,
}

impl Tokens {
    pub(crate) fn new(
        client: Arc<Client>,
        sessions: Arc<Sessions>,
        clock: Clock,
        revalidate: Duration,
    ) -> Self {
        Self {
            client,
            sessions,
            clock,
            revalidate,
            refreshes: Flights::new(),
            forced: Flights::new(),
            turns: Turns::new(),
            failures: Failures::new(),
            breaker: Breaker::default(),
        }
    }

    /// The access token of the user of `session` for this audience. If no newer one is
    /// available, a still valid one will do.
    ///
    /// # Errors
    ///
    /// Logto ended the session, denied the token or did not answer, or the store
    /// failed.
    pub(crate) async fn access_token(
        self: &Arc<Self>,
        visit: Visit<'_>,
        session: &Session,
        audience: &Audience,
    ) -> Result<Arc<Token>> {
        let now = self.clock.now();
        // However short-lived, but not in a stream that outlives it.
        let received = visit.state.user(session).token(audience);
        let is_usable = |token: &Arc<Token>| token.is_valid(now) || !visit.state.is_answered();
        if let Some(received) = received.filter(is_usable) {
            return Ok(received);
        }
        self.take_in(session, audience).await?;
        let kept = self.kept(session, audience);
        if let Some(token) = kept.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(Arc::clone(token));
        }
        let renewed =
            self.client.within_patience(self.renew(visit, session, audience, kept.clone())).await;
        match (renewed, kept.filter(|token| token.is_valid(now))) {
            (Err(error), Some(valid)) if !error.is_final() => {
                warning::warn("could not renew an access token; using it until it expires", &error);
                Ok(valid)
            }
            (renewed, _) => Ok(renewed?.token),
        }
    }

    /// Takes over the API tokens that other instances share, and drops all others. Logto's
    /// own is in the session, which was just read.
    async fn take_in(&self, session: &Session, audience: &Audience) -> Result<()> {
        if audience.is_logto() {
            return Ok(());
        }
        let record = &session.record;
        let taken_in = async {
            self.sessions.kept().take_in(&record.key(), record.generation).await;
            Ok(())
        };
        self.client.within_patience(taken_in).await
    }

    /// Like [`access_token()`](Self::access_token), but always from Logto.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) async fn another_access_token(
        self: &Arc<Self>,
        visit: Visit<'_>,
        session: &Session,
        audience: &Audience,
    ) -> Result<Arc<Token>> {
        let renewed = self.renew_at_any_rate(visit, session, audience);
        Ok(self.client.within_patience(renewed).await?.token)
    }

    /// Whether Logto confirmed the session too long ago, and can be asked.
    pub(crate) fn is_due_for_revalidation(&self, session: &Session) -> bool {
        let record = &session.record;
        if self.sessions.is_of_older_epoch(record) {
            return true;
        }
        !self.revalidate.is_zero()
            && record.refresh_token.is_some()
            && record.is_check_due(self.clock.now(), self.revalidate)
    }

    /// Whether a session's claims are as fresh as required, or can be renewed if not:
    /// then the current ones will do if Logto does not answer.
    pub(crate) fn has_fresh_claims(&self, session: &Session) -> bool {
        let record = &session.record;
        self.revalidate.is_zero()
            || record.refresh_token.is_some()
            || !record.is_check_due(self.clock.now(), self.revalidate)
    }

    /// Asks Logto whether a session that it has not confirmed for long is still valid. A
    /// failure says nothing about the session, which continues; but a session from before
    /// instances lost their marks of ended sessions is admitted only after Logto confirms it.
    ///
    /// # Errors
    ///
    /// Logto's confirmation is needed but not available.
    pub(crate) async fn revalidate(
        self: &Arc<Self>,
        visit: Visit<'_>,
        session: &Session,
    ) -> Result<()> {
        if !self.is_due_for_revalidation(session) {
            return Ok(());
        }
        let must_hold = self.sessions.is_of_older_epoch(&session.record);
        if must_hold && session.record.refresh_token.is_none() {
            visit.state.end_session(session);
            return Ok(());
        }
        match self.renew_for_revalidation(visit, session).await {
            Err(error) if error.kind() == ErrorKind::SessionEnded => Ok(()),
            Err(error) if must_hold => Err(error),
            Err(error) => {
                warning::warn("could not revalidate a session; keeping it", &error);
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    async fn renew_for_revalidation(
        self: &Arc<Self>,
        visit: Visit<'_>,
        session: &Session,
    ) -> Result<()> {
        let audience = Audience::logto();
        let seen = self.kept(session, &audience);
        self.client.within_patience(self.renew(visit, session, &audience, seen)).await?;
        Ok(())
    }

    /// Waits until no refresh is in progress, which may still have a token to save.
    pub(crate) async fn all_refreshed(&self) {
        while !(self.refreshes.is_empty() && self.turns.is_idle()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Drops every access token of the session, so that the next one comes from Logto.
    ///
    /// # Errors
    ///
    /// The store failed, the answer has begun, or a refresh in progress takes too long.
    pub(crate) async fn clear(&self, visit: Visit<'_>, session: &Session) -> Result<()> {
        self.check_writable(visit)?;
        self.client.within_patience(self.clear_in_turn(visit, session)).await
    }

    async fn clear_in_turn(&self, visit: Visit<'_>, session: &Session) -> Result<()> {
        let key = session.record.key();
        let _turn = self.turns.take(key).await;
        let _lease = self.sessions.instances().take_turn(Item::Turn(key)).await?;
        let session = match self.sessions.current(session).await {
            Err(error) if error.kind() == ErrorKind::SessionEnded => return Ok(()),
            session => session?,
        };
        self.sessions.kept().forget_access_tokens(&key).await;
        visit.state.user(&session).forget_tokens();
        let without = |record: &Record| Record {
            user_info_token: record.user_info_token.stale(),
            ..record.clone()
        };
        visit.state.renew(self.make_next(&session, without).await?);
        Ok(())
    }

    /// A new cookie cannot be set once the answer's head is sent.
    fn check_writable(&self, visit: Visit<'_>) -> Result<()> {
        if self.sessions.are_in_cookies() && visit.state.is_answered() {
            let detail = "ask before the stream begins, or set `session.store`";
            return Err(Error::new(ErrorKind::AnswerBegun, detail));
        }
        Ok(())
    }

    /// The token that the session or the process has for this audience.
    fn kept(&self, session: &Session, audience: &Audience) -> Option<Arc<Token>> {
        match audience.is_logto() {
            true => Some(Arc::new(session.record.user_info_token.clone())),
            false => self.sessions.kept().access_token(&session.record.key(), audience),
        }
    }
}

/// Logto issues no organization token to a session without the scope; that is known
/// without asking.
fn check_scope(session: &Session, audience: &Audience) -> Result<()> {
    let scope = UserScope::Organizations.as_str();
    if audience.organization_id().is_none() || session.record.user_info_token.has_scope(scope) {
        return Ok(());
    }
    let detail = format!(
        "add `{scope}` to `scopes` under `[default.logto]` in Rocket.toml, or in code, and sign in \
         again"
    );
    Err(Error::new(ErrorKind::NotGranted, detail))
}

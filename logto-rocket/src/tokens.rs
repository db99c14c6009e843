//! The tokens of a session that no cookie carries: kept in the process, and fetched
//! again where it does not have them.

pub(crate) mod failures;
pub(crate) mod machine;
pub(crate) mod refresh;
pub(crate) mod user_info;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

use crate::error::{Error, ErrorKind, Result};
use crate::logto::{Inner, Logto, within_patience};
use crate::request::Visit;
use crate::scope::UserScope;
use crate::session::Session;
use crate::session::record::Record;
use crate::session::store::SessionKey;
use crate::token::{Audience, Timestamp, Token};

/// Sessions whose tokens are kept at the most, and how long after their last use.
const SESSIONS: u64 = 10_000;
const TTL: Duration = Duration::from_secs(60 * 60);

/// Access tokens of one session that are kept at the most.
const AUDIENCES: usize = 64;

/// The tokens of many sessions.
pub(crate) struct Tokens(Cache<SessionKey, Arc<Mutex<Kept>>>);

#[derive(Default)]
struct Kept {
    id_token: Option<Arc<str>>,
    access_tokens: HashMap<Audience, Arc<Token>>,
}

impl Tokens {
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(SESSIONS).time_to_idle(TTL).build())
    }

    pub(crate) fn id_token(&self, key: &SessionKey) -> Option<Arc<str>> {
        lock(&self.0.get(key)?).id_token.clone()
    }

    pub(crate) fn access_token(&self, key: &SessionKey, audience: &Audience) -> Option<Arc<Token>> {
        lock(&self.0.get(key)?).access_tokens.get(audience).cloned()
    }

    pub(crate) fn keep_id_token(&self, key: SessionKey, token: Arc<str>) {
        lock(&self.0.get_with(key, Arc::default)).id_token = Some(token);
    }

    pub(crate) fn keep_access_token(&self, key: SessionKey, audience: Audience, token: Arc<Token>) {
        let kept = self.0.get_with(key, Arc::default);
        let mut kept = lock(&kept);
        if kept.access_tokens.len() >= AUDIENCES {
            kept.access_tokens.clear();
        }
        kept.access_tokens.insert(audience, token);
    }

    pub(crate) fn forget_access_token(&self, id: &SessionKey, audience: &Audience) {
        if let Some(kept) = self.0.get(id) {
            lock(&kept).access_tokens.remove(audience);
        }
    }

    pub(crate) fn forget_access_tokens(&self, id: &SessionKey) {
        if let Some(kept) = self.0.get(id) {
            lock(&kept).access_tokens.clear();
        }
    }

    pub(crate) fn forget(&self, key: &SessionKey) {
        self.0.invalidate(key);
    }
}

fn lock(kept: &Arc<Mutex<Kept>>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens")
    }
}

impl Logto {
    /// The access token of the signed-in user for this audience; `None` for a
    /// stranger. Where no newer one can be had, one that is still good will do.
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
        if let Some(received) = visit.marker.person(&session).token(audience) {
            return Ok(Some(received));
        }
        let now = Timestamp::now();
        let kept = self.inner.kept(&session, audience);
        if let Some(token) = kept.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(Some(Arc::clone(token)));
        }
        let renewed = within_patience(self.renew(visit, &session, audience, kept.clone())).await;
        match (renewed, kept.filter(|token| token.is_valid(now))) {
            (Err(error), Some(valid)) if !error.is_final() => {
                log::warn!("logto: an access token is used to its end: {error}");
                Ok(Some(valid))
            }
            (renewed, _) => renewed.map(Some),
        }
    }

    /// As [`access_token()`](Self::access_token), from Logto whatever is kept.
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) async fn another_access_token(
        &self,
        visit: Visit<'_>,
        audience: &Audience,
    ) -> Result<Option<Arc<Token>>> {
        let Some(session) = self.session(visit).await? else { return Ok(None) };
        within_patience(self.renew_at_any_rate(visit, &session, audience)).await.map(Some)
    }

    /// Forgets every access token of the session, so that the next one comes from
    /// Logto.
    ///
    /// # Errors
    ///
    /// The store failed, or the answer has begun.
    pub(crate) async fn clear_access_tokens(&self, visit: Visit<'_>) -> Result<()> {
        let Some(session) = self.session(visit).await? else { return Ok(()) };
        self.check_writable(visit)?;
        let inner = &self.inner;
        let _turn = inner.turns.take(session.record.key()).await;
        let Some(session) = inner.sessions.reload(&session).await? else { return Ok(()) };
        inner.tokens.forget_access_tokens(&session.record.key());
        visit.marker.person(&session).forget_tokens();
        let next = Record {
            generation: session.record.generation + 1,
            user_info_token: session.record.user_info_token.stale(),
            ..(*session.record).clone()
        };
        visit.marker.renew(inner.save(session, next).await?);
        Ok(())
    }

    /// Ends the session here. Logto is not told, and the refresh token stays good.
    ///
    /// # Errors
    ///
    /// The store failed: the session goes on.
    pub(crate) async fn clear_all_tokens(&self, visit: Visit<'_>) -> Result<()> {
        if let Some(session) = self.session_as_read(visit).await? {
            self.inner.end(&session, false).await?;
        }
        visit.marker.end();
        visit.marker.add_transactions(self.inner.transactions.stop_counting(visit.jar));
        Ok(())
    }

    /// A new cookie cannot follow an answer whose head is out.
    pub(crate) fn check_writable(&self, visit: Visit<'_>) -> Result<()> {
        if self.inner.sessions.are_sealed() && visit.marker.is_answered() {
            let detail = "ask before the stream begins, or set `session.store`";
            return Err(Error::new(ErrorKind::AnswerBegun, detail));
        }
        Ok(())
    }
}

impl Inner {
    /// The token that the session or the process has for this audience.
    pub(crate) fn kept(&self, session: &Session, audience: &Audience) -> Option<Arc<Token>> {
        match audience.is_logto() {
            true => Some(Arc::new(session.record.user_info_token.clone())),
            false => self.tokens.access_token(&session.record.key(), audience),
        }
    }
}

/// Logto gives no organization token to a session that was not granted the scope;
/// that is known without asking.
pub(crate) fn check_scope(session: &Session, audience: &Audience) -> Result<()> {
    let scope = UserScope::Organizations.as_str();
    if audience.organization_id().is_none() || session.record.user_info_token.has_scope(scope) {
        return Ok(());
    }
    let detail = format!("add `{scope}` to `scopes` in the configuration, and sign in again");
    Err(Error::new(ErrorKind::NotGranted, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::store::SessionId;

    /// However many audiences a route is asked for.
    #[test]
    fn the_tokens_of_a_session_are_bounded() {
        let (tokens, key) = (Tokens::new(), SessionId::random().key());
        let secret = openidconnect::AccessToken::new("access".into());
        let token = Arc::new(Token::new(secret, None, Timestamp::now(), Duration::from_secs(60)));
        let audience = |number: usize| Audience::organization(number.to_string());
        for number in 0..10 * AUDIENCES {
            tokens.keep_access_token(key, audience(number), Arc::clone(&token));
            assert!(tokens.access_token(&key, &audience(number)).is_some());
        }
        let kept =
            (0..10 * AUDIENCES).filter(|n| tokens.access_token(&key, &audience(*n)).is_some());
        assert!(kept.count() <= AUDIENCES);
    }
}

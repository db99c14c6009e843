//! The tokens of a session that no cookie carries: kept in the process, and fetched
//! again where it does not have them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

use super::store::SessionKey;
use crate::token::{Audience, Token};

/// Sessions whose tokens are kept at the most, and how long after their last use.
const SESSIONS: u64 = 10_000;
const TTL: Duration = Duration::from_secs(60 * 60);

/// Access tokens of one session that are kept at the most.
const AUDIENCES: usize = 64;

/// The tokens of many sessions.
pub(crate) struct KeptTokens(Cache<SessionKey, Arc<Mutex<Kept>>>);

#[derive(Default)]
struct Kept {
    id_token: Option<Arc<str>>,
    access_tokens: HashMap<Audience, Arc<Token>>,
}

impl KeptTokens {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(SESSIONS).time_to_idle(TTL).build())
    }

    pub(crate) fn id_token(&self, session: &SessionKey) -> Option<Arc<str>> {
        lock(&self.0.get(session)?).id_token.clone()
    }

    pub(crate) fn access_token(
        &self,
        session: &SessionKey,
        audience: &Audience,
    ) -> Option<Arc<Token>> {
        lock(&self.0.get(session)?).access_tokens.get(audience).cloned()
    }

    pub(crate) fn keep_id_token(&self, session: SessionKey, token: Arc<str>) {
        lock(&self.0.get_with(session, Arc::default)).id_token = Some(token);
    }

    pub(crate) fn keep_access_token(
        &self,
        session: SessionKey,
        audience: Audience,
        token: Arc<Token>,
    ) {
        let kept = self.0.get_with(session, Arc::default);
        let mut kept = lock(&kept);
        if kept.access_tokens.len() >= AUDIENCES {
            kept.access_tokens.clear();
        }
        kept.access_tokens.insert(audience, token);
    }

    pub(crate) fn forget_access_token(&self, session: &SessionKey, audience: &Audience) {
        if let Some(kept) = self.0.get(session) {
            lock(&kept).access_tokens.remove(audience);
        }
    }

    pub(crate) fn forget_access_tokens(&self, session: &SessionKey) {
        if let Some(kept) = self.0.get(session) {
            lock(&kept).access_tokens.clear();
        }
    }

    pub(super) fn forget(&self, session: &SessionKey) {
        self.0.invalidate(session);
    }
}

fn lock(kept: &Arc<Mutex<Kept>>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for KeptTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeptTokens")
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::SessionId;
    use super::*;
    use crate::clock::Timestamp;

    /// However many audiences a route is asked for.
    #[test]
    fn the_tokens_of_a_session_are_bounded() {
        let (tokens, key) = (KeptTokens::new(), SessionId::random().key());
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

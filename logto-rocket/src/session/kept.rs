//! A session's tokens that are not in its cookie: kept in the process, shared with other
//! instances, and fetched again if none has them.

mod shared;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};

use super::store::SessionKey;
use crate::instances::Instances;
use crate::token::{Audience, Token};

/// The most bytes for the tokens of all sessions, and how long they are kept after their
/// last use.
const CAPACITY: u64 = 64 * 1024 * 1024;
const TTL: Duration = Duration::from_secs(60 * 60);

/// The most access tokens to keep for one session.
const AUDIENCES: usize = 64;

/// The tokens of many sessions.
pub(crate) struct KeptTokens {
    here: Cache<SessionKey, Arc<Kept>>,
    instances: Arc<Instances>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Kept {
    id_token: Option<Arc<str>>,
    access_tokens: HashMap<Audience, Arc<Token>>,
    /// The session's generation when this process last matched what the instances share.
    #[serde(skip)]
    generation: Option<u32>,
}

impl Kept {
    fn keep(&mut self, audience: Audience, token: Arc<Token>) {
        if self.access_tokens.len() >= AUDIENCES {
            self.access_tokens.clear();
        }
        self.access_tokens.insert(audience, token);
    }

    /// Roughly the bytes that it takes.
    fn weight(&self) -> usize {
        let id_token = self.id_token.as_ref().map_or(0, |token| token.len());
        let access_tokens = self.access_tokens.iter().map(|(audience, token)| {
            let names = audience.fields().map(|(_, name)| name.len()).sum::<usize>();
            256 + names + token.secret().secret().len() + token.scope().len()
        });
        256 + id_token + access_tokens.sum::<usize>()
    }
}

impl KeptTokens {
    pub(super) fn new(instances: Arc<Instances>) -> Self {
        Self::with_capacity(CAPACITY, instances)
    }

    fn with_capacity(bytes: u64, instances: Arc<Instances>) -> Self {
        let weigh = |_: &_, kept: &Arc<Kept>| u32::try_from(kept.weight()).unwrap_or(u32::MAX);
        let cache = Cache::builder().max_capacity(bytes).weigher(weigh).time_to_idle(TTL);
        // The default policy may reject a new session's tokens in favor of others.
        Self { here: cache.eviction_policy(EvictionPolicy::lru()).build(), instances }
    }

    /// The access token that this process has. If instances share tokens, another may have
    /// dropped this one, unless [`take_in()`](Self::take_in) is called first.
    pub(crate) fn access_token(
        &self,
        session: &SessionKey,
        audience: &Audience,
    ) -> Option<Arc<Token>> {
        self.here.get(session)?.access_tokens.get(audience).cloned()
    }

    /// Forgets all that this process has of the session.
    pub(super) fn forget_here(&self, session: &SessionKey) {
        // Not `invalidate`, which does not wait for a change of the same session.
        self.here.entry(*session).and_compute_with(|_| Op::Remove);
    }

    /// Inserts the entry again, so that it is weighed again.
    fn change(&self, session: SessionKey, change: impl FnOnce(&mut Kept)) {
        self.here.entry(session).and_upsert_with(|entry| {
            let mut kept = entry.map(|entry| entry.into_value()).unwrap_or_default();
            change(Arc::make_mut(&mut kept));
            kept
        });
    }

    /// Like [`change()`](Self::change), if there is an entry.
    fn change_kept(&self, session: &SessionKey, change: impl FnOnce(&mut Kept)) {
        self.here.entry(*session).and_compute_with(|entry| {
            let Some(entry) = entry else { return Op::Nop };
            let mut kept = entry.into_value();
            change(Arc::make_mut(&mut kept));
            Op::Put(kept)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::SessionId;
    use super::*;
    use crate::clock::Timestamp;

    fn alone() -> Arc<Instances> {
        Arc::new(Instances::alone(&[b"a secret of at least 32 random bytes".to_vec().into()]))
    }

    fn token(length: usize) -> Arc<Token> {
        let secret = openidconnect::AccessToken::new("t".repeat(length));
        Arc::new(Token::new(secret, None, Timestamp::now(), Duration::from_secs(60)))
    }

    /// S28: neither many sessions nor long tokens exceed the memory limit, and the newest
    /// are kept.
    #[rocket::async_test]
    async fn the_tokens_of_all_sessions_are_bounded_in_bytes() {
        const BOUND: u64 = 1024 * 1024;
        for length in [10, 1000, 100_000] {
            let tokens = KeptTokens::with_capacity(BOUND, alone());
            let mut keys = Vec::new();
            for number in 0..3000 {
                let key = SessionId::random().key();
                tokens.keep_id_token(key, "i".repeat(length).into()).await;
                let api = "https://api.example.com".into();
                tokens.keep_access_token(key, api, token(length)).await;
                keys.push(key);
                if number % 100 == 0 {
                    tokens.here.run_pending_tasks();
                    assert!(tokens.id_token(&key, 0).await.is_some(), "{length}");
                }
            }
            tokens.here.run_pending_tasks();
            let kept = keys.iter().filter_map(|key| tokens.here.get(key));
            let bytes = kept.map(|kept| kept.weight() as u64).sum::<u64>();
            assert!((BOUND / 2..=BOUND).contains(&bytes), "{length}: {bytes}");
            assert_eq!(tokens.here.weighted_size(), bytes, "{length}");
        }
    }

    /// S28: a token that replaces another is weighed in its place, and a dropped one weighs
    /// nothing.
    #[rocket::async_test]
    async fn tokens_are_weighed_again_whenever_they_change() {
        let (tokens, key) = (KeptTokens::new(alone()), SessionId::random().key());
        let weight = |tokens: &KeptTokens| {
            tokens.here.run_pending_tasks();
            tokens.here.weighted_size()
        };
        let api: Audience = "https://api.example.com".into();
        tokens.keep_access_token(key, api.clone(), token(1000)).await;
        let light = weight(&tokens);
        for _ in 0..10 {
            tokens.keep_access_token(key, api.clone(), token(5000)).await;
        }
        assert_eq!(weight(&tokens), light + 4000);
        tokens.forget_access_token(&key, &api).await;
        assert!(weight(&tokens) < light - 1000);
        tokens.keep_id_token(key, "id".into()).await;
        tokens.forget_access_tokens(&key).await;
        assert_eq!(tokens.id_token(&key, 0).await.as_deref(), Some("id"));
        tokens.forget(&key).await;
        tokens.forget_access_tokens(&key).await;
        assert_eq!(weight(&tokens), 0);
    }

    /// Regardless of how many audiences are requested.
    #[rocket::async_test]
    async fn the_tokens_of_a_session_are_bounded() {
        let (tokens, key) = (KeptTokens::new(alone()), SessionId::random().key());
        let token = token(6);
        let audience = |number: usize| Audience::organization(number.to_string());
        for number in 0..10 * AUDIENCES {
            tokens.keep_access_token(key, audience(number), Arc::clone(&token)).await;
            assert!(tokens.access_token(&key, &audience(number)).is_some());
        }
        let kept =
            (0..10 * AUDIENCES).filter(|n| tokens.access_token(&key, &audience(*n)).is_some());
        assert!(kept.count() <= AUDIENCES);
    }
}

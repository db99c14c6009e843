//! Access tokens that requests present: verified once, and remembered until they expire.

use std::fmt;
use std::sync::Arc;

use moka::sync::Cache;
use serde_json::Value;

use crate::auth_info::AuthInfo;
use crate::clock::Clock;
use crate::error::Result;
use crate::jwks::KeySet;
use crate::jwt::{MAX_BYTES, Verified, Verifier};
use crate::seal;

/// The most bytes that remembered tokens may take.
const MEMORY: u64 = 32 * 1024 * 1024;

/// The bytes that one takes besides its claims.
const OVERHEAD: usize = 1024;

/// The access tokens that this application accepts, for any audience.
pub(crate) struct BearerTokens {
    verifier: Verifier,
    /// By their SHA-256: the keys in memory let nobody in.
    known: Cache<[u8; 32], Arc<Known>>,
    clock: Clock,
    clock_skew: i64,
}

/// A token that was verified.
struct Known {
    auth: Arc<AuthInfo>,
    expires_at: i64,
    /// The keys that it was verified with. Once new keys are fetched, it is verified
    /// again: its own key may be gone.
    keys: Arc<KeySet>,
}

impl BearerTokens {
    /// `clock_skew` in seconds.
    pub(crate) fn new(verifier: Verifier, clock: Clock, clock_skew: u64) -> Self {
        let clock_skew = i64::try_from(clock_skew).unwrap_or(0);
        let weigh = |_: &_, known: &Arc<Known>| u32::try_from(known.weight()).unwrap_or(u32::MAX);
        let known = Cache::builder().max_capacity(MEMORY).weigher(weigh).build();
        Self { verifier, known, clock, clock_skew }
    }

    /// The caller of a token that was verified before and is still valid.
    pub(crate) fn known(&self, token: &str) -> Option<Arc<AuthInfo>> {
        // Before it is hashed, which costs more the longer it is.
        if token.len() > MAX_BYTES {
            return None;
        }
        let known = self.known.get(&seal::sha256(token.as_bytes()))?;
        let is_good = known.expires_at > self.clock.now().seconds().saturating_sub(self.clock_skew)
            && self.verifier.keys().is_some_and(|keys| is_same(&known.keys, &keys));
        is_good.then(|| Arc::clone(&known.auth))
    }

    /// The caller of a token, verified.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidAccessToken`](crate::ErrorKind::InvalidAccessToken), or any other
    /// kind if Logto's keys are not available.
    pub(crate) async fn verify(&self, token: &str) -> Result<Arc<AuthInfo>> {
        // The keys that verified it, not the current ones: newer ones may lack its key.
        let (verified, keys) = self.verifier.access_token(token).await?;
        Ok(self.remember(token, verified, keys))
    }

    fn remember(&self, token: &str, verified: Verified, keys: Arc<KeySet>) -> Arc<AuthInfo> {
        let auth = Arc::new(verified.auth);
        let known = Known { auth: Arc::clone(&auth), expires_at: verified.expires_at, keys };
        self.known.insert(seal::sha256(token.as_bytes()), Arc::new(known));
        auth
    }
}

impl Known {
    /// Roughly the bytes that it takes.
    fn weight(&self) -> usize {
        let claims = &self.auth.claims;
        let values = claims.names().filter_map(|name| Some((name, claims.get(name).value()?)));
        let texts = self.auth.scopes.iter().chain(&self.auth.audience);
        OVERHEAD
            + values.map(|(name, value)| member(name, value)).sum::<usize>()
            + texts.map(|text| of_text(text)).sum::<usize>()
    }
}

fn member(name: &str, value: &Value) -> usize {
    size_of::<Value>() + of_text(name) + weight(value)
}

/// Not the length of its JSON: small values take many times that. `{"a":0}` has room for
/// eleven members.
fn weight(value: &Value) -> usize {
    const ROOM: usize = 11 * (size_of::<String>() + size_of::<Value>());
    match value {
        Value::String(text) => of_text(text),
        // A list has capacity for as many again.
        Value::Array(list) => list.iter().map(|value| 2 * size_of::<Value>() + weight(value)).sum(),
        Value::Object(members) => {
            ROOM + members.iter().map(|(name, value)| 2 * member(name, value)).sum::<usize>()
        }
        _ => 0,
    }
}

fn of_text(text: &str) -> usize {
    size_of::<String>() + 16 + text.len()
}

fn is_same(known: &Arc<KeySet>, current: &Arc<KeySet>) -> bool {
    Arc::ptr_eq(known, current) || known.is_same(current)
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BearerTokens").field("known", &self.known.entry_count()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use logto_dev::Provider;
    use rocket::figment::Figment;
    use serde_json::json;

    use super::*;
    use crate::client::Client;
    use crate::config::{Config, check};
    use crate::error::ErrorKind;
    use crate::hooks::NoHooks;
    use crate::logto::{Logto, Stores};
    use crate::token::Audience;

    /// A memory for tokens of this provider, and one of them.
    async fn open(provider: &Provider) -> (BearerTokens, String) {
        let config = Config::from_figment(&provider.figment()).expect("a configuration");
        let checked = || check(&config, &Figment::new()).expect("a configuration");
        let clock = Clock::default();
        let signatures = Client::new(&checked(), clock.clone()).expect("a client").signatures;
        let verifier = Verifier::new(&checked(), signatures, clock.clone());
        let logto = Logto::new(checked(), Stores::default(), Box::new(NoHooks)).expect("a client");
        let api = Audience::resource("https://api.example.com");
        let token = logto.client_credentials(api, ["read:items"]).await.expect("a token");
        (BearerTokens::new(verifier, clock, 60), token.secret().to_owned())
    }

    /// The same token, with an unknown key.
    fn with_kid(token: &str, kid: usize) -> String {
        let (header, rest) = token.split_once('.').expect("a header");
        let text = URL_SAFE_NO_PAD.decode(header).expect("base64");
        let mut header: Value = serde_json::from_slice(&text).expect("a header");
        header["kid"] = kid.to_string().into();
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
    }

    fn no_keys() -> Arc<KeySet> {
        Arc::new(KeySet::parse(br#"{"keys":[]}"#).expect("keys"))
    }

    fn count(tokens: &BearerTokens) -> u64 {
        tokens.known.run_pending_tasks();
        tokens.known.entry_count()
    }

    /// W19: only verified tokens take room.
    #[rocket::async_test]
    async fn what_proves_nothing_is_not_remembered() {
        let provider = Provider::start().await;
        let (tokens, good) = open(&provider).await;
        let [header, payload, signature] = *good.split('.').collect::<Vec<_>>() else {
            panic!("three parts")
        };
        for round in 0..2 {
            for number in 0..100 {
                let claims = URL_SAFE_NO_PAD.encode(json!({"sub": number}).to_string());
                for junk in [
                    number.to_string(),
                    with_kid(&good, number),
                    format!("{header}.{claims}.{signature}"),
                    format!("{header}.{payload}{}.{signature}", "A".repeat(4 * number + 4)),
                ] {
                    assert_eq!(tokens.known(&junk), None, "{junk}");
                    let error = tokens.verify(&junk).await.expect_err("it proves nothing");
                    assert_eq!(error.kind(), ErrorKind::InvalidAccessToken, "{junk}: {error}");
                }
            }
            assert_eq!(count(&tokens), round);
            let auth = tokens.verify(&good).await.expect("it is good");
            assert_eq!(tokens.known(&good), Some(auth));
            assert_eq!(count(&tokens), 1);
        }
    }

    /// W19: including the first token of a process, for which the keys were fetched.
    #[rocket::async_test]
    async fn the_first_token_is_verified_once() {
        let provider = Provider::start().await;
        let (tokens, good) = open(&provider).await;
        let auth = tokens.verify(&good).await.expect("it is good");
        assert_eq!(tokens.known(&good), Some(auth));
    }

    /// W19: until it expires, with the same leeway as its verification.
    #[rocket::async_test]
    async fn a_remembered_token_ends_with_its_time() {
        let provider = Provider::start().await;
        let (tokens, good) = open(&provider).await;
        let auth = tokens.verify(&good).await.expect("it is good");
        let ends = auth.claims.expires_at().value().expect("an end");
        let left = ends.duration_since(tokens.clock.now().time()).expect("it is ahead");
        tokens.clock.advance(left + Duration::from_secs(58));
        assert!(tokens.known(&good).is_some());
        tokens.clock.advance(Duration::from_secs(3));
        assert!(tokens.known(&good).is_none());
        let error = tokens.verify(&good).await.expect_err("it has ended");
        assert_eq!(error.kind(), ErrorKind::InvalidAccessToken);
    }

    /// W20: by a clock that a test moves.
    #[rocket::async_test]
    async fn junk_costs_one_fetch_of_the_keys_a_minute() {
        let provider = Provider::start().await;
        let (tokens, good) = open(&provider).await;
        // The keys are fetched for the first token, and for one that names an unknown
        // key.
        for (number, (seconds, fetches)) in
            [(0, 2), (0, 2), (59, 2), (1, 3), (0, 3), (59, 3), (1, 4)].into_iter().enumerate()
        {
            tokens.clock.advance(Duration::from_secs(seconds));
            let error = tokens.verify(&with_kid(&good, number)).await.expect_err("it is junk");
            assert_eq!(error.kind(), ErrorKind::InvalidAccessToken);
            assert_eq!(provider.count("jwks"), fetches, "{number}");
        }
    }

    /// W19: an oversized token is not even hashed, or it would be found.
    #[rocket::async_test]
    async fn an_oversized_token_is_not_looked_up() {
        let provider = Provider::start().await;
        let (tokens, good) = open(&provider).await;
        tokens.verify(&good).await.expect("it is good");
        let keys = tokens.verifier.keys().expect("keys");
        for (length, is_known) in [(MAX_BYTES, true), (MAX_BYTES + 1, false)] {
            let token = "A".repeat(length);
            let claims = json!({"sub": "u"});
            tokens.remember(&token, verified(&claims), Arc::clone(&keys));
            assert_eq!(tokens.known(&token).is_some(), is_known, "{length}");
        }
    }

    fn verified(claims: &Value) -> Verified {
        let claims = serde_json::from_value(claims.clone()).expect("claims");
        Verified { auth: AuthInfo::of(claims).expect("a subject"), expires_at: i64::MAX }
    }

    /// W19: neither many tokens nor large ones take more memory than they may.
    #[rocket::async_test]
    async fn remembered_tokens_are_bounded_in_bytes() {
        let provider = Provider::start().await;
        for (number, roles) in [(40_000, 1), (2_000, 1_000)] {
            let (tokens, _) = open(&provider).await;
            let claims = json!({"sub": "u", "scope": "read:items", "roles": vec!["r"; roles]});
            for number in 0..number {
                tokens.remember(&number.to_string(), verified(&claims), no_keys());
            }
            tokens.known.run_pending_tasks();
            let bytes = tokens.known.weighted_size();
            assert!((MEMORY / 2..=MEMORY).contains(&bytes), "{roles}: {bytes}");
            assert_eq!(
                bytes,
                tokens.known.iter().map(|(_, known)| known.weight() as u64).sum::<u64>()
            );
        }
    }

    /// W19: claims weigh what they take, which is many times their text where they are small.
    #[test]
    fn small_claims_weigh_what_they_take() {
        for (claim, least) in [
            (json!(vec![0; 1000]), 1000 * size_of::<Value>()),
            (json!(vec![json!({"a": 0}); 1000]), 1000 * 600),
            (json!(vec!["r"; 1000]), 1000 * (size_of::<Value>() + 1)),
            (json!("r".repeat(1000)), 1000),
        ] {
            let Verified { auth, expires_at } = verified(&json!({"sub": "u", "claim": claim}));
            let known = Known { auth: Arc::new(auth), expires_at, keys: no_keys() };
            let weight = known.weight();
            assert!((least..4 * least + 2 * OVERHEAD).contains(&weight), "{least}: {weight}");
        }
    }
}

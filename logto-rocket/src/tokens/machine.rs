//! The application's own tokens, without a user.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use crate::client::Client;
use crate::clock::Clock;
use crate::error::Result;
use crate::flight::Flights;
use crate::token::{Audience, Token};
use crate::warning;

/// The most tokens of the application to keep, and how long after their last use.
const TOKENS: u64 = 1000;
const TTL: Duration = Duration::from_secs(60 * 60);

/// The audience of a token, and the requested scopes.
type MachineKey = (Audience, String);

/// The application's own tokens.
pub(crate) struct MachineTokens {
    client: Arc<Client>,
    clock: Clock,
    kept: Cache<MachineKey, Arc<Token>>,
    flights: Flights<MachineKey, Arc<Token>>,
}

impl MachineTokens {
    pub(crate) fn new(client: Arc<Client>, clock: Clock) -> Self {
        let kept = Cache::builder().max_capacity(TOKENS).time_to_idle(TTL).build();
        Self { client, clock, kept, flights: Flights::new() }
    }

    /// The token for this audience with these scopes, separated by spaces.
    ///
    /// # Errors
    ///
    /// Logto refused it or did not answer.
    pub(crate) async fn token(&self, audience: Audience, scope: String) -> Result<Arc<Token>> {
        let key = (audience, scope);
        let kept = self.kept.get(&key);
        let now = self.clock.now();
        if let Some(token) = kept.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(Arc::clone(token));
        }
        match (
            self.client.within_patience(self.fetch(key)).await,
            kept.filter(|token| token.is_valid(now)),
        ) {
            (Err(error), Some(valid)) if error.is_transient() => {
                warning::warn("could not renew a machine token; using it until it expires", &error);
                Ok(valid)
            }
            (fetched, _) => fetched,
        }
    }

    async fn fetch(&self, key: MachineKey) -> Result<Arc<Token>> {
        let (client, kept) = (Arc::clone(&self.client), self.kept.clone());
        let (audience, scope) = key.clone();
        let begin = || async move {
            let grant = client.client_credentials(&audience, &scope).await?;
            let token = Arc::new(grant.token);
            kept.insert((audience, scope), Arc::clone(&token));
            Ok(token)
        };
        self.flights.join(key, begin).await
    }
}

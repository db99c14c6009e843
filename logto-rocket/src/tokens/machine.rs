//! Tokens without a user: for the application itself, and in exchange for others.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;

use crate::error::Result;
use crate::flight::Flights;
use crate::logto::{Logto, within_patience};
use crate::token::{AccessToken, Audience, Timestamp, Token, TokenExchange};

/// Tokens of the application that are kept at the most, and how long after their
/// last use.
const TOKENS: u64 = 1000;
const TTL: Duration = Duration::from_secs(60 * 60);

/// For what a token is, and the scopes that were asked for.
type Key = (Audience, String);

/// The application's own tokens.
pub(crate) struct MachineTokens {
    kept: Cache<Key, Arc<Token>>,
    flights: Flights<Key, Arc<Token>>,
}

impl MachineTokens {
    pub(crate) fn new() -> Self {
        let kept = Cache::builder().max_capacity(TOKENS).time_to_idle(TTL).build();
        Self { kept, flights: Flights::new() }
    }
}

impl fmt::Debug for MachineTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MachineTokens")
    }
}

impl Logto {
    /// An access token for the application itself, without a user (OAuth's client
    /// credentials). Works anywhere, also in a background task: take
    /// `&State<Logto>`, or `rocket.state::<Logto>()`.
    ///
    /// Logto gives them to machine-to-machine applications only: configure one
    /// under [`machine`](crate::Config::machine). Only scopes that are asked for
    /// here and that the application's roles allow are granted. A token is kept in
    /// the process and asked for once, however many want it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Denied`] when the application is not in the organization,
    /// [`ErrorKind::NotGranted`] when there is no such resource, or none was named,
    /// [`ErrorKind::Refused`] when the application is not of this type or its
    /// secret is wrong, [`ErrorKind::Unreachable`] and [`ErrorKind::InvalidAnswer`]
    /// when Logto's answer cannot be had or used.
    ///
    /// [`ErrorKind::Denied`]: crate::ErrorKind::Denied
    /// [`ErrorKind::NotGranted`]: crate::ErrorKind::NotGranted
    /// [`ErrorKind::Refused`]: crate::ErrorKind::Refused
    /// [`ErrorKind::Unreachable`]: crate::ErrorKind::Unreachable
    /// [`ErrorKind::InvalidAnswer`]: crate::ErrorKind::InvalidAnswer
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::{Audience, Error, Logto};
    /// use rocket::{State, get};
    ///
    /// #[get("/report")]
    /// async fn report(logto: &State<Logto>) -> Result<String, Error> {
    ///     let api = Audience::resource("https://api.example.com");
    ///     let token = logto.client_credentials(api, ["read:items"]).await?;
    ///     Ok(format!("good until {:?}", token.expires_at()))
    /// }
    /// ```
    pub async fn client_credentials(
        &self,
        audience: impl Into<Audience>,
        scopes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<AccessToken> {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        let key = (audience.into(), scopes.join(" "));
        let kept = self.inner.machine.kept.get(&key);
        let now = Timestamp::now();
        if let Some(token) = kept.as_ref().filter(|token| token.is_fresh(now)) {
            return Ok(AccessToken::new(Arc::clone(token)));
        }
        let asked = within_patience(self.ask_for_machine(key)).await;
        match (asked, kept.filter(|token| token.is_valid(now))) {
            (Err(error), Some(valid)) if error.is_transient() => {
                log::warn!("logto: a token of the application is used to its end: {error}");
                Ok(AccessToken::new(valid))
            }
            (asked, _) => asked.map(AccessToken::new),
        }
    }

    async fn ask_for_machine(&self, key: Key) -> Result<Arc<Token>> {
        let (inner, (audience, scope)) = (Arc::clone(&self.inner), key.clone());
        let begin = || async move {
            let grant = inner.client.client_credentials(&audience, &scope).await?;
            let token = Arc::new(grant.token);
            inner.machine.kept.insert((audience, scope), Arc::clone(&token));
            Ok(token)
        };
        self.inner.machine.flights.join(key, begin).await
    }

    /// Exchanges a token for another one (RFC 8693). Nothing is kept: a subject
    /// token may be good for one use only.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`] when the subject token is not good, or no longer;
    /// the rest as [`client_credentials()`](Self::client_credentials).
    ///
    /// [`ErrorKind::SessionEnded`]: crate::ErrorKind::SessionEnded
    pub async fn exchange_token(&self, exchange: &TokenExchange) -> Result<AccessToken> {
        let grant = within_patience(self.inner.client.exchange(exchange)).await?;
        Ok(AccessToken::new(Arc::new(grant.token)))
    }
}

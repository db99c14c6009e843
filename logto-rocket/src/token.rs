//! What Logto granted, and when it ends.

mod access_token;
mod audience;
mod exchange;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openidconnect::RefreshToken;
use serde::{Deserialize, Serialize};

pub use self::access_token::AccessToken;
pub use self::audience::Audience;
pub use self::exchange::TokenExchange;
use crate::wiped::Wiped;

/// A moment in milliseconds since the Unix epoch, by this machine's clock.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub(crate) struct Timestamp(u64);

impl Timestamp {
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    pub(crate) fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    pub(crate) fn seconds(self) -> i64 {
        i64::try_from(self.0 / 1000).unwrap_or(i64::MAX)
    }

    pub(crate) fn time(self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.0)).unwrap_or(UNIX_EPOCH)
    }
}

/// An access token, what it was granted for, and when it ends.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    secret: Wiped<openidconnect::AccessToken>,
    /// The granted scopes, separated by spaces; `None` if the answer left them out.
    scope: Option<String>,
    /// From when on it is replaced before it is used.
    renew_at: Timestamp,
    expires_at: Timestamp,
}

impl Token {
    /// A token is replaced a minute before it ends, or after half its life where
    /// that is shorter, so that a short-lived token is not always stale.
    pub(crate) fn new(
        secret: impl Into<Wiped<openidconnect::AccessToken>>,
        scope: Option<String>,
        received: Timestamp,
        lifetime: Duration,
    ) -> Self {
        let leeway = (lifetime / 2).min(Duration::from_secs(60));
        let renew_at = received.plus(lifetime.saturating_sub(leeway));
        Self { secret: secret.into(), scope, renew_at, expires_at: received.plus(lifetime) }
    }

    /// The same token, to be replaced before it is used.
    pub(crate) fn stale(&self) -> Self {
        Self { renew_at: Timestamp::default(), expires_at: Timestamp::default(), ..self.clone() }
    }

    pub(crate) fn secret(&self) -> &openidconnect::AccessToken {
        &self.secret
    }

    /// The granted scopes. Left out by the answer, they are none: to take those that
    /// were asked for instead would be to trust in what was not said.
    pub(crate) fn scope(&self) -> &str {
        self.scope.as_deref().unwrap_or_default()
    }

    /// A refresh whose answer leaves the scopes out grants those it had (RFC 6749
    /// section 6).
    pub(crate) fn or_scope_of(self, last: &Self) -> Self {
        Self { scope: self.scope.or_else(|| last.scope.clone()), ..self }
    }

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scope().split(' ').any(|granted| granted == scope)
    }

    /// Whether it is to be used without asking for another one.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.renew_at
    }

    /// Whether it is still good, where another one cannot be had.
    pub(crate) fn is_valid(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    pub(crate) fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// What the token endpoint answered.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) token: Token,
    pub(crate) refresh_token: Option<Wiped<RefreshToken>>,
    pub(crate) id_token: Option<String>,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("token", &self.token).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_replaced_a_minute_or_half_its_life_before_it_ends() {
        let token = |seconds| {
            let secret = openidconnect::AccessToken::new("t".into());
            let lifetime = Duration::from_secs(seconds);
            let token = Token::new(secret, None, Timestamp(0), lifetime);
            (token.renew_at, token.expires_at)
        };
        assert_eq!(token(3600), (Timestamp(3_540_000), Timestamp(3_600_000)));
        assert_eq!(token(10), (Timestamp(5_000), Timestamp(10_000)));
        assert_eq!(token(0), (Timestamp(0), Timestamp(0)));
        assert_eq!(token(u64::MAX).1, Timestamp(u64::MAX));
    }

    #[test]
    fn no_token_is_in_the_debug_form() {
        let secret = openidconnect::AccessToken::new("hunter2".into());
        let token = Token::new(secret, None, Timestamp(0), Duration::ZERO);
        let public: AccessToken = AccessToken::new(token.clone().into());
        let grant = Grant {
            token,
            refresh_token: Some(RefreshToken::new("hunter2".into()).into()),
            id_token: Some("hunter2".into()),
        };
        assert!(!format!("{grant:?} {public:?}").contains("hunter2"));
    }
}

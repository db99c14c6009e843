//! What Logto granted, and when it expires.

mod access_token;
mod audience;
mod exchange;

use std::fmt;
use std::time::Duration;

use openidconnect::RefreshToken;
use serde::{Deserialize, Serialize};

pub use self::access_token::AccessToken;
pub use self::audience::Audience;
pub use self::exchange::TokenExchange;
use crate::clock::Timestamp;
use crate::wiped::Wiped;

/// An access token, what it was granted for, and when it expires.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Token {
    secret: Wiped<openidconnect::AccessToken>,
    /// The granted scopes, separated by spaces; `None` if the answer left them out.
    scope: Option<String>,
    /// When it becomes stale and is replaced before use.
    renew_at: Timestamp,
    expires_at: Timestamp,
}

impl Token {
    /// A token is replaced a minute before it expires, or after half its lifetime if that
    /// is less, so that a short-lived token is not always stale.
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

    /// The same token, to be replaced before use.
    pub(crate) fn stale(&self) -> Self {
        Self { renew_at: Timestamp::default(), expires_at: Timestamp::default(), ..self.clone() }
    }

    pub(crate) fn secret(&self) -> &openidconnect::AccessToken {
        &self.secret
    }

    /// The granted scopes. If the answer leaves them out, there are none: assuming the
    /// requested ones would trust what was never said.
    pub(crate) fn scope(&self) -> &str {
        self.scope.as_deref().unwrap_or_default()
    }

    /// A refresh whose answer leaves the scopes out grants the previous ones (RFC 6749
    /// section 6).
    pub(crate) fn or_scope_of(self, last: &Self) -> Self {
        Self { scope: self.scope.or_else(|| last.scope.clone()), ..self }
    }

    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scope().split(' ').any(|granted| granted == scope)
    }

    /// Whether it can be used without asking for another one.
    pub(crate) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.renew_at
    }

    /// Whether it is still valid, if another one is not available.
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

/// The answer of the token endpoint.
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
            let token = Token::new(secret, None, Timestamp::default(), lifetime);
            (token.renew_at, token.expires_at)
        };
        let at = |seconds| Timestamp::default().plus(Duration::from_secs(seconds));
        assert_eq!(token(3600), (at(3540), at(3600)));
        assert_eq!(token(10), (at(5), at(10)));
        assert_eq!(token(0), (at(0), at(0)));
        assert_eq!(token(u64::MAX).1, at(u64::MAX));
    }

    #[test]
    fn no_token_is_in_the_debug_form() {
        let secret = openidconnect::AccessToken::new("hunter2".into());
        let token = Token::new(secret, None, Timestamp::default(), Duration::ZERO);
        let public: AccessToken = AccessToken::new(token.clone().into());
        let grant = Grant {
            token,
            refresh_token: Some(RefreshToken::new("hunter2".into()).into()),
            id_token: Some("hunter2".into()),
        };
        assert!(!format!("{grant:?} {public:?}").contains("hunter2"));
    }
}

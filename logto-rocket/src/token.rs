//! What Logto granted, and when it ends.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use openidconnect::{AccessToken, RefreshToken};
use serde::{Deserialize, Serialize};

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
}

/// An access token for Logto's own endpoints and the moment from which it is
/// replaced before it is used.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct UserInfoToken {
    pub(crate) token: AccessToken,
    pub(crate) renew_at: Timestamp,
}

impl UserInfoToken {
    /// Tokens are replaced a minute before they end, or after half their life
    /// where that is shorter, so that a short-lived token is not always stale.
    pub(crate) fn new(token: AccessToken, received: Timestamp, lifetime: Duration) -> Self {
        let leeway = (lifetime / 2).min(Duration::from_secs(60));
        Self { token, renew_at: received.plus(lifetime - leeway) }
    }
}

/// What the token endpoint answered.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) user_info_token: UserInfoToken,
    pub(crate) refresh_token: Option<RefreshToken>,
    pub(crate) id_token: Option<String>,
    /// The granted scopes, separated by spaces; `None` if the answer left them out.
    pub(crate) scope: Option<String>,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant").field("scope", &self.scope).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_replaced_a_minute_or_half_its_life_before_it_ends() {
        let token = |seconds| {
            let lifetime = Duration::from_secs(seconds);
            UserInfoToken::new(AccessToken::new("t".into()), Timestamp(0), lifetime).renew_at
        };
        assert_eq!(token(3600), Timestamp(3_540_000));
        assert_eq!(token(10), Timestamp(5_000));
        assert_eq!(token(0), Timestamp(0));
    }
}

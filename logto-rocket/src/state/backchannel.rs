//! Back-channel logout: Logto says that sessions have ended there, so they end here.

use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::{Inner, Logto, within_patience};
use crate::error::Result;
use crate::flight::in_its_own_task;
use crate::jwt::{LogoutToken, MAX_AGE, Whom};
use crate::revocation::Logout;
use crate::seal;
use crate::session::record::Whose;
use crate::token::Timestamp;

/// Logout tokens whose receipt is remembered at the most. Only tokens that Logto
/// signed are.
const RECEIPTS: u64 = 100_000;

/// When each logout token was first received, by the hash of its id.
pub(super) struct Receipts(Cache<[u8; 32], Timestamp>);

impl Receipts {
    /// Receipts that are remembered for as long as a token can be good, which begins
    /// with the clock behind and ends with it ahead, to the second.
    pub(super) fn new(clock_skew: Duration) -> Self {
        let good = MAX_AGE + 2 * clock_skew + Duration::from_secs(1);
        let receipts = Cache::builder().max_capacity(RECEIPTS).time_to_live(good);
        Self(receipts.eviction_policy(EvictionPolicy::lru()).build())
    }

    /// When this token was first received: now, if it was not before.
    fn first(&self, jti: &str) -> Timestamp {
        let key = seal::sha256(jti.as_bytes());
        self.0.entry(key).or_insert_with(Timestamp::now).into_value()
    }
}

impl Logto {
    /// Ends the sessions that a logout token is about (OpenID Connect Back-Channel
    /// Logout 1.0). If the token names a session at Logto (`sid`), these are the sessions
    /// of that one, and those of its user (`sub`) that Logto told no `sid` for, as it does
    /// before "Is session required" is turned on; else all of the user. For a route of
    /// one's own; the fairing mounts one that answers as the protocol says.
    ///
    /// A session ends if it began before the token was first received, and if Logto
    /// issued its ID token no later than the logout token: who has signed in again
    /// stays signed in, also when the token comes once more. Refresh tokens of the
    /// ended sessions are revoked. With sessions in the cookie, this process alone
    /// knows of it, until it ends.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidLogoutToken`](crate::ErrorKind::InvalidLogoutToken), which
    /// is 400 Bad Request, and nothing was ended. [`ErrorKind::Store`](crate::ErrorKind::Store)
    /// when the store failed, and
    /// [`ErrorKind::Unreachable`](crate::ErrorKind::Unreachable) or
    /// [`ErrorKind::InvalidAnswer`](crate::ErrorKind::InvalidAnswer) when Logto's keys
    /// cannot be had; the same token may be tried again.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::{Error, Logto};
    /// use rocket::form::Form;
    /// use rocket::{FromForm, State, post};
    ///
    /// #[derive(FromForm)]
    /// struct Body {
    ///     logout_token: String,
    /// }
    ///
    /// #[post("/logged-out", data = "<body>")]
    /// async fn logged_out(body: Form<Body>, logto: &State<Logto>) -> Result<(), Error> {
    ///     logto.handle_backchannel_logout(&body.logout_token).await
    /// }
    /// ```
    pub async fn handle_backchannel_logout(&self, logout_token: &str) -> Result<()> {
        let (inner, token) = (Arc::clone(&self.inner), logout_token.to_owned());
        // Logto does not wait for long, and what it asked for is done all the same.
        let work = async move { inner.log_out(&token).await };
        in_its_own_task(within_patience(work)).await
    }
}

impl Inner {
    /// Nothing of it harms a second time: a token that was received before ends what
    /// it should have ended then, and nothing else.
    async fn log_out(self: &Arc<Self>, token: &str) -> Result<()> {
        let token = self.verifier.logout_token(token).await?;
        let logout = logout(&token, self.receipts.first(&token.jti));
        // First, so that a session that begins meanwhile is either found or refused.
        self.revocation.log_out(logout, self.sessions.latest_end(logout.received));
        let ended = self.sessions.end_all(logout.of, |record| logout.ends(record)).await?;
        for session in &ended {
            self.remember_as_ended(session, false);
            self.revoke_in_background(session);
        }
        let whose = match token.whom {
            Whom::Subject(_) => "a user",
            Whom::Sid { .. } => "one session at Logto",
        };
        match self.sessions.are_sealed() {
            true => log::info!("logto: Logto ended the sessions of {whose}"),
            false => log::info!("logto: Logto ended {} sessions of {whose}", ended.len()),
        }
        Ok(())
    }
}

fn logout(token: &LogoutToken, received: Timestamp) -> Logout<'_> {
    let of = match &token.whom {
        Whom::Subject(subject) => Whose::Subject(subject),
        Whom::Sid { sid, subject } => Whose::Sid { sid, subject: subject.as_deref() },
    };
    Logout { of, received, issued_at: token.issued_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// L7: the moment of the first receipt is the one that counts.
    #[test]
    fn a_token_that_comes_again_was_received_when_it_first_came() {
        let receipts = Receipts::new(Duration::from_secs(60));
        let first = receipts.first("jti");
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(receipts.first("jti"), first);
        assert!(receipts.first("another") > first);
    }
}

//! Back-channel logout: Logto reports that sessions have ended there, so they end here.

use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::SignOuts;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::flight::in_its_own_task;
use crate::instances::Item;
use crate::jwt::{LogoutToken, MAX_AGE, Whom};
use crate::revocation::Logout;
use crate::seal;
use crate::session::record::Whose;
use crate::warning;

/// The most logout tokens whose receipt is remembered. Only tokens that Logto signed are.
const RECEIPTS: u64 = 100_000;

/// When each logout token was first received, by the hash of its id.
pub(super) struct Receipts {
    first: Cache<[u8; 32], Timestamp>,
    time_to_live: Duration,
}

impl Receipts {
    /// Receipts, remembered for as long as a token can be valid: from when the clock is
    /// behind until it is ahead, to the second.
    pub(super) fn new(clock_skew: Duration) -> Self {
        let good = MAX_AGE + 2 * clock_skew + Duration::from_secs(1);
        let receipts = Cache::builder().max_capacity(RECEIPTS).time_to_live(good);
        Self { first: receipts.eviction_policy(EvictionPolicy::lru()).build(), time_to_live: good }
    }

    /// When this token was first received: now, if never before.
    fn first(&self, jti: &str, now: Timestamp) -> Timestamp {
        let key = seal::sha256(jti.as_bytes());
        self.first.entry(key).or_insert(now).into_value()
    }
}

impl SignOuts {
    /// Ends the sessions that a logout token names. A repeat does no harm: a token received
    /// before ends what it should have ended then, and nothing else.
    ///
    /// # Errors
    ///
    /// It is not a valid logout token, or the store or Logto's keys are not available.
    pub(crate) async fn log_out(self: &Arc<Self>, token: &str) -> Result<()> {
        let (sign_outs, token) = (Arc::clone(self), token.to_owned());
        // Logto does not wait long, and the logout was done anyway.
        let work = in_its_own_task(async move { sign_outs.end_logged_out(&token).await });
        self.client.within_patience(work).await
    }

    async fn end_logged_out(&self, token: &str) -> Result<()> {
        let token = self.verifier.logout_token(token).await?;
        let receipt = Item::LogoutToken(seal::sha256(token.jti.as_bytes()));
        let instances = self.sessions.instances();
        if matches!(instances.get(&[receipt]).await.as_deref(), Ok([Some(_)])) {
            return Ok(());
        }
        let received = self.receipts.first(&token.jti, self.clock.now());
        let count = self.sessions.log_out(logout(&token, received)).await?;
        if let Err(error) = instances.put_new(receipt, &[], self.receipts.time_to_live).await {
            warning::warn("other instances may not know of a logout token", &error);
        }
        let whose = match &token.whom {
            Whom::Subject(subject) => self.sessions.named(subject),
            Whom::Sid { subject: Some(subject), .. } => {
                format!("{} from one sign-in", self.sessions.named(subject))
            }
            Whom::Sid { subject: None, .. } => "one sign-in".into(),
        };
        match self.sessions.are_in_cookies() {
            true => log::info!("logto: Logto ended the sessions of {whose}"),
            false => log::info!("logto: Logto ended {count} sessions of {whose}"),
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
    use crate::clock::Clock;

    /// L7: the moment of the first receipt counts.
    #[test]
    fn a_repeated_token_counts_as_received_when_it_first_came() {
        let (receipts, clock) = (Receipts::new(Duration::from_secs(60)), Clock::default());
        let first = receipts.first("jti", clock.now());
        clock.advance(Duration::from_secs(5));
        assert_eq!(receipts.first("jti", clock.now()), first);
        assert!(receipts.first("another", clock.now()) > first);
    }
}

//! Completing sign-ins: identical callbacks share one redemption of the code and one
//! verdict of the application.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use rocket::futures::FutureExt as _;
use rocket::futures::future::{BoxFuture, Shared};
use tokio::sync::OnceCell;

use crate::error::Result;
use crate::flight::in_its_own_task;
use crate::location::ReturnPath;
use crate::seal;
use crate::session::Session;

/// The most sign-ins whose `state` is remembered as used, including those in progress or
/// just decided.
const USED: u64 = 100_000;
const UNDER_WAY: u64 = 10_000;

/// How long a used `state` is remembered: longer than its sign-in may take.
pub(super) const USED_TTL: Duration = Duration::from_secs(15 * 60);

/// How long a verdict answers a repeated callback, for example from a browser that lost
/// the first answer.
const REPEATS: Duration = Duration::from_secs(10);

/// SHA-256 of a `state`: only this is remembered.
pub(super) type StateHash = [u8; 32];

/// The sign-ins that this process has completed, or is about to.
pub(super) struct Completions {
    under_way: Cache<StateHash, Arc<Completion>>,
    used: Cache<StateHash, ()>,
}

/// One sign-in, shared by all who wait for it.
pub(super) struct Completion {
    /// Of the code: a different one with the same `state` is not a repetition.
    code_hash: [u8; 32],
    session: Shared<BoxFuture<'static, Result<Session>>>,
    /// If the request that decides is dropped, the next one decides.
    verdict: OnceCell<Result<Admission>>,
}

/// A session that the application admitted, and where its user goes.
#[derive(Clone)]
pub(super) struct Admission {
    pub(super) session: Session,
    pub(super) return_to: ReturnPath,
}

impl Completions {
    pub(super) fn new() -> Self {
        Self::remembering(REPEATS)
    }

    fn remembering(repeats: Duration) -> Self {
        let used = Cache::builder().max_capacity(USED).time_to_live(USED_TTL);
        let under_way = Cache::builder().max_capacity(UNDER_WAY).expire_after(Lifetime { repeats });
        Self {
            under_way: under_way.eviction_policy(EvictionPolicy::lru()).build(),
            used: used.eviction_policy(EvictionPolicy::lru()).build(),
        }
    }

    /// The completion of this sign-in with this code, redeemed by `begin` if the sign-in
    /// was not used before; `None` if it was used differently or a while ago.
    pub(super) fn join<F>(
        &self,
        state: StateHash,
        code: &str,
        begin: impl FnOnce() -> F,
    ) -> Option<Arc<Completion>>
    where
        F: Future<Output = Result<Session>> + Send + 'static,
    {
        let code_hash = seal::sha256(code.as_bytes());
        let first = || {
            self.use_up(state).then(|| {
                let session = in_its_own_task(begin()).boxed().shared();
                Arc::new(Completion { code_hash, session, verdict: OnceCell::new() })
            })
        };
        let completion = self.under_way.optionally_get_with(state, first)?;
        seal::same_secret(&completion.code_hash, &code_hash).then_some(completion)
    }

    /// Starts the time in which the verdict answers repeated callbacks.
    pub(super) fn decided(&self, state: StateHash, completion: &Arc<Completion>) {
        self.under_way.insert(state, Arc::clone(completion));
    }

    /// Marks a sign-in as used; returns whether it was unused.
    pub(super) fn use_up(&self, state: StateHash) -> bool {
        self.used.entry(state).or_insert(()).is_fresh()
    }

    pub(super) fn is_used(&self, state: &StateHash) -> bool {
        self.used.contains_key(state)
    }
}

impl Completion {
    /// The session that the code was redeemed for, which no browser has yet. It runs in
    /// its own task: a code is valid for one attempt.
    pub(super) fn session(&self) -> impl Future<Output = Result<Session>> + Send + use<> {
        self.session.clone()
    }

    /// The result of `decide`, run once for all who wait.
    pub(super) async fn verdict<F>(&self, decide: impl FnOnce() -> F) -> Result<Admission>
    where
        F: Future<Output = Result<Admission>>,
    {
        self.verdict.get_or_init(decide).await.clone()
    }
}

/// Undecided ones live as long as a hook may take, others as long as they answer repeats.
struct Lifetime {
    repeats: Duration,
}

impl Expiry<StateHash, Arc<Completion>> for Lifetime {
    fn expire_after_create(
        &self,
        _: &StateHash,
        _: &Arc<Completion>,
        _: Instant,
    ) -> Option<Duration> {
        Some(USED_TTL)
    }

    fn expire_after_update(
        &self,
        _: &StateHash,
        _: &Arc<Completion>,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(self.repeats)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    async fn failing() -> Result<Session> {
        Err(Error::new(ErrorKind::Unreachable, ""))
    }

    /// A7, A27: a used sign-in accepts no other code, and after a while none at all.
    #[rocket::async_test]
    async fn a_decided_sign_in_answers_its_own_code_for_a_while() {
        let completions = Completions::remembering(Duration::from_millis(20));
        let first = completions.join([1; 32], "code", failing).expect("it is new");
        let again = completions.join([1; 32], "code", || async { panic!("redeemed twice") });
        assert!(Arc::ptr_eq(&first, &again.expect("the same")));
        assert!(completions.join([1; 32], "another", failing).is_none());
        assert!(completions.join([2; 32], "code", failing).is_some());

        completions.decided([1; 32], &first);
        assert!(completions.join([1; 32], "code", failing).is_some());
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert!(completions.join([1; 32], "code", failing).is_none());
        assert!(completions.is_used(&[1; 32]) && !completions.is_used(&[3; 32]));
    }
}

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::clock::{Clock, Timestamp};
use crate::error::{Error, Result};

/// A value that is fetched on first use, one fetch at a time, and kept.
#[derive(Debug)]
pub(crate) struct Cached<T> {
    clock: Clock,
    value: RwLock<Option<Arc<T>>>,
    fetch: Mutex<LastFetch>,
}

#[derive(Debug, Default)]
struct LastFetch {
    failed: Option<(Timestamp, Error)>,
}

/// How long a failed fetch stands for the next ones: if Logto is down, not every request
/// should ask it.
const BACKOFF: Duration = Duration::from_secs(1);

impl<T> Cached<T> {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, value: RwLock::default(), fetch: Mutex::default() }
    }

    pub(crate) fn peek(&self) -> Option<Arc<T>> {
        self.value.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether `seen` is still the value.
    pub(crate) fn is_current(&self, seen: &Arc<T>) -> bool {
        self.peek().is_some_and(|value| Arc::ptr_eq(&value, seen))
    }

    /// Returns the value, fetched with `fetch` if there is none yet.
    pub(crate) async fn get<F>(&self, fetch: impl FnOnce() -> F) -> Result<Arc<T>>
    where
        F: Future<Output = Result<T>>,
    {
        match self.peek() {
            Some(value) => Ok(value),
            None => self.replace(None, fetch).await,
        }
    }

    /// Fetches the value again, unless another caller has replaced `seen` in the
    /// meantime. If the fetch fails the old value stays.
    pub(crate) async fn replace<F>(
        &self,
        seen: Option<&Arc<T>>,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>>
    where
        F: Future<Output = Result<T>>,
    {
        let mut last = self.fetch.lock().await;
        if let Some(value) = self.peek()
            && !seen.is_some_and(|seen| Arc::ptr_eq(seen, &value))
        {
            return Ok(value);
        }
        if let Some((until, error)) = &last.failed
            && self.clock.now().waits_for(*until, BACKOFF)
        {
            return Err(error.clone());
        }
        let fetched = fetch().await.map(Arc::new);
        last.failed = fetched.as_ref().err().map(|e| (self.clock.now().plus(BACKOFF), e.clone()));
        let value = fetched?;
        *self.value.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&value));
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[rocket::async_test]
    async fn a_value_is_fetched_once_and_survives_a_failed_fetch() {
        let cached = Cached::new(Clock::default());
        let first = cached.get(|| async { Ok(1) }).await.expect("a value");
        let again = cached.get(|| async { panic!("fetched twice") }).await.expect("a value");
        assert_eq!(*again, 1);

        let down = || async { Err(Error::new(ErrorKind::Unreachable, "down")) };
        assert!(cached.replace(Some(&first), down).await.is_err());
        assert_eq!(*cached.peek().expect("the old value"), 1);
    }

    #[rocket::async_test]
    async fn waiters_for_a_fetch_share_its_result_or_failure() {
        let cached = Cached::new(Clock::default());
        let first = cached.get(async || Ok(1)).await.expect("a value");
        let slow = async || {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(2)
        };
        let replaced = cached.replace(Some(&first), slow);
        let waited = cached.replace(Some(&first), async || panic!("fetched twice"));
        let (replaced, waited) = tokio::join!(replaced, waited);
        let second = waited.expect("a value");
        assert!(*second == 2 && Arc::ptr_eq(&second, &replaced.expect("a value")));

        let down = async || Err(Error::new(ErrorKind::Unreachable, "down"));
        assert!(cached.replace(Some(&second), down).await.is_err());
        let error = cached.replace(Some(&second), async || panic!("asked again at once")).await;
        assert!(error.expect_err("it is down").is_transient());
    }
}

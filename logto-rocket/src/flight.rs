//! One task, many waiters: work that must not be done twice at once, and must not
//! be lost when the request that began it is dropped.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use rocket::futures::FutureExt as _;
use rocket::futures::future::{BoxFuture, Shared};

use crate::error::{Error, ErrorKind, Result};

type Flight<T> = Shared<BoxFuture<'static, Result<T>>>;

/// Work under way, by key.
pub(crate) struct Flights<K, T>(Arc<Mutex<HashMap<K, Flight<T>>>>);

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// Waits for the work of this key, which `begin` describes if none is under
    /// way. It runs in a task of its own, so dropping the waiter does not stop it.
    pub(crate) async fn join<F>(&self, key: K, begin: impl FnOnce() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let mut begin = Some(begin);
        let result = self.board(&key, &mut begin).await;
        match result {
            // Somebody else's attempt failed for a moment: that says nothing of ours.
            Err(error) if error.is_transient() && begin.is_some() => {
                self.board(&key, &mut begin).await
            }
            result => result,
        }
    }

    /// The work under way, or the one that `begin` describes, which is taken then.
    fn board<F>(&self, key: &K, begin: &mut Option<impl FnOnce() -> F>) -> Flight<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(key) {
            return flight.clone();
        }
        let begin = begin.take().expect("who boards has not begun before");
        let flight = self.take_off(key.clone(), begin());
        flights.insert(key.clone(), flight.clone());
        flight
    }

    fn take_off<F>(&self, key: K, work: F) -> Flight<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let landing = Landing { flights: Arc::clone(&self.0), key };
        let task = tokio::spawn(async move {
            let _landing = landing;
            work.await
        });
        let lost = || Error::new(ErrorKind::Unreachable, "the task that waited for it was stopped");
        task.map(move |result| result.unwrap_or_else(|_| Err(lost()))).boxed().shared()
    }
}

impl<K, T> fmt::Debug for Flights<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flights")
    }
}

/// Removes the flight when its task ends, by a panic too.
struct Landing<K: Eq + Hash, T> {
    flights: Arc<Mutex<HashMap<K, Flight<T>>>>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[rocket::async_test]
    async fn a_hundred_waiters_share_one_piece_of_work_and_the_next_begins_anew() {
        let flights = Flights::<u8, usize>::new();
        let count = Arc::new(AtomicUsize::new(0));
        let work = || {
            let count = Arc::clone(&count);
            async move {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                Ok(count.fetch_add(1, Ordering::SeqCst))
            }
        };
        let waiters = (0..100).map(|_| flights.join(1, work));
        let results = rocket::futures::future::join_all(waiters).await;
        assert!(results.into_iter().all(|result| result.expect("a result") == 0));
        assert_eq!(flights.join(1, work).await.expect("a result"), 1);
    }

    #[rocket::async_test]
    async fn work_goes_on_when_its_waiter_is_dropped_and_a_panic_frees_the_key() {
        let flights = Flights::<u8, u8>::new();
        let (done, seen) = tokio::sync::oneshot::channel();
        let waiter = flights.join(1, || async move {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            let _ = done.send(());
            Ok(1)
        });
        assert!(tokio::time::timeout(std::time::Duration::from_millis(1), waiter).await.is_err());
        seen.await.expect("the work was finished");

        let error = flights.join(2, || async { panic!("no answer") }).await;
        assert_eq!(error.expect_err("a panic is an error").kind(), ErrorKind::Unreachable);
        assert_eq!(flights.join(2, || async { Ok(2) }).await.expect("a result"), 2);
    }
}

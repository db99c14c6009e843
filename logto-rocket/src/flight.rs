//! One task, many waiters: work that must not run twice at once, and must not be lost if
//! the request that started it is dropped.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rocket::futures::FutureExt as _;
use rocket::futures::future::{BoxFuture, Shared};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, oneshot};

use crate::error::{Error, ErrorKind, Result};

type Flight<T> = Shared<BoxFuture<'static, Result<T>>>;

/// Work in progress, by key.
pub(crate) struct Flights<K, T>(Arc<Mutex<HashMap<K, Flight<T>>>>);

impl<K, T> Flights<K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// Whether no work is in progress.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Waits for the work with this key, started by `begin` if none is in progress. It
    /// runs in its own task, so dropping the waiter does not stop it.
    pub(crate) async fn join<F>(&self, key: K, begin: impl FnOnce() -> F) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let mut begin = Some(begin);
        let result = self.board(&key, &mut begin).await;
        match result {
            // Another caller's attempt failed temporarily: ours may still succeed.
            Err(error) if error.is_transient() && begin.is_some() => {
                self.board(&key, &mut begin).await
            }
            result => result,
        }
    }

    /// Like [`join()`](Self::join), for work that waits for its turn: it can be joined
    /// only until it drops its argument, so no caller gets an answer requested before its
    /// own call.
    pub(crate) async fn join_waiting<F>(
        &self,
        key: K,
        begin: impl FnOnce(Departure<K, T>) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (flight, departure) = self.announce(&key);
        if let Some((departure, landed)) = departure {
            take_off(begin(departure), landed);
        }
        flight.await
    }

    /// The work in progress, or new work from `begin`, which is then taken.
    fn board<F>(&self, key: &K, begin: &mut Option<impl FnOnce() -> F>) -> Flight<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let (flight, departure) = self.announce(key);
        if let Some((departure, landed)) = departure {
            let begin = begin.take().expect("a caller boards before it begins");
            let work = begin();
            let work = async move {
                let _until_it_ends = departure;
                work.await
            };
            take_off(work, landed);
        }
        flight
    }

    /// The work in progress, or new work to start: its registration, and where its result
    /// goes. Nothing starts here, while the lock is held: a runtime that is shutting down
    /// drops the task at once, which takes the lock.
    fn announce(&self, key: &K) -> (Flight<T>, Option<Announced<K, T>>) {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(key) {
            return (flight.clone(), None);
        }
        let (landed, result) = oneshot::channel();
        let flight = result.map(|result| result.unwrap_or_else(|_| Err(stopped())));
        let flight = flight.boxed().shared();
        flights.insert(key.clone(), flight.clone());
        let departure = Departure { flights: Arc::clone(&self.0), key: key.clone() };
        (flight, Some((departure, landed)))
    }
}

/// A flight that is about to start: its registration, and where its result goes.
type Announced<K, T> = (Departure<K, T>, Landed<T>);

/// Where the result of a flight goes.
type Landed<T> = oneshot::Sender<Result<T>>;

fn take_off<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
    landed: Landed<T>,
) {
    tokio::spawn(async move {
        let _ = landed.send(work.await);
    });
}

/// Runs `work` in its own task: it finishes even if the request is dropped.
pub(crate) async fn in_its_own_task<T: Send + 'static>(
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work).await.unwrap_or_else(|_| Err(stopped()))
}

/// Gives up `work` if it takes longer than this. Anything in its own task keeps running.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || Error::new(ErrorKind::Unreachable, "no answer in time");
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(late()))
}

fn stopped() -> Error {
    Error::new(ErrorKind::Unreachable, "the task that waited for it was stopped")
}

/// Keeps a flight open to join until this is dropped, also by a panic.
pub(crate) struct Departure<K: Eq + Hash, T> {
    flights: Arc<Mutex<HashMap<K, Flight<T>>>>,
    key: K,
}

impl<K: Eq + Hash, T> Drop for Departure<K, T> {
    fn drop(&mut self) {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Turns, by key: work that must not run twice at once runs one after the other.
pub(crate) struct Turns<K>(Mutex<Taken<K>>);

struct Taken<K> {
    turns: HashMap<K, Weak<AsyncMutex<()>>>,
    /// The number of keys at which unused ones are cleaned up.
    limit: usize,
}

/// The smallest such limit.
const IDLE_TURNS: usize = 1024;

impl<K: Eq + Hash> Turns<K> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Taken { turns: HashMap::new(), limit: IDLE_TURNS }))
    }

    /// Whether no turn is taken or waited for.
    pub(crate) fn is_idle(&self) -> bool {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.turns.values().all(|turn| turn.strong_count() == 0)
    }

    /// Waits for the turn of this key, which ends when it is dropped.
    pub(crate) async fn take(&self, key: K) -> OwnedMutexGuard<()> {
        self.of(key).lock_owned().await
    }

    fn of(&self, key: K) -> Arc<AsyncMutex<()>> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Taken { turns, limit } = &mut *taken;
        if let Some(turn) = turns.get(&key).and_then(Weak::upgrade) {
            return turn;
        }
        if turns.len() >= *limit {
            turns.retain(|_, turn| turn.strong_count() > 0);
            // The cost of the next cleanup is spread over that many new keys.
            *limit = IDLE_TURNS.max(2 * turns.len());
        }
        let turn = Arc::default();
        turns.insert(key, Arc::downgrade(&turn));
        turn
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
    async fn work_continues_when_its_waiter_is_dropped_and_a_panic_frees_the_key() {
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

    /// A transient failure counts only for the caller that started; a waiter tries once
    /// more.
    #[rocket::async_test]
    async fn a_waiter_tries_again_if_the_one_it_waited_for_failed_transiently() {
        let flights = Flights::<u8, u8>::new();
        let failing = |kind| {
            move || async move {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                Err(Error::new(kind, ""))
            }
        };
        let own = || async { Ok(2) };
        let (first, second) =
            tokio::join!(flights.join(1, failing(ErrorKind::Unreachable)), flights.join(1, own));
        assert!(first.is_err() && second.expect("its own attempt") == 2);
        let (first, second) =
            tokio::join!(flights.join(1, failing(ErrorKind::SessionEnded)), flights.join(1, own));
        assert!(
            first.is_err() && second.expect_err("the same end").kind() == ErrorKind::SessionEnded
        );
    }

    #[rocket::async_test]
    async fn work_that_waits_for_its_turn_is_shared_until_it_begins() {
        let (flights, turns) = (Flights::<u8, usize>::new(), Arc::new(Turns::new()));
        let count = Arc::new(AtomicUsize::new(0));
        let first = turns.take(0).await;
        let work = |departure| {
            let (turns, count) = (Arc::clone(&turns), Arc::clone(&count));
            async move {
                let _turn = turns.take(0).await;
                drop(departure);
                Ok(count.fetch_add(1, Ordering::SeqCst))
            }
        };
        let waiters = (0..30).map(|_| flights.join_waiting(1, work));
        let open = async { drop(first) };
        let (results, ()) = tokio::join!(rocket::futures::future::join_all(waiters), open);
        assert!(results.into_iter().all(|result| result.expect("a result") == 0));
        assert_eq!(flights.join_waiting(1, work).await.expect("a result"), 1);
    }

    /// REL-11: `tokio::spawn` then drops a task at once, and with it the guard that removes
    /// the flight.
    #[test]
    fn a_flight_that_begins_while_the_runtime_shuts_down_fails_and_does_not_hang() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
        let handle = runtime.handle().clone();
        runtime.shutdown_background();
        let (done, seen) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let _runtime = handle.enter();
            let flights = Flights::<u8, u8>::new();
            let mut joined = std::pin::pin!(flights.join(1, || async { Ok(1) }));
            // The runtime drops the task when it gets to it.
            let result = loop {
                match joined.as_mut().now_or_never() {
                    Some(result) => break result,
                    None => std::thread::yield_now(),
                }
            };
            let _ = done.send(result.map_err(|error| error.kind()));
        });
        let result = seen.recv_timeout(Duration::from_secs(10)).expect("it hangs");
        assert_eq!(result, Err(ErrorKind::Unreachable));
    }

    #[rocket::async_test]
    async fn turns_of_one_key_come_one_after_the_other_and_are_forgotten() {
        let turns = Turns::new();
        let first = turns.take(0).await;
        let second = turns.take(0);
        assert!(tokio::time::timeout(std::time::Duration::from_millis(1), second).await.is_err());
        drop(turns.take(1).await);
        drop(first);
        drop(turns.take(0).await);
        for key in 0..5000 {
            drop(turns.take(key).await);
        }
        assert!(turns.0.lock().expect("turns").turns.len() <= IDLE_TURNS);
    }
}

//! Failed refreshes, and how long they stand for the next ones.

use std::time::Duration;

use moka::sync::Cache;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::session::store::SessionKey;
use crate::token::Audience;

/// The most failures to remember.
const CAPACITY: u64 = 10_000;

/// How long Logto is left alone after it did not answer, and after a first refusal.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause after repeated refusals: the operator has to fix something.
const MAX_PAUSE: Duration = Duration::from_secs(60);

/// What failed: the refresh of a session for an audience.
type RefreshKey = (SessionKey, Audience);

/// The last failure of each refresh.
pub(super) struct Failures(Cache<RefreshKey, LastFailure>);

#[derive(Clone)]
struct LastFailure {
    error: Error,
    pause: Duration,
    until: Timestamp,
}

impl Failures {
    pub(super) fn new() -> Self {
        // Longer than any pause, so that the next one is known to follow it.
        let cache = Cache::builder().max_capacity(CAPACITY).time_to_live(2 * MAX_PAUSE);
        Self(cache.build())
    }

    /// The failure that currently stands for a refresh.
    pub(super) fn current(&self, key: &RefreshKey, now: Timestamp) -> Option<Error> {
        self.0
            .get(key)
            .filter(|failure| now.waits_for(failure.until, MAX_PAUSE))
            .map(|failure| failure.error)
    }

    /// Remembers a failure: for a second if it is transient, otherwise twice as long as
    /// the previous one.
    pub(super) fn add(&self, key: RefreshKey, error: &Error, now: Timestamp) {
        let before = self.0.get(&key).map(|failure| failure.pause).unwrap_or_default();
        let pause = match error.is_transient() {
            true => PAUSE,
            false => (2 * before).clamp(PAUSE, MAX_PAUSE),
        };
        self.0.insert(key, LastFailure { error: error.clone(), pause, until: now.plus(pause) });
    }

    /// Forgets the failures of a refresh that has succeeded.
    pub(super) fn forget(&self, key: &RefreshKey) {
        self.0.invalidate(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::session::store::SessionId;

    /// REL-7: 1, 2, 4 … 60 seconds for refusals, a second for an outage.
    #[test]
    fn refusals_count_for_longer_and_longer_and_outages_for_a_second() {
        let (failures, key) = (Failures::new(), (SessionId::random().key(), Audience::logto()));
        let mut now = Timestamp::now();
        let mut pauses = |kind| {
            let mut seconds = 0;
            failures.add(key.clone(), &Error::new(kind, ""), now);
            while failures.current(&key, now).is_some() {
                now = now.plus(PAUSE);
                seconds += 1;
            }
            seconds
        };
        let refused: Vec<_> = (0..8).map(|_| pauses(ErrorKind::Refused)).collect();
        assert_eq!(refused, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!([pauses(ErrorKind::Unreachable), pauses(ErrorKind::Unreachable)], [1, 1]);
        assert_eq!([pauses(ErrorKind::Refused), pauses(ErrorKind::Refused)], [2, 4]);
        failures.forget(&key);
        assert_eq!(pauses(ErrorKind::Refused), 1);
    }
}

//! The time, as one application sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment in milliseconds since the Unix epoch, by this machine's clock.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub(crate) struct Timestamp(u64);

impl Timestamp {
    /// The machine's own time, for tests that need some time.
    #[cfg(any(test, feature = "__internal"))]
    pub(crate) fn now() -> Self {
        Clock::default().now()
    }

    pub(crate) fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Whether this is before `until`, by at most `at_most`. If the clock was set back,
    /// nothing may wait for as long as it was wrong.
    pub(crate) fn waits_for(self, until: Self, at_most: Duration) -> bool {
        self < until && until.since(self) <= at_most
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// How far apart the two are, in either order. A moment far ahead was written by a wrong
    /// clock, and must not count as new until it arrives.
    pub(crate) fn distance(self, other: Self) -> Duration {
        Duration::from_millis(self.0.abs_diff(other.0))
    }

    pub(crate) fn seconds(self) -> i64 {
        i64::try_from(self.0 / 1000).unwrap_or(i64::MAX)
    }

    pub(crate) fn time(self) -> SystemTime {
        UNIX_EPOCH.checked_add(Duration::from_millis(self.0)).unwrap_or(UNIX_EPOCH)
    }
}

/// Limits something that would be too frequent, such as a warning, to once a minute.
#[derive(Debug, Default)]
pub(crate) struct OnceAMinute(AtomicU64);

impl OnceAMinute {
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        let is_due = now.distance(Timestamp(last)) >= Duration::from_secs(60);
        is_due && self.0.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// The clock of one application: the machine's, or ahead of it by the time a test let
/// pass. Its clones are the same clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    /// In milliseconds.
    ahead: Arc<AtomicU64>,
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        now.plus(Duration::from_millis(self.ahead.load(Ordering::Relaxed)))
    }

    /// Lets time pass.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.ahead.fetch_add(by, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_makes_nothing_wait_for_the_difference() {
        let now = Timestamp::default().plus(Duration::from_secs(10_000));
        let pause = Duration::from_secs(60);
        let after = |seconds| now.plus(Duration::from_secs(seconds));
        assert!(now.waits_for(after(1), pause) && now.waits_for(after(60), pause));
        assert!(!now.waits_for(now, pause) && !after(61).waits_for(after(60), pause));
        assert!(!now.waits_for(after(3600), pause));
    }

    #[test]
    fn what_is_told_once_a_minute_is_told_at_first_and_after_a_minute() {
        let (told, now) = (OnceAMinute::default(), Timestamp::now());
        let after = |seconds| told.is_due(now.plus(Duration::from_secs(seconds)));
        assert_eq!([0, 0, 59, 60, 61, 120].map(after), [true, false, false, true, false, true]);
        assert!(after(0), "a clock that was set back");
    }

    #[test]
    fn clones_are_one_clock_and_others_are_not() {
        let (clock, other) = (Clock::default(), Clock::default());
        let clone = clock.clone();
        clone.advance(Duration::from_secs(3600));
        assert!(clock.now().since(other.now()) > Duration::from_secs(3599));
    }
}

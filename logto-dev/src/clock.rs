//! The provider's clock, which tests move forward, and the real one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time since the provider's start, and what was added to it.
pub(crate) struct Clock {
    start: Instant,
    start_millis: u64,
    ahead: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), start_millis: unix_millis(), ahead: AtomicU64::new(0) }
    }

    /// The time since the provider's start.
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed() + Duration::from_millis(self.ahead())
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.ahead.fetch_add(millis(by), Ordering::Relaxed);
    }

    /// A time of this clock in seconds since 1970. Moving the clock forward shifts past
    /// times back, so that now is now for everybody.
    pub(crate) fn unix_seconds(&self, at: Duration) -> u64 {
        (self.start_millis + millis(at)).saturating_sub(self.ahead()) / 1000
    }

    /// Whether a token with this expiry has expired.
    pub(crate) fn has_reached(&self, unix_seconds: u64) -> bool {
        unix_seconds.saturating_mul(1000) <= unix_millis() + self.ahead()
    }

    fn ahead(&self) -> u64 {
        self.ahead.load(Ordering::Relaxed)
    }
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
    unix_millis() / 1000
}

/// Milliseconds since 1970.
pub(crate) fn unix_millis() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970"))
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

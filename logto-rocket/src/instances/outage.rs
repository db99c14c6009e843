//! Outages of the store that this instance noticed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::error::{Error, ErrorKind};

/// How long after an outage no refresh begins: another instance may have a refresh token that
/// it could not save, and its turn has expired. It may notice later than this one that the
/// store is back, and then tries to save a few times a second.
const SETTLING: Duration = Duration::from_secs(2);

#[derive(Default)]
pub(super) struct Outage {
    is_down: AtomicBool,
    back: Mutex<Option<Instant>>,
}

impl Outage {
    /// Records whether the store failed. Other failures say nothing about it.
    pub(super) fn observe(&self, error: Option<&Error>) {
        match error.map(Error::kind) {
            Some(ErrorKind::Store) => self.is_down.store(true, Ordering::Relaxed),
            Some(_) => {}
            None if self.is_down.load(Ordering::Relaxed) => {
                *self.back.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                self.is_down.store(false, Ordering::Relaxed);
            }
            None => {}
        }
    }

    /// Waits until all instances have had time to save what they could not.
    pub(super) async fn settle(&self) {
        while let Some(end) = self.end_of_settling() {
            sleep_until(end).await;
        }
    }

    /// Whether they have had it, as far as this instance knows.
    pub(super) fn is_settled(&self) -> bool {
        self.end_of_settling().is_none()
    }

    fn end_of_settling(&self) -> Option<Instant> {
        let back = *self.back.lock().unwrap_or_else(PoisonError::into_inner);
        back.map(|back| back + SETTLING).filter(|end| *end > Instant::now())
    }
}

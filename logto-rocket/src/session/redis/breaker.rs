//! A circuit breaker: after an outage everything fails at once, and one probe at a time, in the
//! background, finds out when it is over.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Closed, or open and why.
#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    open: Option<Arc<str>>,
    is_probed: bool,
}

impl Breaker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it is open, if it is.
    pub(super) fn why(&self) -> Option<Arc<str>> {
        self.state().open.clone()
    }

    /// Opens it, or says anew why it is open.
    pub(super) fn open(&self, why: &str) {
        self.state().open = Some(why.into());
    }

    pub(super) fn close(&self) {
        self.state().open = None;
    }

    /// The right to probe, unless somebody has it.
    pub(super) fn probe(&self) -> bool {
        !std::mem::replace(&mut self.state().is_probed, true)
    }

    /// Gives the right back.
    pub(super) fn probed(&self) {
        self.state().is_probed = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_probes_while_it_is_open() {
        let breaker = Breaker::default();
        assert_eq!(breaker.why(), None);
        breaker.open("no answer");
        assert_eq!(breaker.why().as_deref(), Some("no answer"));
        assert!(breaker.probe());
        assert!(!breaker.probe());
        breaker.open("it loads its data");
        assert_eq!(breaker.why().as_deref(), Some("it loads its data"));
        breaker.close();
        assert_eq!(breaker.why(), None);
        breaker.probed();
        assert!(breaker.probe());
    }
}

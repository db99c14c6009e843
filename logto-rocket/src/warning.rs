//! Warnings that every request could repeat: each kind and reason is logged once a minute,
//! so that an outage does not flood the log.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Error;

/// How long a warning covers others like it.
const QUIET: Duration = Duration::from_secs(60);

/// The most distinct reasons for each warning: some contain text that clients chose, and
/// must not crowd out the rest.
const REASONS: usize = 32;

/// One for the process, like the log.
static WARNINGS: LazyLock<Mutex<Warnings>> = LazyLock::new(Mutex::default);

/// Warns that `what` happened because of `error`.
pub(crate) fn warn(what: &'static str, error: &Error) {
    let said = error.description().map(|said| format!(" ({said})")).unwrap_or_default();
    let causes = error.causes().map(|causes| format!(", caused by: {causes}"));
    once(what, &format!("{what}: {error}{said}{}", causes.unwrap_or_default()));
}

/// Warns without an error.
pub(crate) fn warn_of(what: &'static str) {
    once(what, what);
}

fn once(what: &'static str, message: &str) {
    let mut warnings = WARNINGS.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(unsaid) = warnings.due(what, message, Instant::now()) else { return };
    drop(warnings);
    match unsaid {
        0 => log::warn!("logto: {message}"),
        _ => log::warn!("logto: {message} ({unsaid} more like it before)"),
    }
}

#[derive(Default)]
struct Warnings(HashMap<&'static str, HashMap<String, Said>>);

struct Said {
    at: Instant,
    /// The number like it, since then.
    unsaid: u64,
}

impl Warnings {
    /// How many like it were suppressed, if this one should be logged.
    fn due(&mut self, what: &'static str, message: &str, now: Instant) -> Option<u64> {
        let is_quiet = |said: &Said| now.saturating_duration_since(said.at) < QUIET;
        let reasons = self.0.entry(what).or_default();
        if reasons.len() >= REASONS && !reasons.contains_key(message) {
            reasons.retain(|_, said| is_quiet(said));
        }
        let is_crowded = reasons.len() >= REASONS && !reasons.contains_key(message);
        let reason = if is_crowded { what } else { message };
        if let Some(said) = reasons.get_mut(reason).filter(|said| is_quiet(said)) {
            said.unsaid += 1;
            return None;
        }
        let last = reasons.insert(reason.into(), Said { at: now, unsaid: 0 });
        Some(last.map_or(0, |last| last.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_of_one_reason_are_logged_once_a_minute_with_their_number() {
        let (mut warnings, now) = (Warnings::default(), Instant::now());
        let mut due = |message, after| warnings.due("no token", message, now + after);
        let second = Duration::from_secs(1);
        assert_eq!(due("no token: no answer", Duration::ZERO), Some(0));
        for seconds in 0..60 {
            assert_eq!(due("no token: no answer", second * seconds), None);
        }
        assert_eq!(due("no token: denied", second), Some(0));
        assert_eq!(due("no token: no answer", QUIET), Some(60));
        assert_eq!(due("no token: no answer", QUIET * 3), Some(0));
    }

    /// Clients cannot flood the log with reasons of their own making.
    #[test]
    fn made_up_reasons_are_few() {
        let (mut warnings, now) = (Warnings::default(), Instant::now());
        let due = (0..10_000).filter(|n| {
            let message = format!("a callback did not sign in: {n}");
            warnings.due("a callback did not sign in", &message, now).is_some()
        });
        assert_eq!(due.count(), REASONS + 1);
        assert_eq!(warnings.0.values().map(HashMap::len).sum::<usize>(), REASONS + 1);
        let another = warnings.due("a request failed", "a request failed: no answer", now);
        assert_eq!(another, Some(0), "they crowd out nothing else");
    }
}

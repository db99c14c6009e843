//! A circuit breaker for plain refreshes, without resource or organization: if Logto does
//! not answer, not every session should wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::session::store::SessionKey;

/// How many different sessions in a row must meet an outage. A single one may be at fault
/// itself.
const SESSIONS: usize = 3;

/// How long Logto is then left alone, and after each failed probe.
const WINDOW: Duration = Duration::from_secs(2);

/// Opens after outages, and lets one session probe in each window.
#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    /// The different sessions that met an outage since the last answer.
    failed: Vec<SessionKey>,
    /// While it is open: when the next probe may be.
    next_probe: Option<Timestamp>,
    /// The session that probed last.
    prober: Option<SessionKey>,
    /// Whether others have wanted to probe since: then it is their turn.
    others_wait: bool,
}

impl Breaker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a refresh through, or says that Logto does not answer.
    pub(super) fn admit(&self, session: SessionKey, now: Timestamp) -> Result<()> {
        let mut state = self.state();
        let Some(next_probe) = state.next_probe else { return Ok(()) };
        let is_prober = state.prober == Some(session);
        if now.waits_for(next_probe, WINDOW) || is_prober && state.others_wait {
            state.others_wait |= !is_prober;
            let detail = "it just failed to answer other requests";
            return Err(Error::new(ErrorKind::Unreachable, detail));
        }
        state.prober = Some(session);
        state.others_wait = false;
        state.next_probe = Some(now.plus(WINDOW));
        Ok(())
    }

    /// Records how a refresh ended. A refusal or a rate limit is an answer.
    pub(super) fn observe(&self, session: SessionKey, error: Option<&Error>, now: Timestamp) {
        let mut state = self.state();
        if error.is_none_or(|error| error.is_answer()) {
            *state = State::default();
            return;
        }
        if !error.is_some_and(Error::is_outage) {
            return;
        }
        if !state.failed.contains(&session) && state.failed.len() < SESSIONS {
            state.failed.push(session);
        }
        if state.failed.len() == SESSIONS {
            state.next_probe = Some(now.plus(WINDOW));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::store::SessionId;

    fn outage() -> Error {
        Error::new(ErrorKind::Unreachable, "")
    }

    fn sessions() -> [SessionKey; 4] {
        [0; 4].map(|_| SessionId::random().key())
    }

    /// REL-10: a single session never opens it, however often; and any answer closes it.
    #[test]
    fn it_opens_after_three_sessions_and_closes_with_an_answer() {
        let (breaker, now, sessions) = (Breaker::default(), Timestamp::now(), sessions());
        for _ in 0..10 {
            breaker.observe(sessions[0], Some(&outage()), now);
            assert!(breaker.admit(sessions[1], now).is_ok());
        }
        breaker.observe(sessions[1], Some(&outage()), now);
        breaker.observe(sessions[2], Some(&Error::new(ErrorKind::Refused, "")), now);
        breaker.observe(sessions[2], Some(&outage()), now);
        breaker.observe(sessions[3], Some(&outage()), now);
        assert!(breaker.admit(sessions[0], now).is_ok(), "a refusal in between was an answer");
        breaker.observe(sessions[0], Some(&outage()), now);
        for session in sessions {
            assert!(breaker.admit(session, now).is_err_and(|error| error.is_transient()));
        }
        breaker.observe(sessions[0], None, now);
        assert!(breaker.admit(sessions[1], now).is_ok());
    }

    /// REL-10: one per window, and in turns: a session whose answer never closes it does not
    /// block others.
    #[test]
    fn sessions_probe_in_turns() {
        let (breaker, mut now, sessions) = (Breaker::default(), Timestamp::now(), sessions());
        for session in &sessions[..3] {
            breaker.observe(*session, Some(&outage()), now);
        }
        now = now.plus(WINDOW);
        assert!(breaker.admit(sessions[0], now).is_ok());
        assert!(breaker.admit(sessions[0], now).is_err());
        assert!(breaker.admit(sessions[1], now).is_err(), "one a window");
        now = now.plus(WINDOW);
        assert!(breaker.admit(sessions[0], now).is_err(), "another one waits");
        assert!(breaker.admit(sessions[1], now).is_ok());
        now = now.plus(WINDOW);
        assert!(breaker.admit(sessions[1], now).is_ok(), "nobody else wants to");
    }
}

//! What a server says about itself (INFO).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How often it is asked, besides after each new connection.
const EVERY: Duration = Duration::from_secs(60);

/// What must be known about a server before it is trusted with sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    /// Whether it is a replica, which may lag.
    pub(super) is_replica: bool,
    /// Whether it evicts unexpired values when it is full.
    pub(super) evicts: bool,
}

impl Server {
    /// Reads the answer to INFO; for several servers, what holds for any of them.
    pub(super) fn read(info: &str) -> Self {
        let mut server = Self::default();
        for line in info.lines() {
            match line.split_once(':') {
                Some(("role", role)) => server.is_replica |= role.trim() == "slave",
                // Every key has a time to live, so `volatile-*` means all of them.
                Some(("maxmemory_policy", policy)) => {
                    server.evicts |= policy.trim() != "noeviction"
                }
                _ => {}
            }
        }
        server
    }
}

/// What is known about the server, and when to ask again.
pub(super) struct ServerNotes {
    addresses: String,
    last: Mutex<LastLook>,
}

#[derive(Default)]
struct LastLook {
    evicts: bool,
    is_unread: bool,
    asked: Option<Instant>,
}

impl ServerNotes {
    /// Notes on a server at these addresses, empty at first.
    pub(super) fn new(addresses: String) -> Self {
        Self { addresses, last: Mutex::default() }
    }

    fn last(&self) -> MutexGuard<'_, LastLook> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it evicts unexpired values.
    pub(super) fn evicts(&self) -> bool {
        self.last().evicts
    }

    /// Whether the caller should ask it now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let mut last = self.last();
        let is_due = last.asked.is_some_and(|asked| now.duration_since(asked) >= EVERY);
        if is_due {
            last.asked = Some(now);
        }
        is_due
    }

    /// Records its answer, and logs what the operator must change.
    pub(super) fn take(&self, server: Server) {
        let mut last = self.last();
        if server.evicts && !last.evicts {
            log::error!(
                "logto: Redis evicts (`maxmemory-policy`): {}: sessions, and marks of ended ones, \
                 are lost when it is full; set `maxmemory-policy noeviction`",
                self.addresses
            );
        }
        *last = LastLook { evicts: server.evicts, is_unread: false, asked: Some(Instant::now()) };
    }

    /// Records that it did not answer.
    pub(super) fn cannot_be_read(&self, why: &str) {
        let mut last = self.last();
        last.asked = Some(Instant::now());
        if !std::mem::replace(&mut last.is_unread, true) {
            log::warn!(
                "logto: cannot check whether Redis evicts (INFO): {}: {why}; `maxmemory-policy` \
                 must be `noeviction`",
                self.addresses
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_evicts_and_a_replica_are_told_from_others() {
        let of = |info: &str| {
            let server = Server::read(info);
            (server.is_replica, server.evicts)
        };
        assert_eq!(
            of("# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n"),
            (false, false)
        );
        assert_eq!(of("maxmemory_policy:allkeys-lru\r\nrole:master\r\n"), (false, true));
        assert_eq!(of("maxmemory_policy:volatile-ttl"), (false, true));
        assert_eq!(of("# Replication\r\nrole:slave\r\n"), (true, false));
        let two = "maxmemory_policy:allkeys-lfu\r\nmaxmemory_policy:noeviction\r\n";
        assert_eq!(of(two), (false, true));
        assert_eq!(of(""), (false, false));
    }

    #[test]
    fn it_is_asked_once_a_minute() {
        let known = ServerNotes::new("localhost".into());
        let minute = Duration::from_secs(61);
        assert!(!known.is_due(Instant::now() + minute), "a connection asks first");
        known.take(Server { is_replica: false, evicts: true });
        assert!(known.evicts());
        assert!(!known.is_due(Instant::now()));
        let then = Instant::now() + minute;
        assert!(known.is_due(then));
        assert!(!known.is_due(then), "once");
        known.take(Server::default());
        assert!(!known.evicts());
    }
}

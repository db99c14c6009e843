//! Sessions that were ended here although their cookies are still about.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::session::store::SessionId;
use crate::token::Timestamp;

/// Ended sessions that are remembered at the most: some 10 MB.
const CAPACITY: usize = 100_000;

/// The ended sessions of this process. Bounded: when it is full, the older half is
/// forgotten and all sessions as old as those are refused instead.
pub(crate) struct RevocationList {
    capacity: usize,
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    /// Sessions that began at or before this moment are refused.
    watermark: Option<Timestamp>,
    /// By beginning and id: when the session would have ended by itself, and
    /// whether its refresh token may still be good and is to be revoked.
    ended: BTreeMap<(Timestamp, SessionId), Ended>,
}

struct Ended {
    until: Timestamp,
    revoke_token: bool,
}

/// What a cookie of an ended session calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The session was not ended.
    Live,
    /// The session was ended.
    Ended,
    /// The session was ended and its refresh token is to be revoked now.
    EndedWithToken,
}

impl RevocationList {
    pub(crate) fn new() -> Self {
        Self { capacity: CAPACITY, list: Mutex::default() }
    }

    /// Ends the session that began at `created`; it is remembered `until` it would
    /// have ended by itself.
    pub(crate) fn end(
        &self,
        id: SessionId,
        created: Timestamp,
        until: Timestamp,
        revoke_token: bool,
    ) {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if list.ended.len() >= self.capacity {
            let now = Timestamp::now();
            list.ended.retain(|_, ended| ended.until > now);
        }
        if list.ended.len() >= self.capacity {
            let middle = list.ended.keys().nth(self.capacity / 2).copied();
            if let Some(middle) = middle {
                list.ended = list.ended.split_off(&middle);
                list.watermark = Some(middle.0);
            }
        }
        list.ended.insert((created, id), Ended { until, revoke_token });
    }

    /// Whether the session was ended, without calling for its refresh token.
    pub(crate) fn is_ended(&self, id: SessionId, created: Timestamp) -> bool {
        let list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        list.watermark.is_some_and(|watermark| created <= watermark)
            || list.ended.contains_key(&(created, id))
    }

    /// Whether the session was ended. The refresh token is called for once.
    pub(crate) fn standing(&self, id: SessionId, created: Timestamp) -> Standing {
        let mut list = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = list.watermark.is_some_and(|watermark| created <= watermark);
        match list.ended.get_mut(&(created, id)) {
            Some(ended) => match std::mem::take(&mut ended.revoke_token) {
                true => Standing::EndedWithToken,
                false => Standing::Ended,
            },
            None if refused => Standing::Ended,
            None => Standing::Live,
        }
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RevocationList")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_ended_session_stays_ended_and_its_token_is_called_for_once() {
        let list = RevocationList::new();
        let (id, now) = (SessionId::random(), Timestamp::now());
        assert_eq!(list.standing(id, now), Standing::Live);
        list.end(id, now, now.plus(Duration::from_secs(60)), true);
        assert_eq!(list.standing(id, now), Standing::EndedWithToken);
        assert_eq!(list.standing(id, now), Standing::Ended);
        assert_eq!(list.standing(SessionId::random(), now), Standing::Live);
    }

    #[test]
    fn a_full_list_forgets_no_ended_session_but_refuses_all_older_ones() {
        let list = RevocationList { capacity: 100, list: Mutex::default() };
        let start = Timestamp::now();
        let at = |n: u64| start.plus(Duration::from_secs(n));
        let ids: Vec<_> = (0..250).map(|_| SessionId::random()).collect();
        for (n, id) in ids.iter().enumerate() {
            list.end(*id, at(n as u64), at(100_000), false);
        }
        for (n, id) in ids.iter().enumerate() {
            assert_eq!(list.standing(*id, at(n as u64)), Standing::Ended, "{n}");
        }
        assert_eq!(list.standing(SessionId::random(), at(0)), Standing::Ended);
        assert_eq!(list.standing(SessionId::random(), at(251)), Standing::Live);
        assert!(list.list.lock().expect("a list").ended.len() <= 100);
    }
}

//! A circuit breaker for each group of keys: after an outage, commands on them fail at once
//! until a background probe finds that it is over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The slots of a Cluster, grouped into as many groups as there are breakers: nodes have ranges
/// of slots, and a lost node must not stop the others.
const SLOTS: usize = 16_384;

pub(super) struct Breakers {
    groups: Vec<Mutex<Option<Tripped>>>,
    is_probed: AtomicBool,
}

/// Why a breaker is open, and the probe that finds out whether it can close.
struct Tripped {
    why: Arc<str>,
    key: Arc<str>,
}

impl Breakers {
    pub(super) fn new(groups: usize) -> Self {
        let groups = (0..groups).map(|_| Mutex::default()).collect();
        Self { groups, is_probed: AtomicBool::default() }
    }

    /// The group of a key.
    pub(super) fn group(&self, key: &str) -> usize {
        match self.groups.len() {
            1 => 0,
            groups => usize::from(crc16(key.as_bytes())) % SLOTS * groups / SLOTS,
        }
    }

    fn of(&self, group: usize) -> MutexGuard<'_, Option<Tripped>> {
        self.groups[group].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it is open, if it is.
    pub(super) fn why(&self, group: usize) -> Option<Arc<str>> {
        self.of(group).as_ref().map(|open| Arc::clone(&open.why))
    }

    /// Opens it because of a failure of this key, or updates why it is open.
    pub(super) fn open(&self, group: usize, why: &str, key: &str) {
        *self.of(group) = Some(Tripped { why: why.into(), key: key.into() });
    }

    pub(super) fn close(&self, group: usize) {
        *self.of(group) = None;
    }

    /// The next open group after this one, and one of its keys.
    pub(super) fn next(&self, after: usize) -> Option<(usize, Arc<str>)> {
        let count = self.groups.len();
        (1..=count).map(|step| (after + step) % count).find_map(|group| {
            let key = self.of(group).as_ref().map(|open| Arc::clone(&open.key))?;
            Some((group, key))
        })
    }

    /// Takes the right to probe, unless it is already taken.
    pub(super) fn take_probe(&self) -> bool {
        !self.is_probed.swap(true, Ordering::AcqRel)
    }

    /// Gives the right back.
    pub(super) fn return_probe(&self) {
        self.is_probed.store(false, Ordering::Release);
    }
}

/// CRC-16/XMODEM, as a Cluster computes it for a key.
fn crc16(key: &[u8]) -> u16 {
    key.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => (crc << 1) ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_open_until_it_is_closed_and_others_are_not() {
        let breakers = Breakers::new(16);
        assert_eq!(breakers.next(0), None);
        breakers.open(3, "no answer", "a");
        breakers.open(9, "no answer", "b");
        assert_eq!(breakers.why(3).as_deref(), Some("no answer"));
        assert_eq!(breakers.why(4), None);
        // All get their turn.
        assert_eq!(breakers.next(0), Some((3, "a".into())));
        assert_eq!(breakers.next(3), Some((9, "b".into())));
        assert_eq!(breakers.next(9), Some((3, "a".into())));
        breakers.open(3, "it is loading its data", "a");
        assert_eq!(breakers.why(3).as_deref(), Some("it is loading its data"));
        breakers.close(9);
        assert_eq!(breakers.next(3), Some((3, "a".into())));
        breakers.close(3);
        assert_eq!((breakers.why(3), breakers.next(3)), (None, None));
    }

    #[test]
    fn one_at_a_time_probes() {
        let breakers = Breakers::new(1);
        assert!(breakers.take_probe());
        assert!(!breakers.take_probe());
        breakers.return_probe();
        assert!(breakers.take_probe());
    }

    /// With the example value from the Redis Cluster specification.
    #[test]
    fn groups_are_ranges_of_the_slots_of_a_cluster() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        let breakers = Breakers::new(16);
        assert_eq!(breakers.group("123456789"), 0x31C3 / 1024);
        let groups: std::collections::BTreeSet<_> =
            (0..1000).map(|number| breakers.group(&number.to_string())).collect();
        assert_eq!(groups, (0..16).collect());
        assert_eq!(Breakers::new(1).group("123456789"), 0);
    }
}

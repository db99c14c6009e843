//! Sessions that were already opened, by the exact bytes they were read from.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::record::Record;

/// The size of an ordinary session, to size the tables.
const ORDINARY: u64 = 6 * 1024;

/// Identifies a session: 16 bytes that no other one has.
pub(crate) type Label = [u8; 16];

/// Opened sessions: if the same bytes come again, they need not be decrypted and decoded
/// again. Only values that opened get in, so strangers cannot fill it. Whether a session
/// is still live must be checked each time.
pub(crate) struct Opened(Cache<Label, Arc<Entry>, Weight>);

struct Entry {
    bytes: Box<[u8]>,
    record: Arc<Record>,
}

/// Roughly the bytes that an entry takes once its claims were read: each string and
/// number in them becomes a separate value.
#[derive(Clone)]
struct Weight;

impl Weighter<Label, Arc<Entry>> for Weight {
    fn weight(&self, _: &Label, entry: &Arc<Entry>) -> u64 {
        2048 + 8 * entry.bytes.len() as u64
    }
}

impl Opened {
    /// Opened sessions that take at most so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let sessions = usize::try_from(bytes / ORDINARY).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(sessions, bytes, Weight))
    }

    /// The session in exactly these bytes, opened with `open` if it is not yet.
    pub(crate) fn get_or_open(
        &self,
        label: Label,
        bytes: &[u8],
        open: impl FnOnce() -> Option<Record>,
    ) -> Option<Arc<Record>> {
        if let Some(entry) = self.0.get(&label).filter(|entry| *entry.bytes == *bytes) {
            return Some(Arc::clone(&entry.record));
        }
        let record = Arc::new(open()?);
        let entry = Entry { bytes: bytes.into(), record: Arc::clone(&record) };
        self.0.insert(label, Arc::new(entry));
        Some(record)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn forget(&self, label: &Label) {
        self.0.remove(label);
    }

    pub(crate) fn forget_all(&self, which: impl Fn(&Record) -> bool) {
        self.0.retain(|_, entry| !which(&entry.record));
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;
    use crate::clock::Timestamp;

    const LABEL: Label = [1; 16];
    const BOUND: u64 = 4 * 1024 * 1024;

    fn opens() -> Option<Record> {
        Some(record(Timestamp::now()))
    }

    fn panics() -> Option<Record> {
        panic!("opened again")
    }

    #[test]
    fn the_same_bytes_are_opened_once_and_their_claims_read_once() {
        let opened = Opened::new(BOUND);
        let first = opened.get_or_open(LABEL, b"sealed", opens).expect("it opens");
        let again = opened.get_or_open(LABEL, b"sealed", panics).expect("it was opened");
        let claims = first.id_token_claims().expect("claims");
        assert!(Arc::ptr_eq(claims, again.id_token_claims().expect("claims")));
    }

    /// S4: different bytes under the same label are opened separately.
    #[test]
    fn what_does_not_open_is_not_kept_and_takes_no_place() {
        let opened = Opened::new(BOUND);
        for forged in [&b"sealer"[..], b"seale", b"sealed!", b""] {
            assert!(opened.get_or_open(LABEL, forged, || None).is_none());
            assert_eq!(opened.0.len(), 0);
        }
        opened.get_or_open(LABEL, b"sealed", opens).expect("it opens");
        for forged in [&b"sealer"[..], b"seale", b"sealed!", b""] {
            assert!(opened.get_or_open(LABEL, forged, || None).is_none());
        }
        assert!(opened.get_or_open(LABEL, b"sealed", panics).is_some(), "it lost its place");
    }

    /// S28: with a limit of zero none are kept.
    #[test]
    fn without_room_everything_is_opened_each_time() {
        let opened = Opened::new(0);
        for _ in 0..2 {
            let mut count = 0;
            let open = || {
                count += 1;
                opens()
            };
            assert!(opened.get_or_open(LABEL, b"sealed", open).is_some());
            assert_eq!((count, opened.len()), (1, 0));
        }
    }

    /// S28: neither many nor large sessions exceed the memory limit.
    #[test]
    fn opened_sessions_are_bounded_in_bytes() {
        for size in [600, 40_000] {
            let opened = Opened::new(BOUND);
            let bytes = vec![0; size];
            for n in 0..2000_u128 {
                assert!(opened.get_or_open(n.to_le_bytes(), &bytes, opens).is_some());
                assert!(opened.0.weight() <= BOUND);
            }
            assert!(opened.0.weight() > BOUND / 2, "nothing was kept");
        }
    }
}

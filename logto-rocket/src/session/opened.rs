//! Sessions that were opened before, by the very bytes they were read from.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::record::Record;

/// Bytes that opened sessions may take.
const CAPACITY: u64 = 64 * 1024 * 1024;

/// What an ordinary session takes of it, for the size of the tables.
const ORDINARY: u64 = 6 * 1024;

/// What a session is found by: 16 bytes that no other one has.
pub(crate) type Label = [u8; 16];

/// Opened sessions: where the same bytes come again they need not be decrypted and
/// decoded again. Nothing gets in that did not open, so strangers cannot fill it.
/// Whether a session still lives is to be asked each time.
pub(crate) struct Opened(Cache<Label, Arc<Entry>, Weight>);

struct Entry {
    bytes: Box<[u8]>,
    record: Arc<Record>,
}

/// About what an entry takes once its claims were read: each text and number of
/// theirs becomes a value of its own.
#[derive(Clone)]
struct Weight;

impl Weighter<Label, Arc<Entry>> for Weight {
    fn weight(&self, _: &Label, entry: &Arc<Entry>) -> u64 {
        2048 + 8 * entry.bytes.len() as u64
    }
}

impl Opened {
    pub(crate) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(bytes: u64) -> Self {
        let sessions = usize::try_from(bytes / ORDINARY).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(sessions, bytes, Weight))
    }

    /// The session that these very bytes hold, opened with `open` if it was not yet.
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
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;
    use crate::clock::Timestamp;

    const LABEL: Label = [1; 16];

    fn opens() -> Option<Record> {
        Some(record(Timestamp::now()))
    }

    fn panics() -> Option<Record> {
        panic!("opened again")
    }

    #[test]
    fn the_same_bytes_are_opened_once_and_their_claims_read_once() {
        let opened = Opened::new();
        let first = opened.get_or_open(LABEL, b"sealed", opens).expect("it opens");
        let again = opened.get_or_open(LABEL, b"sealed", panics).expect("it was opened");
        let claims = first.id_token_claims().expect("claims");
        assert!(Arc::ptr_eq(claims, again.id_token_claims().expect("claims")));
    }

    /// S4: other bytes under the same label are opened themselves.
    #[test]
    fn what_does_not_open_is_not_kept_and_takes_no_place() {
        let opened = Opened::new();
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

    /// Neither many nor large sessions take more memory than they may.
    #[test]
    fn opened_sessions_are_bounded_in_bytes() {
        const BOUND: u64 = 4 * 1024 * 1024;
        for size in [600, 40_000] {
            let opened = Opened::with_capacity(BOUND);
            let bytes = vec![0; size];
            for n in 0..2000_u128 {
                assert!(opened.get_or_open(n.to_le_bytes(), &bytes, opens).is_some());
                assert!(opened.0.weight() <= BOUND);
            }
            assert!(opened.0.weight() > BOUND / 2, "nothing was kept");
        }
    }
}

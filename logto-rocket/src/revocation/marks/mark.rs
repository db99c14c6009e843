//! One mark: what it ends, and how it is written.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::session::record::Record;

/// The ended sessions of a user, or of one session at Logto.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SharedMark {
    /// Sessions whose ID token Logto issued at or before this second, by Logto's clock:
    /// instances' clocks differ.
    pub(super) issued_at: Option<i64>,
    /// Sessions that began at or before this moment.
    pub(super) created: Option<Timestamp>,
    /// When the last of them has surely expired.
    pub(super) until: Timestamp,
}

impl SharedMark {
    /// Whether it ends a session, and if so whether that session's refresh token must be
    /// revoked: after a logout at Logto, when a new sign-in has another grant.
    fn end(&self, record: &Record) -> Option<bool> {
        if self.issued_at.is_some_and(|at| record.issued_at <= at) {
            return Some(true);
        }
        self.created.is_some_and(|at| record.created <= at).then_some(false)
    }

    /// A mark that ends everything that either ends.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            issued_at: self.issued_at.max(other.issued_at),
            created: self.created.max(other.created),
            until: self.until.max(other.until),
        }
    }

    /// `None` for another version's mark.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        postcard::from_bytes(bytes).ok()
    }

    pub(super) fn encode(self) -> Vec<u8> {
        postcard::to_stdvec(&self).expect("a mark has a binary form")
    }
}

/// What the mark in these bytes does to a session.
pub(super) fn end(bytes: &[u8], record: &Record) -> Option<bool> {
    // Another version's mark cannot be trusted to spare a session.
    SharedMark::decode(bytes).map_or(Some(false), |mark| mark.end(record))
}

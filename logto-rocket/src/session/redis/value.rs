//! A session as Redis holds it: its version, its names, and the sealed data.

use super::super::store::StoredSession;
use crate::error::{Error, Result};

/// The parts of a session's value.
pub(super) struct SessionValue<'v> {
    pub(super) version: i64,
    pub(super) names: Vec<String>,
    pub(super) data: &'v [u8],
}

/// The value of a session. The version comes first, where the script compares it. It is
/// random: with a counter, a Redis that lost its last second, as may happen without
/// `appendfsync always`, would give two sessions the same number.
///
/// # Errors
///
/// It has more names than a session has.
pub(super) fn written(version: [u8; 8], session: &StoredSession) -> Result<Vec<u8>> {
    let too_much = |_| Error::store("a session has too many names, or one that is too long");
    let mut value = version.to_vec();
    value.push(u8::try_from(session.names.len()).map_err(too_much)?);
    for name in &session.names {
        value.extend(u16::try_from(name.len()).map_err(too_much)?.to_le_bytes());
        value.extend(name.as_bytes());
    }
    value.extend(&session.data);
    Ok(value)
}

impl<'v> SessionValue<'v> {
    /// Reads the output of [`written()`].
    ///
    /// # Errors
    ///
    /// Something else wrote it.
    pub(super) fn read(value: &'v [u8]) -> Result<Self> {
        Self::parts(value).ok_or_else(|| {
            Error::store("Redis holds something else under a session's key; is `prefix` its own?")
        })
    }

    fn parts(value: &'v [u8]) -> Option<Self> {
        let (version, rest) = value.split_first_chunk()?;
        let (count, mut rest) = rest.split_first()?;
        let mut names = Vec::new();
        for _ in 0..*count {
            let (length, after) = rest.split_first_chunk()?;
            let (name, after) = after.split_at_checked(u16::from_le_bytes(*length).into())?;
            names.push(std::str::from_utf8(name).ok()?.to_owned());
            rest = after;
        }
        Some(Self { version: i64::from_le_bytes(*version), names, data: rest })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_is_read_as_it_is_written(
            version: [u8; 8],
            names in prop::collection::vec("\\PC{0,60}", 0..5),
            data: Vec<u8>,
        ) {
            let session = StoredSession::new(data, names);
            let value = written(version, &session).expect("it is short");
            let read = SessionValue::read(&value).expect("it is ours");
            prop_assert_eq!(read.version, i64::from_le_bytes(version));
            prop_assert_eq!(read.names, session.names);
            prop_assert_eq!(read.data, session.data);
        }

        /// It is an error, not somebody's session.
        #[test]
        fn a_value_of_something_else_is_an_error_or_read_within_its_bounds(value: Vec<u8>) {
            if let Ok(read) = SessionValue::read(&value) {
                prop_assert!(read.data.len() + 9 <= value.len());
            }
        }
    }

    #[test]
    fn a_value_that_ends_early_is_an_error() {
        let session = StoredSession::new(Vec::new(), vec!["alice".into(), "sid".into()]);
        let value = written([7; 8], &session).expect("it is short");
        for length in 0..value.len() {
            assert!(SessionValue::read(&value[..length]).is_err(), "{length}");
        }
        let session = StoredSession::new(Vec::new(), vec!["x".repeat(70_000)]);
        assert!(written([7; 8], &session).is_err());
    }
}

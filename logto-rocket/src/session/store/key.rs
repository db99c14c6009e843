//! The id of a session, and its key in stores.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::seal;

/// The id of a session: 128 random bits. The cookie of a stored session carries it, and
/// anyone who has it has the session. It is only in the cookie and in the sealed record;
/// everything else knows the session by its key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId {
    bytes: [u8; 16],
    key: SessionKey,
}

impl SessionId {
    pub(crate) fn new(bytes: [u8; 16]) -> Self {
        Self { bytes, key: SessionKey(seal::sha256(&bytes)) }
    }

    pub(crate) fn random() -> Self {
        Self::new(seal::random())
    }

    pub(crate) fn bytes(&self) -> &[u8; 16] {
        &self.bytes
    }

    pub(crate) fn key(&self) -> SessionKey {
        self.key
    }

    /// The id as a cookie's value: 22 characters of base64url.
    pub(crate) fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.bytes)
    }

    /// Reads the output of [`to_text()`](Self::to_text); `None` for anything else.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        read(text).map(Self::new)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId([redacted])")
    }
}

/// The key of a session in a store: the SHA-256 of the id in the browser's cookie. It
/// does not give access to the session: no cookie can be made from a store's contents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    /// No key comes before it.
    pub(crate) const FIRST: Self = Self([0; 32]);

    /// The key as 43 characters of base64url, for stores whose keys are text.
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads the output of [`to_text()`](Self::to_text); `None` for anything else.
    pub fn from_text(text: &str) -> Option<Self> {
        read(text).map(Self)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first half, which no other key has either.
    pub(crate) fn label(&self) -> [u8; 16] {
        let mut label = [0; 16];
        label.copy_from_slice(&self.0[..16]);
        label
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({})", self.to_text())
    }
}

pub(super) fn read<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (length == N).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// S3: 128 bits of the system's randomness, 10⁵ ids without a repetition.
    #[test]
    fn session_ids_are_random_and_read_as_they_are_written() {
        let ids: HashSet<_> = (0..100_000).map(|_| SessionId::random()).collect();
        assert_eq!(ids.len(), 100_000);
        for id in ids.iter().take(100) {
            assert_eq!(SessionId::from_text(&id.to_text()), Some(*id));
            assert!(!format!("{id:?}").contains(&id.to_text()));
        }
        for text in
            ["", "x", "AAAAAAAAAAAAAAAAAAAAAA=", "AAAAAAAAAAAAAAAAAAAAAAA", "../../etc/passwd"]
        {
            assert_eq!(SessionId::from_text(text), None, "{text}");
        }
    }

    /// S22: the key is the hash of the id, is read as it is written, and is not an id
    /// itself.
    #[test]
    fn a_key_is_the_hash_of_its_id_and_not_an_id() {
        let id = SessionId::from_text("AAAAAAAAAAAAAAAAAAAAAA").expect("an id");
        let text = id.key().to_text();
        // `head -c 16 /dev/zero | sha256sum`
        let hash = "374708fff7719dd5979ec875d56cd2286f6d3cf7ec317a3b25632aab28ec37bb";
        let hex: String = id.key().0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, hash);
        assert_eq!(SessionKey::from_text(&text), Some(id.key()));
        assert_eq!(SessionId::from_text(&text), None);
        assert_ne!(SessionId::from_text(&text[..22]), Some(id));
        for text in ["", "AAAAAAAAAAAAAAAAAAAAAA", &text[1..], &format!("{text}A")] {
            assert_eq!(SessionKey::from_text(text), None, "{text}");
        }
    }
}

use serde::Deserialize;

/// How much is read of the body of a request that is refused, before the answer.
///
/// A browser that is still sending when the answer comes may lose it and show that the
/// connection was reset (RFC 9112 section 9.6), as for an upload after the session has
/// ended. So where a protected route or the sign-out refuses a request, the body is read
/// to its end first, and discarded. A part of it would help nobody: a body that
/// `Content-Length` says is too long is not read at all. A request that no protected route
/// refuses keeps its body: that of a guard which forwards, as `&User` does, is the next
/// route's.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DrainConfig {
    /// Bytes of the longest body that is read. One without a length is read up to here.
    /// **(default: `8388608`, 8 MiB; at most `1073741824`, 1 GiB; `0`: none is read)**
    pub max_bytes: u64,
    /// Seconds after which the answer goes out though the body has not ended.
    /// **(default: `10`; `1` to `600`)**
    pub seconds: u64,
    /// Bodies that are read at once at most; others are answered without.
    /// **(default: `64`; at most `1000000`; `0`: none is read)**
    pub requests: u64,
}

impl Default for DrainConfig {
    fn default() -> Self {
        Self { max_bytes: 8 * 1024 * 1024, seconds: 10, requests: 64 }
    }
}

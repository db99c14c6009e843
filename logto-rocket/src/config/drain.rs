use serde::Deserialize;

/// How much of a refused request's body is read before the answer.
///
/// A browser that is still sending when the answer comes may lose it and report a
/// connection reset (RFC 9112 section 9.6), for example during an upload after the session
/// has ended. So when a protected route or sign-out refuses a request, the body is first
/// read to its end and discarded. Reading only a part would not help: if `Content-Length`
/// says that the body is too long, it is not read at all. If a guard forwards, as `&User`
/// does, the body is left for the next route.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DrainConfig {
    /// The longest body that is read, in bytes. A body without a length is read up to
    /// this limit. **(default: `8388608`, 8 MiB; at most `1073741824`, 1 GiB; `0`: none
    /// is read)**
    pub max_bytes: u64,
    /// Seconds after which the answer is sent even if the body has not ended. **(default:
    /// `10`; `1` to `600`)**
    pub seconds: u64,
    /// The most bodies read at the same time; other requests are answered without.
    /// **(default: `64`; at most `1000000`; `0`: none is read)**
    pub requests: u64,
}

impl Default for DrainConfig {
    fn default() -> Self {
        Self { max_bytes: 8 * 1024 * 1024, seconds: 10, requests: 64 }
    }
}

//! Secrets that are overwritten in memory when they are dropped.

use std::fmt;
use std::mem;
use std::ops::Deref;

use openidconnect::{AccessToken, ClientSecret, Nonce, PkceCodeVerifier, RefreshToken};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize as _;

/// A secret that leaves nothing behind. Copies in the buffers of other libraries, such as
/// HTTP, may remain.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Wiped<T: Secret>(T);

/// A secret text whose memory is accessible.
pub(crate) trait Secret {
    fn take(&mut self) -> String;
}

macro_rules! secrets {
    ($($name:ident)*) => {$(
        impl Secret for $name {
            fn take(&mut self) -> String {
                mem::replace(self, Self::new(String::new())).into_secret()
            }
        }
    )*};
}

secrets!(AccessToken ClientSecret Nonce PkceCodeVerifier RefreshToken);

impl<T: Secret> From<T> for Wiped<T> {
    fn from(secret: T) -> Self {
        Self(secret)
    }
}

impl<T: Secret> Deref for Wiped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Secret> Drop for Wiped<T> {
    fn drop(&mut self) {
        self.0.take().zeroize();
    }
}

impl<T: Secret> fmt::Debug for Wiped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(all(test, target_os = "linux"))]
pub(crate) mod tests {
    use std::fs::File;
    use std::os::unix::fs::FileExt as _;

    use super::*;

    /// The memory of this process where `text` was when it was looked up.
    pub(crate) struct Place {
        address: u64,
        length: usize,
    }

    impl Place {
        pub(crate) fn of(bytes: &[u8]) -> Self {
            Self { address: bytes.as_ptr().addr() as u64, length: bytes.len() }
        }

        /// Whether any sixteen bytes of `secret` are still there.
        pub(crate) fn remembers(&self, secret: &[u8]) -> bool {
            let mut now = vec![0; self.length];
            let memory = File::open("/proc/self/mem").expect("Linux has it");
            // The allocator may have returned the memory.
            let read = memory.read_at(&mut now, self.address).unwrap_or(0);
            let found = |part: &[u8]| now[..read].windows(16).any(|bytes| bytes == part);
            secret.windows(16).any(found)
        }
    }

    /// H8: nothing of a secret is left where it was.
    #[test]
    fn a_dropped_secret_is_overwritten() {
        let secret = "0123456789abcdef".repeat(20);
        let token = Wiped::from(AccessToken::new(secret.clone()));
        let place = Place::of(token.secret().as_bytes());
        assert!(place.remembers(secret.as_bytes()));
        let copy = token.clone();
        drop(token);
        assert!(!place.remembers(secret.as_bytes()));
        assert_eq!((copy.secret(), format!("{copy:?}")), (&secret, "[redacted]".into()));
    }
}

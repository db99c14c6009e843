use std::fmt;

use openidconnect::ClientSecret;
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use zeroize::Zeroizing;

use crate::wiped::Wiped;

/// The secret of the application. Its `Debug` form is redacted.
#[derive(Clone)]
pub struct AppSecret(Wiped<ClientSecret>);

impl AppSecret {
    /// Keeps `secret` from being printed by accident.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(ClientSecret::new(secret.into()).into())
    }

    pub(crate) fn secret(&self) -> &str {
        self.0.secret()
    }
}

impl PartialEq for AppSecret {
    fn eq(&self, other: &Self) -> bool {
        crate::seal::same_secret(self.secret().as_bytes(), other.secret().as_bytes())
    }
}

impl fmt::Debug for AppSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AppSecret([redacted])")
    }
}

impl<'de> Deserialize<'de> for AppSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar(deserializer).map(Self::new)
    }
}

/// The secrets that seal cookies, the newest first. The `Debug` form is redacted.
///
/// ```rust
/// let secrets = logto_rocket::CookieSecrets::from(["a string of at least 32 random bytes"]);
/// assert_eq!(format!("{secrets:?}"), "CookieSecrets([redacted]; 1)");
/// ```
#[derive(Clone, Default)]
pub struct CookieSecrets(Vec<AppSecret>);

impl CookieSecrets {
    pub(crate) fn bytes(&self) -> Vec<Zeroizing<Vec<u8>>> {
        self.0.iter().map(|secret| secret.secret().as_bytes().to_vec().into()).collect()
    }
}

impl PartialEq for CookieSecrets {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for CookieSecrets {
    fn from(secrets: [S; N]) -> Self {
        Self(secrets.into_iter().map(AppSecret::new).collect())
    }
}

impl fmt::Debug for CookieSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CookieSecrets([redacted]; {})", self.0.len())
    }
}

impl<'de> Deserialize<'de> for CookieSecrets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Secrets;

        impl<'de> Visitor<'de> for Secrets {
            type Value = Vec<AppSecret>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(vec![AppSecret::new(text)])
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut secrets = Vec::new();
                while let Some(secret) = list.next_element()? {
                    secrets.push(secret);
                }
                Ok(secrets)
            }
        }
        deserializer.deserialize_any(Secrets).map(Self)
    }
}

/// Reads a string, and a number or boolean as the string it was written as: an id or
/// secret consisting of digits is a string without its quotes. The error does not repeat
/// the value.
pub(super) fn scalar<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    struct Scalar;

    impl<'de> Visitor<'de> for Scalar {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<String, E> {
            Ok(number.to_string())
        }

        fn visit_bool<E: Error>(self, flag: bool) -> Result<String, E> {
            Ok(flag.to_string())
        }

        fn visit_f64<E: Error>(self, _: f64) -> Result<String, E> {
            Err(E::custom("expected a string; put it in quotes"))
        }
    }
    deserializer.deserialize_any(Scalar)
}

/// Like [`scalar()`], or nothing: code can say so although a file says something.
pub(super) fn some_scalar<'de, D: Deserializer<'de>>(d: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Given(#[serde(deserialize_with = "scalar")] String);
    Ok(Option::<Given>::deserialize(d)?.map(|Given(text)| text))
}

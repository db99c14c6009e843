//! What Logto says about a user. Each claim is absent, null or a value, and the three
//! stay distinct: Logto leaves a claim out if its scope was not asked for, and sends null
//! if the user has no such thing.

mod access_token;
mod accessors;
mod address;
#[cfg(test)]
mod captures;
mod custom_data;
mod id_token;
mod identity;
mod object;
mod organization;
mod packed;
mod read;
mod set;
mod user;
mod user_info;

use serde::{Serialize, Serializer};
use serde_json::Value;

pub use self::access_token::{AccessTokenClaims, TokenClaims};
pub use self::address::Address;
pub use self::custom_data::CustomDataError;
pub use self::id_token::IdTokenClaims;
pub use self::identity::{Identity, IdentityDetails, SsoIdentity};
pub use self::organization::{OrganizationData, OrganizationRole};
pub(crate) use self::set::numeric_date;
pub use self::user::User;
pub use self::user_info::UserInfo;

/// A claim: absent, null or a value.
///
/// A claim, or a member of one, whose type is not the one its accessor reads counts as
/// absent: a change in how Logto describes a profile locks nobody out. The accessor
/// [`get()`](IdTokenClaims::get) returns it as JSON, whatever its type.
///
/// # Example
///
/// ```rust
/// use logto_rocket::{Claim, IdTokenClaims};
///
/// let claims: IdTokenClaims = serde_json::from_str(
///     r#"{ "iss": "https://foo.logto.app/oidc", "sub": "u1", "aud": "app",
///          "exp": 1, "iat": 0, "name": "Alice", "email": null }"#,
/// )?;
///
/// assert_eq!(claims.name(), Claim::Value("Alice"));
/// assert_eq!(claims.email(), Claim::Null);
/// assert_eq!(claims.phone_number(), Claim::Absent);
/// assert_eq!(claims.email().unwrap_or("none"), "none");
/// assert_eq!(Option::from(claims.name()), Some("Alice"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim<T> {
    /// Logto did not send the claim, or sent it with another type; usually its scope was
    /// not asked for.
    Absent,
    /// Logto sent null: the user has no such thing.
    Null,
    /// What Logto sent.
    Value(T),
}

impl<T> Claim<T> {
    /// Returns the value, or `None` if the claim is absent or null.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// Returns the value, or `default` if the claim is absent or null.
    pub fn unwrap_or(self, default: T) -> T {
        self.value().unwrap_or(default)
    }

    /// Returns the value, or the type's default if the claim is absent or null.
    pub fn unwrap_or_default(self) -> T
    where
        T: Default,
    {
        self.value().unwrap_or_default()
    }

    /// Returns the value, or `error` if the claim is absent or null.
    ///
    /// # Errors
    ///
    /// There is no value.
    pub fn ok_or<E>(self, error: E) -> Result<T, E> {
        self.value().ok_or(error)
    }

    /// The same claim with a reference to its value.
    pub fn as_ref(&self) -> Claim<&T> {
        match self {
            Self::Absent => Claim::Absent,
            Self::Null => Claim::Null,
            Self::Value(value) => Claim::Value(value),
        }
    }

    /// Whether Logto did not send the claim.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether Logto sent null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Applies `f` to the value, if there is one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Claim<U> {
        match self {
            Self::Absent => Claim::Absent,
            Self::Null => Claim::Null,
            Self::Value(value) => Claim::Value(f(value)),
        }
    }

    /// Reads the value as another type; absent if it does not fit.
    fn read<U>(self, read: impl FnOnce(T) -> Option<U>) -> Claim<U> {
        match self {
            Self::Absent => Claim::Absent,
            Self::Null => Claim::Null,
            Self::Value(value) => read(value).map_or(Claim::Absent, Claim::Value),
        }
    }
}

impl<'a> Claim<&'a Value> {
    /// What was found under a name.
    fn found(value: Option<&'a Value>) -> Self {
        match value {
            None => Self::Absent,
            Some(Value::Null) => Self::Null,
            Some(value) => Self::Value(value),
        }
    }
}

/// The value, or `None` if the claim is absent or null.
impl<T> From<Claim<T>> for Option<T> {
    fn from(claim: Claim<T>) -> Self {
        claim.value()
    }
}

/// As an `Option`: absent and null are null.
impl<T: Serialize> Serialize for Claim<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().value().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_is_written_as_its_value_and_as_null_without_one() {
        #[derive(Serialize)]
        struct Profile<'a> {
            name: Claim<&'a str>,
            email: Claim<&'a str>,
            roles: Claim<Vec<&'a str>>,
        }
        let profile = Profile {
            name: Claim::Value("Alice"),
            email: Claim::Absent,
            roles: Claim::Value(vec!["admin"]),
        };
        let expected = json!({"name": "Alice", "email": null, "roles": ["admin"]});
        assert_eq!(serde_json::to_value(profile).expect("JSON"), expected);
        assert_eq!(serde_json::to_value(Claim::<u8>::Null).expect("JSON"), json!(null));
    }

    #[test]
    fn a_claim_becomes_an_option_or_a_result() {
        let name = Claim::Value("Alice".to_owned());
        assert_eq!(name.as_ref().map(String::len), Claim::Value(5));
        assert_eq!(name.as_ref().ok_or("nobody"), Ok(&"Alice".to_owned()));
        assert_eq!(Option::from(name), Some("Alice".to_owned()));
        for none in [Claim::<u8>::Absent, Claim::Null] {
            assert_eq!((none.as_ref().ok_or(1), Option::<u8>::from(none)), (Err(1), None));
            assert_eq!(none.as_ref().is_null(), none.is_null());
        }
    }
}

//! Claims in the order they are written again: the known ones first, in a fixed
//! order, then all others as Logto sent them.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rocket::serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use super::Claim;

/// The JSON types a known claim may have besides null.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Any,
    Bool,
    Integer,
    Object,
    Text,
    TextList,
    TextOrList,
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        let is_text_list =
            || value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        match self {
            _ if value.is_null() => true,
            Self::Any => true,
            Self::Bool => value.is_boolean(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Object => value.is_object(),
            Self::Text => value.is_string(),
            Self::TextList => is_text_list(),
            Self::TextOrList => value.is_string() || is_text_list(),
        }
    }
}

/// The claims that both the ID token and the user info may carry beyond those
/// that have a place in the order.
pub(super) const UNORDERED: Fields =
    &[("roles", Kind::TextList), ("created_at", Kind::Integer), ("updated_at", Kind::Integer)];

/// The names of a type's claims that come first, in their order, with their types.
pub(super) type Fields = &'static [(&'static str, Kind)];

/// A user's claims.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ClaimSet(Vec<(Cow<'static, str>, Value)>);

impl ClaimSet {
    /// Claims that are known to be in order.
    pub(super) fn in_order(claims: Vec<(Cow<'static, str>, Value)>) -> Self {
        Self(claims)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    pub(super) fn get(&self, name: &str) -> Claim<&Value> {
        match self.0.iter().find(|(known, _)| known == name) {
            None => Claim::Absent,
            Some((_, Value::Null)) => Claim::Null,
            Some((_, value)) => Claim::Value(value),
        }
    }

    /// The claim if it has the type `read` reads; a claim of another type counts
    /// as absent, which only claims without a declared type can be.
    fn typed<'a, T>(&'a self, name: &str, read: impl Fn(&'a Value) -> Option<T>) -> Claim<T> {
        match self.get(name) {
            Claim::Absent => Claim::Absent,
            Claim::Null => Claim::Null,
            Claim::Value(value) => read(value).map_or(Claim::Absent, Claim::Value),
        }
    }

    pub(super) fn text(&self, name: &str) -> Claim<&str> {
        self.typed(name, Value::as_str)
    }

    pub(super) fn bool(&self, name: &str) -> Claim<bool> {
        self.typed(name, Value::as_bool)
    }

    pub(super) fn integer(&self, name: &str) -> Claim<i64> {
        self.typed(name, Value::as_i64)
    }

    /// Logto's times are milliseconds, where OpenID Connect has seconds.
    pub(super) fn time(&self, name: &str) -> Claim<SystemTime> {
        self.typed(name, |value| UNIX_EPOCH.checked_add(Duration::from_millis(value.as_u64()?)))
    }

    /// A list of texts; a single text is a list of one, as `aud` may be.
    pub(super) fn texts(&self, name: &str) -> Claim<Vec<&str>> {
        self.typed(name, |value| match value {
            Value::String(text) => Some(vec![text.as_str()]),
            Value::Array(list) => list.iter().map(Value::as_str).collect(),
            _ => None,
        })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| &**name)
    }

    /// Reads an object whose claims have the types that `fields` declares and
    /// which has every claim of `required`.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
        fields: Fields,
        required: &'static [&'static str],
    ) -> Result<Self, D::Error> {
        let mut claims = deserializer.deserialize_map(Claims(fields))?;
        // Nothing moves in a session's claims, which are written in order.
        claims.sort_by_key(|(name, _)| name.rank);

        // Two values for one claim are two answers to "who is this": refused.
        let twice = |pair: &&[(Name, Value)]| {
            pair[0].0.rank < fields.len() && pair[0].0.rank == pair[1].0.rank
        };
        if let Some(pair) = claims.windows(2).find(twice) {
            let name = &pair[0].0.text;
            return Err(D::Error::custom(format_args!("the claim `{name}` is given twice")));
        }
        let set = Self(claims.into_iter().map(|(name, value)| (name.text, value)).collect());
        for name in required {
            if set.get(name).value().is_none() {
                return Err(D::Error::custom(format_args!("the claim `{name}` is missing")));
            }
        }
        Ok(set)
    }
}

struct Claims(Fields);

impl<'de> Visitor<'de> for Claims {
    type Value = Vec<(Name, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut claims = Vec::with_capacity(24);
        while let Some(name) = map.next_key_seed(NameOf(self.0))? {
            let value: Value = map.next_value()?;
            if !name.kind.fits(&value) {
                let message = format_args!("the claim `{}` has the wrong type", name.text);
                return Err(A::Error::custom(message));
            }
            claims.push((name, value));
        }
        Ok(claims)
    }
}

/// A claim's name, with what is known of it.
struct Name {
    text: Cow<'static, str>,
    kind: Kind,
    rank: usize,
}

/// Reads a name; that of a known claim needs no memory.
struct NameOf(Fields);

impl<'de> DeserializeSeed<'de> for NameOf {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameOf {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a claim")
    }

    fn visit_str<E>(self, text: &str) -> Result<Name, E> {
        let place = |fields: Fields| fields.iter().position(|(known, _)| *known == text);
        let (text, kind, rank) = match (place(self.0), place(UNORDERED)) {
            (Some(at), _) => (Cow::Borrowed(self.0[at].0), self.0[at].1, at),
            (None, Some(at)) => (Cow::Borrowed(UNORDERED[at].0), UNORDERED[at].1, self.0.len()),
            (None, None) => (Cow::Owned(text.to_owned()), Kind::Any, self.0.len()),
        };
        Ok(Name { text, kind, rank })
    }
}

impl Serialize for ClaimSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Implements what the types over a [`ClaimSet`] share: reading, writing and the
/// claims that both the ID token and the user info have.
macro_rules! claims {
    ($name:ident, $fields:expr, $required:expr) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                super::set::ClaimSet::deserialize(d, $fields, $required).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(s)
            }
        }

        impl $name {
            /// The user's id (`sub`).
            pub fn subject(&self) -> &str {
                self.0.text("sub").unwrap_or_default()
            }

            /// The user's name to show. Scope `profile`.
            pub fn name(&self) -> super::Claim<&str> {
                self.0.text("name")
            }

            /// The name the user signs in with. Scope `profile`.
            pub fn username(&self) -> super::Claim<&str> {
                self.0.text("username")
            }

            /// The address of the user's picture. Scope `profile`.
            pub fn picture(&self) -> super::Claim<&str> {
                self.0.text("picture")
            }

            /// The user's email address. Scope `email`.
            pub fn email(&self) -> super::Claim<&str> {
                self.0.text("email")
            }

            /// Whether the email address was verified. Scope `email`.
            pub fn email_verified(&self) -> super::Claim<bool> {
                self.0.bool("email_verified")
            }

            /// The user's phone number. Scope `phone`.
            pub fn phone_number(&self) -> super::Claim<&str> {
                self.0.text("phone_number")
            }

            /// Whether the phone number was verified. Scope `phone`.
            pub fn phone_number_verified(&self) -> super::Claim<bool> {
                self.0.bool("phone_number_verified")
            }

            /// The names of the user's roles. Scope `roles`.
            pub fn roles(&self) -> super::Claim<Vec<&str>> {
                self.0.texts("roles")
            }

            /// The ids of the user's organizations. Scope
            /// `urn:logto:scope:organizations`.
            pub fn organizations(&self) -> super::Claim<Vec<&str>> {
                self.0.texts("organizations")
            }

            /// The user's roles in organizations, each as `organization:role`.
            /// Scope `urn:logto:scope:organization_roles`.
            pub fn organization_roles(&self) -> super::Claim<Vec<&str>> {
                self.0.texts("organization_roles")
            }

            /// When the user was created. Scope `profile`.
            pub fn created_at(&self) -> super::Claim<std::time::SystemTime> {
                self.0.time("created_at")
            }

            /// When the user last changed. Scope `profile`.
            pub fn updated_at(&self) -> super::Claim<std::time::SystemTime> {
                self.0.time("updated_at")
            }

            /// The claim of this name as JSON, whichever it is.
            pub fn get(&self, name: &str) -> super::Claim<&serde_json::Value> {
                self.0.get(name)
            }

            /// The names of all claims that Logto sent, in the order in which
            /// they are serialized.
            pub fn names(&self) -> impl Iterator<Item = &str> {
                self.0.names()
            }
        }
    };
}

pub(super) use claims;

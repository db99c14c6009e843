//! Claims from JSON and back: the known ones first, in a fixed order, then all
//! others as they were sent.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

use super::set::{ClaimSet, whole_seconds};

/// How a type of claims is read.
pub(super) struct Shape {
    /// The claims that come first, in their order.
    pub(super) order: &'static [&'static str],
    /// The claims that must be present.
    pub(super) required: &'static [&'static str],
    /// The claims that the protocol decides by. With another type they do not answer "who
    /// is this"; any other claim may have any type.
    pub(super) protocol: &'static [(&'static str, ClaimKind)],
}

/// The JSON types that a claim of the protocol may have besides null.
#[derive(Clone, Copy)]
pub(super) enum ClaimKind {
    Number,
    Text,
    TextList,
    TextOrList,
}

impl ClaimKind {
    fn fits(self, value: &Value) -> bool {
        let is_text_list =
            || value.as_array().is_some_and(|list| list.iter().all(Value::is_string));
        match self {
            _ if value.is_null() => true,
            Self::Number => whole_seconds(value).is_some(),
            Self::Text => value.is_string(),
            Self::TextList => is_text_list(),
            Self::TextOrList => value.is_string() || is_text_list(),
        }
    }
}

impl Shape {
    fn check(&self, claims: &[(String, Value)]) -> Result<(), String> {
        // Two values for one claim are two answers to "who is this" (RFC 7519 section 4).
        let mut names = HashSet::with_capacity(claims.len());
        if let Some((name, _)) = claims.iter().find(|(name, _)| !names.insert(name)) {
            return Err(format!("the claim `{name}` is given twice"));
        }
        let find = |name| claims.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        for (name, kind) in self.protocol {
            if find(*name).is_some_and(|value| !kind.fits(value)) {
                return Err(format!("the claim `{name}` has the wrong type"));
            }
        }
        match self.required.iter().find(|name| find(name).is_none_or(Value::is_null)) {
            Some(name) => Err(format!("the claim `{name}` is missing")),
            None => Ok(()),
        }
    }

    fn rank(&self, name: &str) -> usize {
        self.order.iter().position(|known| *known == name).unwrap_or(self.order.len())
    }
}

impl ClaimSet {
    /// Reads a JSON object with claims.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
        shape: &Shape,
    ) -> Result<Self, D::Error> {
        let mut claims = deserializer.deserialize_map(Claims)?;
        shape.check(&claims).map_err(D::Error::custom)?;
        claims.sort_by_key(|(name, _)| shape.rank(name));
        let claims = claims.into_iter().map(|(name, value)| (Cow::Owned(name), value));
        Ok(Self::in_order(claims.collect()))
    }
}

struct Claims;

impl<'de> Visitor<'de> for Claims {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object with claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut claims = Vec::with_capacity(24);
        while let Some(claim) = map.next_entry()? {
            claims.push(claim);
        }
        Ok(claims)
    }
}

impl Serialize for ClaimSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Implements reading and writing of a type over a [`ClaimSet`].
macro_rules! claims {
    ($name:ident, $shape:expr) => {
        impl $name {
            pub(super) fn claims(&self) -> &super::set::ClaimSet {
                &self.0
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                super::set::ClaimSet::deserialize(d, &$shape).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(s)
            }
        }
    };
}

pub(super) use claims;

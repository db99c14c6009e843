//! A JSON object inside a claim, read member by member.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::Claim;

/// A JSON object of which any member may be absent or unknown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Object<'a>(&'a Map<String, Value>);

impl<'a> Object<'a> {
    pub(super) fn read(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    pub(super) fn get(self, name: &str) -> Claim<&'a Value> {
        Claim::found(self.0.get(name))
    }

    /// The member under the first of these names that exists: Logto writes the names
    /// inside a claim in camel case, the standards do not.
    pub(super) fn any(self, names: &[&str]) -> Claim<&'a Value> {
        Claim::found(names.iter().find_map(|name| self.0.get(*name)))
    }

    pub(super) fn text(self, names: &[&str]) -> Claim<&'a str> {
        self.any(names).read(Value::as_str)
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Implements what the types over an [`Object`] share.
macro_rules! object {
    ($name:ident) => {
        impl<'a> $name<'a> {
            /// The member with this name as JSON, both as Logto wrote them.
            pub fn get(&self, name: &str) -> crate::Claim<&'a serde_json::Value> {
                self.0.get(name)
            }
        }

        impl serde::Serialize for $name<'_> {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(s)
            }
        }
    };
}

pub(super) use object;

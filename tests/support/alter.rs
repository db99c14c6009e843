//! Changes to a JSON object.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::encode::random;

/// A change to a JSON object: claims, a header, an answer.
#[derive(Clone)]
pub struct Alter {
    what: String,
    change: Arc<dyn Fn(&mut Value) + Send + Sync>,
}

impl Alter {
    /// Returns a change; `what` describes it when a test fails.
    pub fn by(
        what: impl Into<String>,
        change: impl Fn(&mut Value) + Send + Sync + 'static,
    ) -> Self {
        Self { what: what.into(), change: Arc::new(change) }
    }

    /// Returns the change that sets `key`.
    pub fn set(key: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let what = format!("{key} = {value}");
        Self::by(what, move |object| object[key] = value.clone())
    }

    /// Returns the change that removes `key`.
    pub fn without(key: &'static str) -> Self {
        Self::by(format!("no {key}"), move |object| {
            let removed = object.as_object_mut().and_then(|map| map.remove(key));
            assert!(removed.is_some(), "there is no `{key}` to take away");
        })
    }

    /// Returns the change that appends `suffix` to the text under `key`.
    pub fn append(key: &'static str, suffix: &'static str) -> Self {
        Self::by(format!("{key} + {suffix:?}"), move |object| {
            let text = object[key].as_str().unwrap_or_else(|| panic!("`{key}` is not a text"));
            object[key] = format!("{text}{suffix}").into();
        })
    }

    /// Returns the change to the claims of a member of so many organizations, with two roles in
    /// each.
    pub fn member(organizations: usize) -> Self {
        let ids: Vec<_> = (0..organizations).map(|_| random()[..12].to_owned()).collect();
        let roles: Vec<_> =
            ids.iter().flat_map(|id| [format!("{id}:admin"), format!("{id}:member")]).collect();
        Self::by(format!("{organizations} organizations"), move |claims| {
            claims["organizations"] = ids.clone().into();
            claims["organization_roles"] = roles.clone().into();
        })
    }

    /// Returns the change that puts `value` in place of the whole object.
    pub fn replace(value: impl Into<Value>) -> Self {
        let value = value.into();
        Self::by(format!("{value}"), move |object| *object = value.clone())
    }

    pub(crate) fn apply(&self, object: &mut Value) {
        (self.change)(object);
    }
}

impl fmt::Debug for Alter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.120}", self.what)
    }
}

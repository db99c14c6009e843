//! Claims by their names, each read as the type it should have.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::Claim;

/// Claims in the order in which they are written again.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ClaimSet(Vec<(Cow<'static, str>, Value)>);

impl ClaimSet {
    /// Claims that are known to be in order.
    pub(super) fn in_order(claims: Vec<(Cow<'static, str>, Value)>) -> Self {
        Self(claims)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// The claims but those of these names.
    pub(super) fn without(&self, names: &[&str]) -> Self {
        Self(self.0.iter().filter(|(name, _)| !names.contains(&&**name)).cloned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Claim<&Value> {
        Claim::found(self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value))
    }

    pub(super) fn text(&self, name: &str) -> Claim<&str> {
        self.get(name).read(Value::as_str)
    }

    pub(super) fn bool(&self, name: &str) -> Claim<bool> {
        self.get(name).read(Value::as_bool)
    }

    /// A time of the protocol, in seconds (RFC 7519 section 2, NumericDate).
    pub(super) fn seconds(&self, name: &str) -> Claim<SystemTime> {
        self.get(name).read(|value| {
            let whole = value.as_u64().map(Duration::from_secs);
            let fraction = || Duration::try_from_secs_f64(value.as_f64()?).ok();
            UNIX_EPOCH.checked_add(whole.or_else(fraction)?)
        })
    }

    /// A time of Logto's own, in milliseconds.
    pub(super) fn milliseconds(&self, name: &str) -> Claim<SystemTime> {
        self.get(name).read(|value| UNIX_EPOCH.checked_add(Duration::from_millis(value.as_u64()?)))
    }

    /// A list, if `read` can read every element.
    pub(super) fn list<'a, T>(
        &'a self,
        name: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Claim<Vec<T>> {
        self.get(name).read(|value| value.as_array()?.iter().map(read).collect())
    }

    pub(super) fn texts(&self, name: &str) -> Claim<Vec<&str>> {
        self.list(name, Value::as_str)
    }

    /// One text or a list of them, as `aud` may be (RFC 7519 section 4.1.3).
    pub(super) fn one_or_more(&self, name: &str) -> Claim<Vec<&str>> {
        match self.text(name) {
            Claim::Value(text) => Claim::Value(vec![text]),
            Claim::Absent | Claim::Null => self.texts(name),
        }
    }
}

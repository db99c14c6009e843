//! Claims by their names, each read as the type it should have.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{Deserialize as _, Deserializer, Error as _};
use serde_json::Value;

use super::Claim;

/// Reads a time of the protocol in whole seconds (RFC 7519 section 2: it may have a fraction).
pub(crate) fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    whole_seconds(&value).ok_or_else(|| D::Error::custom("it is not a time"))
}

/// A time in seconds without its fraction, if a float represents it exactly.
pub(super) fn whole_seconds(value: &Value) -> Option<i64> {
    // 2^53; beyond it not every whole number has its own float.
    const LAST: f64 = 9_007_199_254_740_992.0;
    let fraction = || value.as_f64().filter(|seconds| seconds.abs() < LAST);
    #[expect(clippy::cast_possible_truncation, reason = "it is what is asked for")]
    value.as_i64().or_else(|| fraction().map(|seconds| seconds.floor() as i64))
}

/// Claims in the order in which they are written.
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

    /// The claims except those with these names.
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

    /// A time in Logto's own format, in milliseconds.
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

    /// One string or a list of them, as `aud` may be (RFC 7519 section 4.1.3).
    pub(super) fn one_or_more(&self, name: &str) -> Claim<Vec<&str>> {
        match self.text(name) {
            Claim::Value(text) => Claim::Value(vec![text]),
            Claim::Absent | Claim::Null => self.texts(name),
        }
    }
}

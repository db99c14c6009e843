//! API resources, and their names in the code.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, ErrorKind, Result};
use crate::uri::is_name;

/// API resources, by their indicators. It derefs to these.
///
/// A list gives just the indicators. A table gives each one a name for the code to use,
/// if indicators differ between deployments:
///
/// ```toml
/// [default.logto.resources]
/// items = "https://staging.example.com/items"
///
/// [release.logto.resources]
/// items = "https://api.example.com/items"
/// ```
///
/// A name consists of ASCII letters, digits, `-` and `_`, and works wherever an indicator
/// does: `#[authenticated(resource = "items")]`, `#[resource("items")]`,
/// [`Policy::resource()`](crate::Policy::resource) and
/// [`Audience::resource()`](crate::Audience::resource). A route with a name that is not in
/// the configuration stops the launch. `LOGTO_RESOURCES` replaces the whole table, and may
/// have names too: `items=https://api.example.com/items`.
///
/// ```rust
/// use logto_rocket::{Config, Resources};
///
/// let mut config = Config::new("https://foo.logto.app", "app");
/// config.resources = ["https://api.example.com"].into();
/// config.resources = Resources::default().named("items", "https://api.example.com");
/// assert_eq!(config.resources[0], "https://api.example.com");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    indicators: Vec<String>,
    /// The indicator of each name.
    names: BTreeMap<String, String>,
}

impl Resources {
    /// Adds this resource, with a name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>, indicator: impl Into<String>) -> Self {
        let indicator = indicator.into();
        self.indicators.push(indicator.clone());
        self.names.insert(name.into(), indicator);
        self
    }

    /// Anything but a name is an indicator itself.
    ///
    /// # Errors
    ///
    /// The configuration does not have the name.
    pub(crate) fn indicator<'a>(&'a self, given: &'a str) -> Result<&'a str> {
        if !is_name(given.as_bytes()) {
            return Ok(given);
        }
        self.names.get(given).map(String::as_str).ok_or_else(|| self.unknown(given))
    }

    fn unknown(&self, name: &str) -> Error {
        let names: Vec<_> = self.names.keys().map(|name| format!("`{name}`")).collect();
        let known = match names.is_empty() {
            true => "none of them has a name".to_owned(),
            false => format!("there are {}", names.join(", ")),
        };
        let detail = format!(
            "`resources` in the configuration has no `{name}`, {known}; add \
             `{name} = \"https://..\"` to the table `logto.resources`"
        );
        Error::new(ErrorKind::NotGranted, detail)
    }

    /// The invalid names.
    pub(super) fn wrong_names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str).filter(|name| !is_name(name.as_bytes()))
    }

    /// Adds `https://..` or `name=https://..`; returns whether the name is new.
    fn add(&mut self, item: &str) -> bool {
        let pair = item.split_once('=').filter(|(name, _)| is_name(name.as_bytes()));
        let Some((name, indicator)) = pair else {
            self.indicators.push(item.to_owned());
            return true;
        };
        let is_new = !self.names.contains_key(name);
        *self = std::mem::take(self).named(name, indicator);
        is_new
    }

    fn of<'i, E: serde::de::Error>(items: impl IntoIterator<Item = &'i str>) -> Result<Self, E> {
        let mut resources = Self::default();
        for item in items {
            if !resources.add(item) {
                let name = item.split('=').next().unwrap_or_default();
                return Err(E::custom(format!("`{name}`: the name is given twice")));
            }
        }
        Ok(resources)
    }
}

impl Deref for Resources {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.indicators
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for Resources {
    fn from(indicators: [S; N]) -> Self {
        Self::from_iter(indicators)
    }
}

impl<S: Into<String>> FromIterator<S> for Resources {
    fn from_iter<I: IntoIterator<Item = S>>(indicators: I) -> Self {
        let indicators = indicators.into_iter().map(Into::into).collect();
        Self { indicators, names: BTreeMap::new() }
    }
}

impl<'de> Deserialize<'de> for Resources {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;

        impl<'de> Visitor<'de> for Form {
            type Value = Resources;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of URIs, or a table of names and URIs")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Resources, E> {
                let items = text.split([',', ' ']).map(str::trim);
                Resources::of(items.filter(|item| !item.is_empty()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Resources, A::Error> {
                let mut items: Vec<String> = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Resources::of(items.iter().map(String::as_str))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Resources, A::Error> {
                let mut resources = Resources::default();
                while let Some((name, indicator)) = table.next_entry::<String, String>()? {
                    resources = resources.named(name, indicator);
                }
                Ok(resources)
            }
        }
        deserializer.deserialize_any(Form)
    }
}

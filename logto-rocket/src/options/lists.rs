//! Lists as the configuration may write them.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// Reads a list, or one string with commas or spaces between its items.
pub(crate) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    struct Texts;

    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of strings")
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            let items = text.split([',', ' ']).map(str::trim).filter(|item| !item.is_empty());
            Ok(items.map(String::from).collect())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut texts = Vec::new();
            while let Some(text) = list.next_element()? {
                texts.push(text);
            }
            Ok(texts)
        }
    }
    deserializer.deserialize_any(Texts)
}

/// Like [`names()`]; nothing is `None`.
pub(super) fn some_or_list<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    names(deserializer).map(Some)
}

/// Reads one name, or a list of names, or names with spaces between them.
pub(crate) fn names<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let read = |name: String| T::deserialize(StringDeserializer::<D::Error>::new(name));
    texts(deserializer)?.into_iter().map(read).collect()
}

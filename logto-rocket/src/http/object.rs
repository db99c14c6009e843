use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer as _;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};

/// Reads a JSON object. Serde by itself also takes a list, for the fields of `T` in
/// the order in which they were declared.
pub(crate) fn object<T: DeserializeOwned>(json: &[u8]) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let value = reader.deserialize_map(OneObject(PhantomData))?;
    reader.end()?;
    Ok(value)
}

struct OneObject<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for OneObject<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

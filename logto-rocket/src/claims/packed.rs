//! The compact form of claims in a session: a byte for a common name, a tag and the bare
//! value; lists and objects refer back to earlier ones. Smaller than JSON, and every
//! request carries it; faster to read, and every handler that takes the user waits for
//! it.

mod tree;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::tree::{Reader, Writer};
use super::set::ClaimSet;

/// Names of further claims that Logto sends. Append only: a name's position is its number
/// in cookies. A new order needs a new record format.
const NAMES: &[&str] = &[
    "roles",
    "created_at",
    "updated_at",
    "nonce",
    "sid",
    "auth_time",
    "azp",
    "acr",
    "jti",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "address",
    "custom_data",
    "identities",
    "sso_identities",
    "organization_data",
    "amr",
];

/// The names of a type that come first, in their order.
type Order = &'static [&'static str];

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Name<'a> {
    Known(u8),
    Other(&'a str),
}

#[derive(Serialize, Deserialize)]
enum Packed<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    #[serde(borrow)]
    Text(&'a str),
    #[serde(borrow)]
    Tree(Cow<'a, [u8]>),
}

type PackedClaim<'a> = (Name<'a>, Packed<'a>);

/// The known names by number: those of the type, then all others.
fn number(name: &str, order: Order) -> Option<u8> {
    let at = order.iter().chain(NAMES).position(|known| *known == name)?;
    u8::try_from(at).ok()
}

fn name(number: u8, order: Order) -> Option<&'static str> {
    let at = usize::from(number);
    order.get(at).or_else(|| NAMES.get(at.checked_sub(order.len())?)).copied()
}

impl ClaimSet {
    pub(super) fn pack(&self, order: Order) -> Vec<u8> {
        let (mut out, mut writer) = (Vec::new(), Writer::default());
        for (name, value) in self.iter() {
            let name = number(name, order).map_or(Name::Other(name), Name::Known);
            out = postcard::to_extend(&(name, pack(value, &mut writer)), out)
                .expect("a claim has a binary form");
        }
        out
    }

    /// The text of one claim from the output of [`pack()`](Self::pack); nothing else is
    /// read.
    pub(super) fn packed_text<'a>(
        mut bytes: &'a [u8],
        order: Order,
        wanted: &str,
    ) -> Option<&'a str> {
        while !bytes.is_empty() {
            let ((name, value), rest) = postcard::take_from_bytes::<PackedClaim<'a>>(bytes).ok()?;
            let is_wanted = match name {
                Name::Known(number) => self::name(number, order) == Some(wanted),
                Name::Other(name) => name == wanted,
            };
            match value {
                Packed::Text(text) if is_wanted => return Some(text),
                _ if is_wanted => return None,
                _ => bytes = rest,
            }
        }
        None
    }

    /// Reads the output of [`pack()`](Self::pack), in the same order.
    pub(super) fn unpack(mut bytes: &[u8], order: Order) -> Option<Self> {
        let (mut claims, mut reader) = (Vec::with_capacity(24), Reader::default());
        while !bytes.is_empty() {
            let ((name, value), rest) = postcard::take_from_bytes::<PackedClaim<'_>>(bytes).ok()?;
            claims.push((unpack_name(name, order)?, unpack(&value, &mut reader)?));
            bytes = rest;
        }
        Some(Self::in_order(claims))
    }
}

fn pack<'a>(value: &'a Value, writer: &mut Writer<'a>) -> Packed<'a> {
    match value {
        Value::Null => Packed::Null,
        Value::Bool(flag) => Packed::Bool(*flag),
        Value::String(text) => Packed::Text(text),
        Value::Number(number) if number.is_i64() => {
            Packed::Integer(number.as_i64().unwrap_or_default())
        }
        other => Packed::Tree(writer.write(other).into()),
    }
}

fn unpack_name(name: Name<'_>, order: Order) -> Option<Cow<'static, str>> {
    match name {
        Name::Known(number) => self::name(number, order).map(Cow::Borrowed),
        Name::Other(name) => Some(Cow::Owned(name.to_owned())),
    }
}

fn unpack<'a>(value: &Packed<'a>, reader: &mut Reader<'a>) -> Option<Value> {
    match value {
        Packed::Null => Some(Value::Null),
        Packed::Bool(flag) => Some((*flag).into()),
        Packed::Integer(number) => Some((*number).into()),
        Packed::Text(text) => Some((*text).into()),
        // Borrowed from the bytes that were read.
        Packed::Tree(Cow::Borrowed(tree)) => reader.read(tree),
        Packed::Tree(Cow::Owned(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;
    use serde_json::json;

    use super::super::IdTokenClaims;
    use super::*;

    /// Names of claims that may have any type, with and without a number.
    fn name() -> impl Strategy<Value = String> {
        let typed = ["nonce", "sid", "auth_time", "azp", "acr", "amr", "at_hash", "nbf"];
        prop_oneof![select(NAMES).prop_map(Into::into), ".*"]
            .prop_filter("a claim of the protocol", move |name: &String| {
                !typed.contains(&name.as_str())
            })
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
            // With words that come again.
            "[ab:]{0,4}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let object = vec((".*", inner.clone()), 0..4);
            prop_oneof![
                vec(inner, 0..4).prop_map(Value::from),
                object.prop_map(|members| members.into_iter().collect::<Value>()),
            ]
        })
    }

    proptest! {
        /// As JSON and in a session, claims are what they were.
        #[test]
        fn claims_survive_every_form_they_take(others in vec((name(), value()), 0..6)) {
            let mut sent = json!({"iss": "i", "sub": "u", "aud": "a", "exp": 2, "iat": 1});
            for (name, value) in others {
                sent.as_object_mut().expect("an object").entry(name).or_insert(value);
            }
            let claims: IdTokenClaims = serde_json::from_value(sent).expect("claims");
            let unpacked = IdTokenClaims::unpack(&claims.pack());
            prop_assert_eq!(unpacked.as_ref(), Some(&claims));
            let written = serde_json::to_string(&claims).expect("JSON");
            prop_assert_eq!(serde_json::from_str::<IdTokenClaims>(&written).expect("claims"), claims);
        }

        #[test]
        fn what_was_not_packed_is_refused_or_read_and_never_a_panic(bytes in vec(any::<u8>(), 0..64)) {
            if let Some(claims) = IdTokenClaims::unpack(&bytes) {
                prop_assert_eq!(IdTokenClaims::unpack(&claims.pack()), Some(claims));
            }
        }
    }
}

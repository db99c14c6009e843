//! A JWT in its compact form, not yet trusted.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use crate::claims::numeric_date;

/// The longest token that is read; Logto's have some hundred bytes.
pub(crate) const MAX_BYTES: usize = 16 * 1024;

/// The parts of a JWS in compact form (RFC 7515 section 7.1).
pub(super) struct Compact<'a> {
    header: Header,
    /// The signed text.
    pub(super) signed: &'a str,
    pub(super) payload: String,
    pub(super) signature: Vec<u8>,
}

/// The fields read from a header. Keys inside the token (`jwk`, `jku`, `x5c`, `x5u`) are
/// not.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default, deserialize_with = "some")]
    typ: Option<String>,
    #[serde(default, deserialize_with = "some")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "is_present")]
    crit: bool,
}

impl<'a> Compact<'a> {
    /// Splits a token, after checking its size: nothing large or deep is decoded.
    pub(super) fn parse(token: &'a str) -> Result<Self, &'static str> {
        const FORM: &str = "it is malformed";
        if token.len() > MAX_BYTES {
            return Err("it is too long");
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(FORM)?;
        let (header, payload) = signed.split_once('.').ok_or(FORM)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| FORM);
        // RFC 7519 section 7.2: both must be UTF-8, even in members that are not read.
        let text = |part: &str| String::from_utf8(decode(part)?).map_err(|_| FORM);
        let header: Header =
            serde_json::from_str(&text(header)?).map_err(|_| "its header is malformed")?;
        // Section 4.1.11: a recipient that does not understand every extension must
        // refuse.
        if header.crit {
            return Err("its header has a critical extension");
        }
        Ok(Self { header, signed, payload: text(payload)?, signature: decode(signature)? })
    }

    pub(super) fn alg(&self) -> &str {
        &self.header.alg
    }

    pub(super) fn typ(&self) -> Option<&str> {
        self.header.typ.as_deref()
    }

    pub(super) fn kid(&self) -> Option<&str> {
        self.header.kid.as_deref()
    }
}

/// A member that may be absent, but not null.
pub(super) fn some<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A date that may be absent, but not null.
pub(super) fn some_date<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<i64>, D::Error> {
    numeric_date(deserializer).map(Some)
}

/// Whether `typ` is this type. The `application/` prefix may be left out (RFC 7515
/// section 4.1.9).
pub(super) fn is_type(typ: &str, expected: &str) -> bool {
    let name = match typ.split_once('/') {
        Some((kind, name)) if kind.eq_ignore_ascii_case("application") => name,
        _ => typ,
    };
    name.eq_ignore_ascii_case(expected)
}

/// Whether a member is present, whatever its value.
pub(super) fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str) -> String {
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode("{}"))
    }

    fn parse(header: &str) -> Result<(), &'static str> {
        Compact::parse(&token(header)).map(|_| ())
    }

    #[test]
    fn a_token_is_taken_apart() {
        let text = token(r#"{"alg":"ES384","kid":"k","typ":"logout+jwt","jwk":{"kty":"oct"}}"#);
        let token = Compact::parse(&text).expect("a token");
        assert_eq!((token.alg(), token.kid()), ("ES384", Some("k")));
        assert_eq!((token.typ(), token.payload.as_str()), (Some("logout+jwt"), "{}"));
        assert_eq!(format!("{}.AAAA", token.signed), text);
    }

    /// L4: even in a member that is not read.
    #[test]
    fn anything_but_utf8_is_refused() {
        let encode = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
        let (header, claims) = (br#"{"alg":"ES384","x":"?"}"#.to_vec(), br#"{"x":"?"}"#.to_vec());
        let odd = |text: &[u8]| text.iter().map(|b| if *b == b'?' { 0x9e } else { *b }).collect();
        let parse = |header: Vec<u8>, claims: Vec<u8>| {
            Compact::parse(&format!("{}.{}.AAAA", encode(&header), encode(&claims))).is_ok()
        };
        assert!(parse(header.clone(), claims.clone()));
        assert!(!parse(odd(&header), claims.clone()));
        assert!(!parse(header, odd(&claims)));
    }

    /// T2, T5: no algorithm, and extensions that must be understood.
    #[test]
    fn a_malformed_header_or_one_with_a_critical_extension_is_refused() {
        for header in [
            "{}",
            "[]",
            "null",
            "",
            r#"{"alg":null}"#,
            r#"{"alg":["ES384"]}"#,
            r#"{"alg":"ES384","alg":"none"}"#,
            r#"{"alg":"ES384","kid":7}"#,
            r#"{"alg":"ES384","typ":null}"#,
            r#"{"alg":"ES384","crit":["exp"]}"#,
            r#"{"alg":"ES384","crit":[]}"#,
            r#"{"alg":"ES384","crit":null}"#,
        ] {
            assert!(parse(header).is_err(), "{header}");
        }
        assert!(parse(r#"{"alg":"ES384"}"#).is_ok());
    }

    /// T18: refused before any part of it is decoded.
    #[test]
    fn a_token_that_is_too_long_or_without_three_parts_is_refused() {
        let deep = format!(r#"{{"alg":{}"#, "[".repeat(10_000));
        assert!(parse(&deep).is_err());
        let long = format!("{}.{}.AAAA", "A".repeat(MAX_BYTES / 2), "A".repeat(MAX_BYTES / 2));
        let dots = ".".repeat(1000);
        let four = format!("{}.AAAA", token(r#"{"alg":"ES384"}"#));
        for text in ["", ".", "..", "a.b", "a.b.c", "ä.ö.ü", &dots, &long, &four] {
            assert!(Compact::parse(text).is_err(), "{text:.20}");
        }
    }
}

//! Small encodings that more than one module needs.

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use url::form_urlencoded;

/// Returns `bytes` in URL-safe base64, without padding.
pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Returns a fresh random text of 43 characters.
pub fn random() -> String {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).expect("the system has randomness");
    base64url(bytes)
}

/// Returns the SHA-256 hash of `text` as PKCE's S256 writes it.
pub fn sha256(text: impl AsRef<[u8]>) -> String {
    base64url(digest(&SHA256, text.as_ref()))
}

/// Returns the left half of the hash of `text` that belongs to `alg`: its `at_hash`.
pub fn hash_half(text: &str, alg: &str) -> String {
    let hash = match alg {
        _ if alg.ends_with("256") => &SHA256,
        _ if alg.ends_with("384") => &SHA384,
        _ => &SHA512,
    };
    let digest = digest(hash, text.as_bytes());
    base64url(&digest.as_ref()[..digest.as_ref().len() / 2])
}

/// Reads what [`base64url()`] wrote; `None` for anything else.
pub fn unbase64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The user and password of a `Basic` header, each percent-decoded (RFC 6749 §2.3.1).
pub(crate) fn basic(header: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(STANDARD.decode(header.strip_prefix("Basic ")?).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((form_decoded(user), form_decoded(password)))
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or("")).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn form_decoded(text: &str) -> String {
    let pair = format!("v={text}");
    let mut pairs = form_urlencoded::parse(pair.as_bytes());
    pairs.next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

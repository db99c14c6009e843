//! Random values, and identifiers that look random.

use aws_lc_rs::digest::{SHA256, digest};

use crate::hash;

/// A random value of 43 characters, the form of Logto's opaque tokens.
pub(crate) fn random() -> String {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system has random numbers");
    hash::encode(bytes)
}

/// An identifier that looks like Logto's: 12 lowercase letters and digits, always the
/// same for the same name.
pub(crate) fn identifier(name: &str) -> String {
    const ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let hash = digest(&SHA256, format!("logto-dev {name}").as_bytes());
    let letters = hash.as_ref().iter().take(12);
    letters.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect()
}

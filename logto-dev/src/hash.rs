//! Hashes, and the encoding of everything binary.

use aws_lc_rs::digest::{Algorithm, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The SHA-256 hash of a text.
pub(crate) fn sha256(text: &str) -> String {
    encode(digest(&SHA256, text.as_bytes()))
}

/// The half hash of a token that `at_hash` holds.
pub(crate) fn half(token: &str, algorithm: &'static Algorithm) -> String {
    let hash = digest(algorithm, token.as_bytes());
    encode(&hash.as_ref()[..hash.as_ref().len() / 2])
}

/// Whether a PKCE verifier belongs to an S256 challenge.
pub(crate) fn matches_challenge(verifier: &str, challenge: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    (43..=128).contains(&verifier.len())
        && verifier.chars().all(allowed)
        && sha256(verifier) == challenge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_of_logto_s_own_sdk_matches_its_verifier() {
        let verifier = "12345678901234567890123456789012345678901234567890";
        assert!(matches_challenge(verifier, "9Y__uhKapn7GO_ElcaQpd8C3hdOyqTzAU4VXyR2iEV0"));
        assert!(!matches_challenge(&verifier[1..], "9Y__uhKapn7GO_ElcaQpd8C3hdOyqTzAU4VXyR2iEV0"));
    }
}

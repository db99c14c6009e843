//! The signing key, and everything random.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

/// The P-384 key that signs every token, made anew at each start.
pub(crate) struct SigningKey {
    pair: EcdsaKeyPair,
    kid: String,
}

impl SigningKey {
    pub(crate) fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING)
            .expect("the operating system has random numbers");
        let (x, y) = coordinates(&pair);
        let thumbprint = format!(r#"{{"crv":"P-384","kty":"EC","x":"{x}","y":"{y}"}}"#);
        let kid = encode(digest(&SHA256, thumbprint.as_bytes()));
        Self { pair, kid }
    }

    /// The public half, as the JWKS shows it.
    pub(crate) fn jwk(&self) -> Jwk {
        let (x, y) = coordinates(&self.pair);
        let kid = self.kid.clone();
        Jwk { kty: "EC", usage: "sig", kid, alg: "ES384", crv: "P-384", x, y }
    }

    /// A signed token in compact form. `typ` is absent from Logto's newer ID
    /// tokens.
    pub(crate) fn sign(&self, typ: Option<&'static str>, claims: &impl Serialize) -> String {
        let header = JwsHeader { alg: "ES384", typ, kid: &self.kid };
        let message = format!("{}.{}", encode_json(&header), encode_json(claims));
        let signature = self
            .pair
            .sign(&SystemRandom::new(), message.as_bytes())
            .expect("the operating system has random numbers");
        format!("{message}.{}", encode(signature))
    }

    /// The claims of a token that this key signed.
    pub(crate) fn verify(&self, token: &str) -> Result<Value, Rejected> {
        let (message, signature) = token.rsplit_once('.').ok_or(Rejected::Malformed)?;
        let (_, payload) = message.split_once('.').ok_or(Rejected::Malformed)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| Rejected::Malformed)?;
        let claims = serde_json::from_slice(&payload).map_err(|_| Rejected::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Rejected::Malformed)?;
        UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, self.pair.public_key().as_ref())
            .verify(message.as_bytes(), &signature)
            .map_err(|_| Rejected::Forged)?;
        Ok(claims)
    }
}

/// Why a token is not one of ours.
#[derive(Debug, PartialEq)]
pub(crate) enum Rejected {
    /// It is not a token at all.
    Malformed,
    /// Another key signed it.
    Forged,
}

/// A public key in the JWKS, its members in Logto's order.
#[derive(Debug, Serialize)]
pub(crate) struct Jwk {
    kty: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    alg: &'static str,
    crv: &'static str,
    x: String,
    y: String,
}

#[derive(Serialize)]
struct JwsHeader<'a> {
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'static str>,
    kid: &'a str,
}

/// A random value of 43 characters, the form of Logto's opaque tokens.
pub(crate) fn random() -> String {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system has random numbers");
    encode(bytes)
}

/// The half hash that `at_hash` holds for an ES384 token.
pub(crate) fn half_hash(token: &str) -> String {
    encode(&digest(&SHA384, token.as_bytes()).as_ref()[..24])
}

/// Whether a PKCE verifier belongs to an S256 challenge.
pub(crate) fn matches_challenge(verifier: &str, challenge: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    (43..=128).contains(&verifier.len())
        && verifier.chars().all(allowed)
        && encode(digest(&SHA256, verifier.as_bytes())) == challenge
}

/// An identifier that looks like Logto's: 12 small letters and digits, always
/// the same for the same name.
pub(crate) fn identifier(name: &str) -> String {
    const ALPHABET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let hash = digest(&SHA256, format!("logto-dev {name}").as_bytes());
    let letters = hash.as_ref().iter().take(12);
    letters.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect()
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
    unix_millis() / 1000
}

/// Milliseconds since 1970.
pub(crate) fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    since.as_millis().try_into().expect("the year is before 584 million")
}

fn coordinates(pair: &EcdsaKeyPair) -> (String, String) {
    // The form of a public key is 0x04, x, y.
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    (encode(x), encode(y))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn encode_json(value: &impl Serialize) -> String {
    encode(serde_json::to_vec(value).expect("claims are maps with text keys"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_signed_token_verifies_and_a_changed_one_does_not() {
        let key = SigningKey::generate();
        let token = key.sign(None, &json!({ "sub": "alice" }));
        assert_eq!(key.verify(&token), Ok(json!({ "sub": "alice" })));
        assert_eq!(SigningKey::generate().verify(&token), Err(Rejected::Forged));
        assert_eq!(key.verify("no token"), Err(Rejected::Malformed));
    }

    #[test]
    fn the_challenge_of_logto_s_own_sdk_matches_its_verifier() {
        let verifier = "12345678901234567890123456789012345678901234567890";
        assert!(matches_challenge(verifier, "9Y__uhKapn7GO_ElcaQpd8C3hdOyqTzAU4VXyR2iEV0"));
        assert!(!matches_challenge(&verifier[1..], "9Y__uhKapn7GO_ElcaQpd8C3hdOyqTzAU4VXyR2iEV0"));
    }
}

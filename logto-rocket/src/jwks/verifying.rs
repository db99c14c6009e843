//! A published key, ready to verify signatures.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents,
    VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::CoreJwsSigningAlgorithm as Algorithm;
use serde_json::Value;

/// A key with the one algorithm that it verifies: no token can have it do
/// another's work (RFC 8725 section 3.1). An RSA key is two of these.
pub(crate) struct VerifyingKey {
    pub(crate) kid: Option<String>,
    pub(crate) algorithm: Algorithm,
    key: ParsedPublicKey,
}

impl VerifyingKey {
    /// What a published key can verify: nothing if it is malformed, for something
    /// else, or of a kind that is not known here.
    pub(super) fn read(jwk: &Value) -> Vec<Self> {
        let of_rsa = [
            (Algorithm::RsaSsaPkcs1V15Sha256, &RSA_PKCS1_2048_8192_SHA256),
            (Algorithm::RsaSsaPssSha256, &RSA_PSS_2048_8192_SHA256),
        ];
        let keys = match (jwk["kty"].as_str(), jwk["crv"].as_str()) {
            (Some("RSA"), _) => of_rsa.map(|(name, how)| Some((name, rsa(jwk, how)?))).into(),
            (Some("EC"), Some("P-256")) => {
                vec![point(jwk, &ECDSA_P256_SHA256_FIXED).map(|k| (Algorithm::EcdsaP256Sha256, k))]
            }
            (Some("EC"), Some("P-384")) => {
                vec![point(jwk, &ECDSA_P384_SHA384_FIXED).map(|k| (Algorithm::EcdsaP384Sha384, k))]
            }
            (Some("OKP"), Some("Ed25519")) => vec![ed25519(jwk).map(|k| (Algorithm::EdDsa, k))],
            _ => Vec::new(),
        };
        let kid = || jwk["kid"].as_str().map(str::to_owned);
        let keys = keys.into_iter().flatten();
        let keys = keys.map(|(algorithm, key)| Self { kid: kid(), algorithm, key });
        keys.filter(|key| key.may_be_used_as(jwk.get("alg"))).collect()
    }

    /// Whether this key made the signature.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// A key that names its algorithm is for no other.
    fn may_be_used_as(&self, alg: Option<&Value>) -> bool {
        alg.is_none_or(|alg| alg.as_str().and_then(named).as_ref() == Some(&self.algorithm))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// The algorithm of this name (RFC 7518 section 3.1), among those that Logto can
/// sign with. Neither `none` nor a shared secret is ever one.
pub(crate) fn named(name: &str) -> Option<Algorithm> {
    match name {
        "RS256" => Some(Algorithm::RsaSsaPkcs1V15Sha256),
        "PS256" => Some(Algorithm::RsaSsaPssSha256),
        "ES256" => Some(Algorithm::EcdsaP256Sha256),
        "ES384" => Some(Algorithm::EcdsaP384Sha384),
        "EdDSA" => Some(Algorithm::EdDsa),
        _ => None,
    }
}

fn bytes(jwk: &Value, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(jwk[name].as_str()?).ok()
}

fn rsa(jwk: &Value, how: &'static RsaParameters) -> Option<ParsedPublicKey> {
    let components = RsaPublicKeyComponents { n: bytes(jwk, "n")?, e: bytes(jwk, "e")? };
    components.to_parsed_public_key(how).ok()
}

/// An uncompressed point (SEC 1 section 2.3.3); one that is not on the curve is no key.
fn point(jwk: &Value, how: &'static dyn VerificationAlgorithm) -> Option<ParsedPublicKey> {
    let point = [vec![4], bytes(jwk, "x")?, bytes(jwk, "y")?].concat();
    ParsedPublicKey::new(how, point).ok()
}

fn ed25519(jwk: &Value) -> Option<ParsedPublicKey> {
    ParsedPublicKey::new(&ED25519, bytes(jwk, "x")?).ok()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    };
    use serde_json::json;

    use super::*;

    fn p256() -> (EcdsaKeyPair, Value) {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": x, "y": y});
        (pair, jwk)
    }

    fn algorithms(jwk: &Value) -> Vec<Algorithm> {
        VerifyingKey::read(jwk).into_iter().map(|key| key.algorithm).collect()
    }

    fn with(mut jwk: Value, name: &str, value: impl Into<Value>) -> Value {
        jwk[name] = value.into();
        jwk
    }

    /// T1: for the message and the key that it was made with, and for no other.
    #[test]
    fn a_key_verifies_what_it_signed_and_nothing_else() {
        let ((pair, jwk), (_, other)) = (p256(), p256());
        let signature = pair.sign(&SystemRandom::new(), b"message").expect("a signature");
        let key = VerifyingKey::read(&jwk).remove(0);
        assert_eq!(key.kid.as_deref(), Some("k"));
        assert!(key.verifies(b"message", signature.as_ref()));
        assert!(!key.verifies(b"messages", signature.as_ref()));
        assert!(!key.verifies(b"message", &signature.as_ref()[1..]));
        assert!(!key.verifies(b"message", b""));
        assert!(!VerifyingKey::read(&other)[0].verifies(b"message", signature.as_ref()));

        let pair = Ed25519KeyPair::generate().expect("a key");
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let key = VerifyingKey::read(&json!({"kty": "OKP", "crv": "Ed25519", "x": x})).remove(0);
        assert!(key.verifies(b"message", pair.sign(b"message").as_ref()));
        assert_eq!((key.algorithm, key.kid), (Algorithm::EdDsa, None));
    }

    /// T3, T9: a key has the algorithm of its kind, and of its name if it has one.
    #[test]
    fn a_key_is_for_the_algorithm_of_its_kind_and_name_only() {
        let (_, ec) = p256();
        let rsa = json!({"kty": "RSA", "n": "v".repeat(341) + "w", "e": "AQAB"});
        let of_rsa = [Algorithm::RsaSsaPkcs1V15Sha256, Algorithm::RsaSsaPssSha256];
        assert_eq!(algorithms(&ec), [Algorithm::EcdsaP256Sha256]);
        assert_eq!(algorithms(&with(ec.clone(), "alg", "ES256")), [Algorithm::EcdsaP256Sha256]);
        assert_eq!(algorithms(&rsa), of_rsa);
        assert_eq!(algorithms(&with(rsa.clone(), "alg", "PS256")), of_rsa[1..]);
        for alg in [json!("ES384"), json!("HS256"), json!("none"), json!(null), json!(7)] {
            assert_eq!(algorithms(&with(ec.clone(), "alg", alg.clone())), [], "{alg}");
            assert_eq!(algorithms(&with(rsa.clone(), "alg", alg.clone())), [], "{alg}");
        }
    }

    /// T9: what is malformed, off its curve or of another kind is no key.
    #[test]
    fn what_is_no_key_verifies_nothing() {
        let (_, ec) = p256();
        for (name, value) in [
            ("crv", json!("P-384")),
            ("crv", json!("P-521")),
            ("crv", json!(null)),
            ("kty", json!("oct")),
            ("kty", json!("OKP")),
            ("kty", json!("RSA")),
            ("x", json!("AA")),
            ("x", json!("!")),
            ("x", ec["y"].clone()),
            ("y", json!(null)),
        ] {
            assert_eq!(algorithms(&with(ec.clone(), name, value.clone())), [], "{name} {value}");
        }
        for jwk in [json!(null), json!("text"), json!({}), json!({"kty": "oct", "k": "c2VjcmV0"})] {
            assert_eq!(algorithms(&jwk), [], "{jwk}");
        }
    }
}

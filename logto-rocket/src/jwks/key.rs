//! A published key, in the one form that verifies every kind of token: openidconnect's
//! verifier runs over it, and what else is signed is verified by it directly.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents,
    VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreJsonWebKeyType as KeyType, CoreJsonWebKeyUse as KeyUse,
    CoreJwsSigningAlgorithm as Algorithm,
};
use openidconnect::{JsonWebKey, JsonWebKeyAlgorithm, JsonWebKeyId, SignatureVerificationError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::algorithm::{hash, named};

/// A public key with the algorithms that it verifies: no token can have it do
/// another's work (RFC 8725 section 3.1). That of a curve has one, an RSA key has
/// several unless it names one.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub(crate) struct PublicKey(Arc<Inner>);

struct Inner {
    jwk: Value,
    kid: Option<JsonWebKeyId>,
    kty: KeyType,
    verifying: Vec<(Algorithm, ParsedPublicKey)>,
}

impl PublicKey {
    pub(crate) fn kid(&self) -> Option<&str> {
        self.0.kid.as_ref().map(|kid| kid.as_str())
    }

    /// Whether it verifies signatures that were made with this algorithm.
    pub(crate) fn is_for(&self, algorithm: &Algorithm) -> bool {
        self.algorithms().any(|own| own == algorithm)
    }

    /// The algorithm that belongs to the key's curve, if it has a curve.
    pub(crate) fn curve_algorithm(&self) -> Option<&Algorithm> {
        self.algorithms().next().filter(|_| self.0.kty != KeyType::RSA)
    }

    /// Whether this key made the signature, with this algorithm.
    pub(crate) fn verifies(&self, algorithm: &Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let mut keys = self.0.verifying.iter().filter(|(own, _)| own == algorithm);
        keys.any(|(_, key)| key.verify_sig(message, signature).is_ok())
    }

    fn algorithms(&self) -> impl Iterator<Item = &Algorithm> {
        self.0.verifying.iter().map(|(algorithm, _)| algorithm)
    }
}

impl TryFrom<Value> for PublicKey {
    type Error = &'static str;

    /// Reads a published key, which must be for signatures, of a kind that is known
    /// here, and well-formed.
    fn try_from(jwk: Value) -> Result<Self, Self::Error> {
        if jwk.get("use").is_some_and(|usage| usage != "sig") {
            return Err("it is not for signatures");
        }
        let (kty, mut verifying) = match (jwk["kty"].as_str(), jwk["crv"].as_str()) {
            (Some("RSA"), _) => (KeyType::RSA, rsa(&jwk)),
            (Some("EC"), Some(curve)) => (KeyType::EllipticCurve, point(&jwk, curve)),
            (Some("OKP"), Some("Ed25519")) => (KeyType::OctetKeyPair, ed25519(&jwk)),
            _ => return Err("its kind is not known"),
        };
        // A key that names its algorithm is for no other.
        if let Some(alg) = jwk.get("alg") {
            let alg = alg.as_str().and_then(named);
            verifying.retain(|(algorithm, _)| Some(algorithm) == alg.as_ref());
        }
        if verifying.is_empty() {
            return Err("it verifies nothing");
        }
        let kid = jwk["kid"].as_str().map(|kid| JsonWebKeyId::new(kid.into()));
        Ok(Self(Arc::new(Inner { jwk, kid, kty, verifying })))
    }
}

impl From<PublicKey> for Value {
    fn from(key: PublicKey) -> Self {
        key.0.jwk.clone()
    }
}

impl JsonWebKey for PublicKey {
    type KeyUse = KeyUse;
    type SigningAlgorithm = Algorithm;

    fn key_id(&self) -> Option<&JsonWebKeyId> {
        self.0.kid.as_ref()
    }

    fn key_type(&self) -> &KeyType {
        &self.0.kty
    }

    fn key_use(&self) -> Option<&KeyUse> {
        Some(&KeyUse::Signature)
    }

    fn signing_alg(&self) -> JsonWebKeyAlgorithm<&Algorithm> {
        match &*self.0.verifying {
            [] => JsonWebKeyAlgorithm::Unsupported,
            [(algorithm, _)] => JsonWebKeyAlgorithm::Algorithm(algorithm),
            _ => JsonWebKeyAlgorithm::Unspecified,
        }
    }

    /// No secret is a key here: what this makes verifies nothing.
    fn new_symmetric(_: Vec<u8>) -> Self {
        let (kty, verifying) = (KeyType::Symmetric, Vec::new());
        Self(Arc::new(Inner { jwk: Value::Null, kid: None, kty, verifying }))
    }

    fn verify_signature(
        &self,
        algorithm: &Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureVerificationError> {
        match self.verifies(algorithm, message, signature) {
            true => Ok(()),
            false => Err(SignatureVerificationError::CryptoError("another key made it".into())),
        }
    }

    fn hash_bytes(&self, bytes: &[u8], algorithm: &Algorithm) -> Result<Vec<u8>, String> {
        let hash = hash(algorithm).filter(|_| self.is_for(algorithm));
        let hash = hash.ok_or("the key is for another algorithm")?;
        Ok(digest::digest(hash, bytes).as_ref().to_vec())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey ")?;
        f.debug_list().entries(self.algorithms()).finish()
    }
}

fn bytes(jwk: &Value, name: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(jwk[name].as_str()?).ok()
}

/// Of 2,048 bits or more (RFC 7518 section 3.3).
fn rsa(jwk: &Value) -> Vec<(Algorithm, ParsedPublicKey)> {
    let of_rsa: [(_, &'static RsaParameters); 2] = [
        (Algorithm::RsaSsaPkcs1V15Sha256, &RSA_PKCS1_2048_8192_SHA256),
        (Algorithm::RsaSsaPssSha256, &RSA_PSS_2048_8192_SHA256),
    ];
    let n = bytes(jwk, "n").filter(|n| n.len() >= 2048 / 8);
    let Some((n, e)) = n.zip(bytes(jwk, "e")) else { return Vec::new() };
    let components = RsaPublicKeyComponents { n, e };
    let parse = |(algorithm, how)| Some((algorithm, components.to_parsed_public_key(how).ok()?));
    of_rsa.into_iter().filter_map(parse).collect()
}

/// An uncompressed point (SEC 1 section 2.3.3); one that is not on the curve is no key.
fn point(jwk: &Value, curve: &str) -> Vec<(Algorithm, ParsedPublicKey)> {
    let (algorithm, how): (_, &'static dyn VerificationAlgorithm) = match curve {
        "P-256" => (Algorithm::EcdsaP256Sha256, &ECDSA_P256_SHA256_FIXED),
        "P-384" => (Algorithm::EcdsaP384Sha384, &ECDSA_P384_SHA384_FIXED),
        _ => return Vec::new(),
    };
    let coordinates = bytes(jwk, "x").zip(bytes(jwk, "y"));
    let point = coordinates.map(|(x, y)| [vec![4], x, y].concat());
    let key = point.and_then(|point| ParsedPublicKey::new(how, point).ok());
    key.map(|key| (algorithm, key)).into_iter().collect()
}

fn ed25519(jwk: &Value) -> Vec<(Algorithm, ParsedPublicKey)> {
    let key = bytes(jwk, "x").and_then(|x| ParsedPublicKey::new(&ED25519, x).ok());
    key.map(|key| (Algorithm::EdDsa, key)).into_iter().collect()
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

    fn read(jwk: &Value) -> PublicKey {
        PublicKey::try_from(jwk.clone()).expect("a key")
    }

    fn algorithms(jwk: &Value) -> Vec<Algorithm> {
        let key = PublicKey::try_from(jwk.clone()).ok();
        key.iter().flat_map(PublicKey::algorithms).cloned().collect()
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
        let (key, alg) = (read(&jwk), &Algorithm::EcdsaP256Sha256);
        assert_eq!(key.kid(), Some("k"));
        assert!(key.verifies(alg, b"message", signature.as_ref()));
        assert!(!key.verifies(alg, b"messages", signature.as_ref()));
        assert!(!key.verifies(alg, b"message", &signature.as_ref()[1..]));
        assert!(!key.verifies(alg, b"message", b""));
        assert!(!key.verifies(&Algorithm::EcdsaP384Sha384, b"message", signature.as_ref()));
        assert!(!read(&other).verifies(alg, b"message", signature.as_ref()));

        let pair = Ed25519KeyPair::generate().expect("a key");
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let key = read(&json!({"kty": "OKP", "crv": "Ed25519", "x": x}));
        assert!(key.verifies(&Algorithm::EdDsa, b"message", pair.sign(b"message").as_ref()));
        assert_eq!(key.kid(), None);
    }

    /// T3: an application's secret is no key, whatever it is asked to verify.
    #[test]
    fn a_secret_verifies_nothing() {
        let key = PublicKey::new_symmetric(b"secret".to_vec());
        for algorithm in [Algorithm::HmacSha256, Algorithm::RsaSsaPkcs1V15Sha256, Algorithm::None] {
            assert!(key.verify_signature(&algorithm, b"", b"").is_err());
            assert!(key.hash_bytes(b"", &algorithm).is_err());
        }
        assert!(matches!(key.signing_alg(), JsonWebKeyAlgorithm::Unsupported));
    }

    /// A set of keys may be written and read again.
    #[test]
    fn a_key_is_written_as_it_was_published() {
        let (_, jwk) = p256();
        let written = serde_json::to_value(read(&jwk)).expect("JSON");
        assert_eq!(written, jwk);
        let debug = format!("{:?}", read(&jwk));
        assert_eq!(debug, "PublicKey [EcdsaP256Sha256]");
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

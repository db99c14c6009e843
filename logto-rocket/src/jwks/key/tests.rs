//! Keys read from JSON, and what they verify.

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

/// T1: only its own message and key.
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

#[test]
fn the_debug_form_of_a_key_says_what_it_is_for() {
    let (_, jwk) = p256();
    assert_eq!(format!("{:?}", read(&jwk)), "PublicKey [EcdsaP256Sha256]");
}

/// T3, T9: a key has the algorithms of its kind, and only the named one if it names one.
#[test]
fn a_key_is_for_the_algorithm_of_its_kind_and_name_only() {
    let (_, ec) = p256();
    let rsa = json!({"kty": "RSA", "n": "v".repeat(341) + "w", "e": "AQAB"});
    let of_rsa =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map(|name| named(name).expect(name));
    assert_eq!(algorithms(&ec), [Algorithm::EcdsaP256Sha256]);
    assert_eq!(algorithms(&with(ec.clone(), "alg", "ES256")), [Algorithm::EcdsaP256Sha256]);
    assert_eq!(algorithms(&rsa), of_rsa);
    assert_eq!(algorithms(&with(rsa.clone(), "alg", "PS256")), of_rsa[3..4]);
    for alg in [json!("ES384"), json!("HS256"), json!("none"), json!(null), json!(7)] {
        assert_eq!(algorithms(&with(ec.clone(), "alg", alg.clone())), [], "{alg}");
        assert_eq!(algorithms(&with(rsa.clone(), "alg", alg.clone())), [], "{alg}");
    }
}

/// T9: anything malformed, off its curve or of another kind is not a key.
#[test]
fn anything_but_a_key_verifies_nothing() {
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

//! The verification of an ID token, by this crate and by openidconnect alone.

use std::str::FromStr as _;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
    KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use divan::Bencher;
use logto_rocket::internal::{IdTokens, Keys};
use openidconnect::core::{CoreIdToken, CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{ClientId, IdTokenVerifier, IssuerUrl, JsonWebKeySet, Nonce};
use serde_json::{Value, json};

const ISSUER: &str = "https://foo.logto.app/oidc";

fn main() {
    divan::main();
}

#[divan::bench(args = ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"])]
fn ours(bencher: Bencher<'_, '_>, alg: &str) {
    let (jwk, token) = signed(alg);
    let keys = Keys::parse(json!({"keys": [jwk]}).to_string().as_bytes()).expect("keys");
    let metadata = json!({
        "issuer": ISSUER, "authorization_endpoint": format!("{ISSUER}/auth"),
        "token_endpoint": format!("{ISSUER}/token"), "userinfo_endpoint": format!("{ISSUER}/me"),
        "jwks_uri": format!("{ISSUER}/jwks"),
        "id_token_signing_alg_values_supported": [alg],
    });
    let verifier = IdTokens::new(metadata.to_string().as_bytes(), "n");
    bencher
        .bench_local(|| verifier.verify_with(&keys, &token).expect("it is right").subject().len());
}

/// ES512 is not known there.
#[divan::bench(args = ["ES256", "ES384", "RS256", "PS256", "EdDSA"])]
fn core(bencher: Bencher<'_, '_>, alg: &str) {
    let (jwk, token) = signed(alg);
    let key: CoreJsonWebKey = serde_json::from_value(jwk).expect("a key");
    let algorithm: CoreJwsSigningAlgorithm = serde_json::from_value(alg.into()).expect("a name");
    bencher.bench_local(|| {
        let token = CoreIdToken::from_str(&token).expect("a token");
        let issuer = IssuerUrl::new(ISSUER.into()).expect("a URL");
        let keys = JsonWebKeySet::new(vec![key.clone()]);
        let verifier =
            IdTokenVerifier::new_public_client(ClientId::new("app".into()), issuer, keys)
                .set_allowed_algs([algorithm.clone()]);
        let claims = token.claims(&verifier, &Nonce::new("n".into()));
        claims.expect("it is right").subject().len()
    });
}

/// A new key as it is published, and a token that it signed.
fn signed(alg: &str) -> (Value, String) {
    match alg {
        "ES256" => ec(alg, "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
        "ES384" => ec(alg, "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
        "ES512" => ec(alg, "P-521", &ECDSA_P521_SHA512_FIXED_SIGNING),
        "RS256" => rsa(alg, &RSA_PKCS1_SHA256),
        "PS256" => rsa(alg, &RSA_PSS_SHA256),
        _ => ed25519(alg),
    }
}

fn ec(alg: &str, curve: &str, how: &'static EcdsaSigningAlgorithm) -> (Value, String) {
    let pair = EcdsaKeyPair::generate(how).expect("a key");
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    let jwk = json!({"kty": "EC", "crv": curve, "kid": "k", "x": text(x), "y": text(y)});
    let sign =
        |input: &[u8]| pair.sign(&SystemRandom::new(), input).expect("it signs").as_ref().to_vec();
    (jwk, token(alg, sign))
}

fn rsa(alg: &str, encoding: &'static dyn RsaEncoding) -> (Value, String) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    // DER: SEQUENCE (4 bytes), INTEGER n (4 and a zero), INTEGER e (2 and 3).
    let public = pair.public_key().as_ref();
    let (n, e) = (text(&public[9..265]), text(&public[267..]));
    let sign = |input: &[u8]| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), input, &mut signature).expect("it signs");
        signature
    };
    (json!({"kty": "RSA", "kid": "k", "n": n, "e": e}), token(alg, sign))
}

fn ed25519(alg: &str) -> (Value, String) {
    let pair = Ed25519KeyPair::generate().expect("a key");
    let x = text(pair.public_key().as_ref());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x});
    (jwk, token(alg, |input| pair.sign(input).as_ref().to_vec()))
}

fn token(alg: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> String {
    let header = json!({"alg": alg, "kid": "k"});
    let claims = json!({
        "iss": ISSUER, "sub": "u-alice", "aud": "app", "nonce": "n", "iat": 1_795_319_892,
        "exp": 9_999_999_999_u64, "name": "Alice Lidell", "email": "alice@example.com",
    });
    let input = format!("{}.{}", text(header.to_string()), text(claims.to_string()));
    format!("{input}.{}", text(sign(input.as_bytes())))
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

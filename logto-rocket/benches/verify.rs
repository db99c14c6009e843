//! Verifying an ID token and an access token, with this crate, with openidconnect, and
//! with jsonwebtoken alone.

use std::str::FromStr as _;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair,
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use divan::Bencher;
use jsonwebtoken::{DecodingKey, Validation};
use logto_rocket::internal::{AccessTokens, IdTokens, Keys};
use openidconnect::core::{CoreIdToken, CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{ClientId, IdTokenVerifier, IssuerUrl, JsonWebKeySet, Nonce};
use serde_json::{Value, json};

const ISSUER: &str = "https://foo.logto.app/oidc";
const API: &str = "https://api.example.com";

fn main() {
    divan::main();
}

#[divan::bench(args = ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"])]
fn ours(bencher: Bencher<'_, '_>, alg: &str) {
    let (jwk, token) = signed(alg, &ID_TOKEN);
    let verifier = IdTokens::new(metadata(alg).as_bytes(), "n");
    let keys = keys(&jwk);
    bencher
        .bench_local(|| verifier.verify_with(&keys, &token).expect("it is right").subject().len());
}

/// openidconnect does not know ES512.
#[divan::bench(args = ["ES256", "ES384", "RS256", "PS256", "EdDSA"])]
fn core(bencher: Bencher<'_, '_>, alg: &str) {
    let (jwk, token) = signed(alg, &ID_TOKEN);
    bench_core(bencher, alg, jwk, &token, "app");
}

/// Those that Logto signs with.
const LOGTO: [&str; 2] = ["ES384", "RS256"];

/// A new one, as a request presents it.
#[divan::bench(args = LOGTO)]
fn access_token_ours(bencher: Bencher<'_, '_>, alg: &str) {
    let (jwk, token) = signed(alg, &ACCESS_TOKEN);
    let verifier = AccessTokens::new(metadata(alg).as_bytes(), keys(&jwk));
    bencher.bench_local(|| {
        let auth = verifier.verify(&token, 1_795_319_900).expect("it is right");
        assert!(auth.has_scope("read:items"));
    });
}

/// Only its signature, with a parsed key, and without reading its text.
#[divan::bench(args = LOGTO)]
fn access_token_aws_lc_rs(bencher: Bencher<'_, '_>, alg: &str) {
    let (jwk, token) = signed(alg, &ACCESS_TOKEN);
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64");
    let member = |name: &str| bytes(jwk[name].as_str().expect("a text"));
    let key = match alg {
        "ES384" => {
            let point = [vec![4], member("x"), member("y")].concat();
            ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).expect("a key")
        }
        _ => RsaPublicKeyComponents { n: member("n"), e: member("e") }
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .expect("a key"),
    };
    let (input, signature) = token.rsplit_once('.').expect("three parts");
    let signature = bytes(signature);
    bencher.bench_local(|| key.verify_sig(input.as_bytes(), &signature).expect("it is right"));
}

#[divan::bench(args = LOGTO)]
fn access_token_jsonwebtoken(bencher: Bencher<'_, '_>, alg: &str) {
    #[derive(serde::Deserialize)]
    struct Claims {
        scope: String,
    }
    let (jwk, token) = signed(alg, &ACCESS_TOKEN);
    let jwk = serde_json::from_value(jwk).expect("a key");
    let key = DecodingKey::from_jwk(&jwk).expect("a key");
    let mut validation = Validation::new(alg.parse().expect("a name"));
    validation.set_audience(&[API]);
    validation.set_issuer(&[ISSUER]);
    bencher.bench_local(|| {
        let token = jsonwebtoken::decode::<Claims>(&token, &key, &validation);
        assert!(token.expect("it is right").claims.scope.contains("read:items"));
    });
}

/// It knows no access tokens and refuses their `typ`: this one has none, and the same claims.
#[divan::bench(args = LOGTO)]
fn access_token_core(bencher: Bencher<'_, '_>, alg: &str) {
    let (jwk, token) = signed(alg, &Kind { typ: None, ..ACCESS_TOKEN });
    bench_core(bencher, alg, jwk, &token, API);
}

fn bench_core(bencher: Bencher<'_, '_>, alg: &str, jwk: Value, token: &str, audience: &str) {
    let key: CoreJsonWebKey = serde_json::from_value(jwk).expect("a key");
    let algorithm: CoreJwsSigningAlgorithm = serde_json::from_value(alg.into()).expect("a name");
    bencher.bench_local(|| {
        let token = CoreIdToken::from_str(token).expect("a token");
        let issuer = IssuerUrl::new(ISSUER.into()).expect("a URL");
        let keys = JsonWebKeySet::new(vec![key.clone()]);
        let verifier =
            IdTokenVerifier::new_public_client(ClientId::new(audience.into()), issuer, keys)
                .set_allowed_algs([algorithm.clone()]);
        let is_nonce = |nonce: Option<&Nonce>| match nonce {
            Some(nonce) if nonce.secret() != "n" => Err("another nonce".to_owned()),
            _ => Ok(()),
        };
        let claims = token.claims(&verifier, is_nonce);
        claims.expect("it is right").subject().len()
    });
}

fn metadata(alg: &str) -> String {
    let metadata = json!({
        "issuer": ISSUER, "authorization_endpoint": format!("{ISSUER}/auth"),
        "token_endpoint": format!("{ISSUER}/token"), "userinfo_endpoint": format!("{ISSUER}/me"),
        "jwks_uri": format!("{ISSUER}/jwks"),
        "id_token_signing_alg_values_supported": [alg],
    });
    metadata.to_string()
}

fn keys(jwk: &Value) -> Keys {
    Keys::parse(json!({"keys": [jwk]}).to_string().as_bytes()).expect("keys")
}

/// What a token is.
struct Kind {
    typ: Option<&'static str>,
    claims: fn() -> Value,
}

const ID_TOKEN: Kind = Kind {
    typ: None,
    claims: || {
        json!({
            "iss": ISSUER, "sub": "u-alice", "aud": "app", "nonce": "n", "iat": 1_795_319_892,
            "exp": 9_999_999_999_u64, "name": "Alice Lidell", "email": "alice@example.com",
        })
    },
};

const ACCESS_TOKEN: Kind = Kind {
    typ: Some("at+jwt"),
    claims: || {
        json!({
            "jti": "8VCcNqsTxHWlYkSBa8K1T", "sub": "extwr7ziy1s8", "iat": 1_795_319_892,
            "exp": 9_999_999_999_u64, "scope": "read:items write:items",
            "client_id": "pnd8wmdvl2xh8a9gyjnyb", "iss": ISSUER, "aud": API,
        })
    },
};

/// A new key as it is published, and a token that it signed.
fn signed(alg: &str, kind: &Kind) -> (Value, String) {
    let (jwk, sign) = key(alg);
    (jwk, token(alg, kind, &sign))
}

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8>>;

fn key(alg: &str) -> (Value, Sign) {
    match alg {
        "ES256" => ec("P-256", &ECDSA_P256_SHA256_FIXED_SIGNING),
        "ES384" => ec("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
        "ES512" => ec("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING),
        "RS256" => rsa(&RSA_PKCS1_SHA256),
        "PS256" => rsa(&RSA_PSS_SHA256),
        _ => ed25519(),
    }
}

fn ec(curve: &str, how: &'static EcdsaSigningAlgorithm) -> (Value, Sign) {
    let pair = EcdsaKeyPair::generate(how).expect("a key");
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    let jwk = json!({"kty": "EC", "crv": curve, "kid": "k", "x": text(x), "y": text(y)});
    let sign = move |input: &[u8]| {
        pair.sign(&SystemRandom::new(), input).expect("it signs").as_ref().to_vec()
    };
    (jwk, Box::new(sign))
}

fn rsa(encoding: &'static dyn RsaEncoding) -> (Value, Sign) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    // DER: SEQUENCE (4 bytes), INTEGER n (4 and a zero), INTEGER e (2 and 3).
    let public = pair.public_key().as_ref();
    let (n, e) = (text(&public[9..265]), text(&public[267..]));
    let sign = move |input: &[u8]| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), input, &mut signature).expect("it signs");
        signature
    };
    (json!({"kty": "RSA", "kid": "k", "n": n, "e": e}), Box::new(sign))
}

fn ed25519() -> (Value, Sign) {
    let pair = Ed25519KeyPair::generate().expect("a key");
    let x = text(pair.public_key().as_ref());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x});
    (jwk, Box::new(move |input| pair.sign(input).as_ref().to_vec()))
}

fn token(alg: &str, kind: &Kind, sign: &Sign) -> String {
    let mut header = json!({"alg": alg, "kid": "k"});
    if let Some(typ) = kind.typ {
        header["typ"] = typ.into();
    }
    let input = format!("{}.{}", text(header.to_string()), text((kind.claims)().to_string()));
    format!("{input}.{}", text(sign(input.as_bytes())))
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

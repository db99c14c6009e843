//! Signing keys, and how they are published.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

use crate::encode::{base64url, pem};

/// Made once: a new RSA key costs a noticeable part of a second.
static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("RSA keys can be made"));

enum Pair {
    Es256(EcdsaKeyPair),
    Es384(EcdsaKeyPair),
    Rs256(&'static RsaKeyPair),
}

/// A key that a provider, or somebody else, signs with.
pub struct Key {
    pair: Pair,
    kid: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({} {})", self.alg(), self.kid)
    }
}

impl Key {
    /// Returns a new P-384 key, as a new Logto has.
    pub fn es384() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING);
        Self::of(Pair::Es384(pair.expect("P-384 keys can be made")))
    }

    /// Returns a new P-256 key.
    pub fn es256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self::of(Pair::Es256(pair.expect("P-256 keys can be made")))
    }

    /// Returns the RSA key of this process.
    pub fn rs256() -> Self {
        Self::of(Pair::Rs256(&RSA))
    }

    fn of(pair: Pair) -> Self {
        let mut key = Self { pair, kid: String::new() };
        key.kid = base64url(digest(&SHA256, &key.public()));
        key
    }

    /// Returns this key under another name.
    pub fn named(self, kid: &str) -> Self {
        Self { kid: kid.to_owned(), ..self }
    }

    /// Returns the key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the algorithm this key signs with.
    pub fn alg(&self) -> &'static str {
        match self.pair {
            Pair::Es256(_) => "ES256",
            Pair::Es384(_) => "ES384",
            Pair::Rs256(_) => "RS256",
        }
    }

    /// Returns the public half as Logto publishes it: an RSA key without `alg`.
    pub fn jwk(&self) -> Value {
        let (public, kid) = (self.public(), &self.kid);
        let curve = |name: &str, alg: &str| {
            let (x, y) = public[1..].split_at((public.len() - 1) / 2);
            json!({"kty": "EC", "use": "sig", "alg": alg, "kid": kid, "crv": name,
                   "x": base64url(x), "y": base64url(y)})
        };
        match self.pair {
            Pair::Es256(_) => curve("P-256", "ES256"),
            Pair::Es384(_) => curve("P-384", "ES384"),
            // DER: SEQUENCE (4 bytes), INTEGER n (4 and a zero), INTEGER e (2 and 3).
            Pair::Rs256(_) => json!({"kty": "RSA", "use": "sig", "kid": kid,
                   "n": base64url(&public[9..265]), "e": base64url(&public[267..])}),
        }
    }

    /// Returns the public half in PEM, as an attacker would take it for an HMAC secret.
    pub fn pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Es256(pair) | Pair::Es384(pair) => pair.public_key().as_der(),
            Pair::Rs256(pair) => pair.public_key().as_der(),
        }
        .expect("a public key has a DER form");
        pem("PUBLIC KEY", der.as_ref())
    }

    /// Signs `message`.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Es256(pair) | Pair::Es384(pair) => {
                pair.sign(&random, message).expect("the key can sign").as_ref().to_vec()
            }
            Pair::Rs256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .expect("the key can sign");
                signature
            }
        }
    }

    fn public(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Es256(pair) | Pair::Es384(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Rs256(pair) => pair.public_key().as_ref().to_vec(),
        }
    }
}

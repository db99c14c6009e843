//! Signing keys, and how they are published.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaKeyPair, RsaSignatureEncoding,
};
use serde_json::{Value, json};

use crate::encode::{base64url, pem};

/// Made once: a new RSA key takes a noticeable fraction of a second.
static RSA: LazyLock<RsaKeyPair> =
    LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("RSA keys can be made"));

/// The algorithms of an RSA key.
const OF_RSA: [(&str, &RsaSignatureEncoding); 6] = [
    ("RS256", &RSA_PKCS1_SHA256),
    ("RS384", &RSA_PKCS1_SHA384),
    ("RS512", &RSA_PKCS1_SHA512),
    ("PS256", &RSA_PSS_SHA256),
    ("PS384", &RSA_PSS_SHA384),
    ("PS512", &RSA_PSS_SHA512),
];

enum Pair {
    Ec(EcdsaKeyPair, &'static str),
    Ed25519(Ed25519KeyPair),
    Rsa(&'static RsaKeyPair, &'static RsaSignatureEncoding),
}

/// A key that a provider, or somebody else, signs with.
pub struct Key {
    pair: Pair,
    alg: &'static str,
    kid: String,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({} {})", self.alg(), self.kid)
    }
}

impl Key {
    /// Returns a new P-384 key, like a new Logto's.
    pub fn es384() -> Self {
        Self::ec("ES384", "P-384", &ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    /// Returns a new P-256 key.
    pub fn es256() -> Self {
        Self::ec("ES256", "P-256", &ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    /// Returns a new P-521 key.
    pub fn es512() -> Self {
        Self::ec("ES512", "P-521", &ECDSA_P521_SHA512_FIXED_SIGNING)
    }

    /// Returns a new Ed25519 key.
    pub fn eddsa() -> Self {
        let pair = Ed25519KeyPair::generate().expect("Ed25519 keys can be made");
        Self::of(Pair::Ed25519(pair), "EdDSA")
    }

    /// Returns the RSA key of this process.
    pub fn rs256() -> Self {
        Self::rsa("RS256", &RSA_PKCS1_SHA256)
    }

    /// Returns a key for every algorithm that a provider may sign with.
    pub fn of_every_algorithm() -> Vec<Self> {
        let of_curves = [Self::es256(), Self::es384(), Self::es512(), Self::eddsa()];
        let of_rsa = OF_RSA.into_iter().map(|(alg, encoding)| Self::rsa(alg, encoding));
        of_curves.into_iter().chain(of_rsa).collect()
    }

    fn ec(alg: &'static str, curve: &'static str, how: &'static EcdsaSigningAlgorithm) -> Self {
        let pair = EcdsaKeyPair::generate(how).expect("keys of this curve can be made");
        Self::of(Pair::Ec(pair, curve), alg)
    }

    fn rsa(alg: &'static str, encoding: &'static RsaSignatureEncoding) -> Self {
        Self::of(Pair::Rsa(&RSA, encoding), alg)
    }

    fn of(pair: Pair, alg: &'static str) -> Self {
        let mut key = Self { pair, alg, kid: String::new() };
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
        self.alg
    }

    /// Returns the public half as Logto publishes it: an RSA key without `alg`.
    pub fn jwk(&self) -> Value {
        let (public, kid, alg) = (self.public(), &self.kid, self.alg);
        match self.pair {
            Pair::Ec(_, curve) => {
                let (x, y) = public[1..].split_at((public.len() - 1) / 2);
                json!({"kty": "EC", "use": "sig", "alg": alg, "kid": kid, "crv": curve,
                       "x": base64url(x), "y": base64url(y)})
            }
            Pair::Ed25519(_) => json!({"kty": "OKP", "use": "sig", "alg": alg, "kid": kid,
                   "crv": "Ed25519", "x": base64url(&public)}),
            // DER: SEQUENCE (4 bytes), INTEGER n (4 and a zero), INTEGER e (2 and 3).
            Pair::Rsa(..) => json!({"kty": "RSA", "use": "sig", "kid": kid,
                   "n": base64url(&public[9..265]), "e": base64url(&public[267..])}),
        }
    }

    /// Returns the public half in PEM, as an attacker would take it for an HMAC secret.
    pub fn pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Ec(pair, _) => pair.public_key().as_der(),
            Pair::Ed25519(pair) => pair.public_key().as_der(),
            Pair::Rsa(pair, _) => pair.public_key().as_der(),
        }
        .expect("a public key has a DER form");
        pem("PUBLIC KEY", der.as_ref())
    }

    /// Signs `message`.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair, _) => {
                pair.sign(&random, message).expect("the key can sign").as_ref().to_vec()
            }
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).expect("the key can sign");
                signature
            }
        }
    }

    fn public(&self) -> Vec<u8> {
        match &self.pair {
            Pair::Ec(pair, _) => pair.public_key().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Pair::Rsa(pair, _) => pair.public_key().as_ref().to_vec(),
        }
    }
}

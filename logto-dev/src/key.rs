//! One signing key: P-384, as a new Logto has, or RSA.

use aws_lc_rs::digest::{self, SHA256, SHA384};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use serde::Serialize;

use crate::hash;

/// A key that signs tokens.
pub(crate) struct SigningKey {
    pair: Pair,
    kid: String,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// A new P-384 key.
    pub(crate) fn ec() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING);
        Self::new(Pair::Ec(pair.expect("the operating system has random numbers")))
    }

    /// A new RSA key of 2048 bits.
    pub(crate) fn rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048);
        Self::new(Pair::Rsa(pair.expect("the operating system has random numbers")))
    }

    /// Names the key by its thumbprint (RFC 7638), as Logto does.
    fn new(pair: Pair) -> Self {
        let thumbprint = match &pair {
            Pair::Ec(pair) => {
                let (x, y) = coordinates(pair);
                format!(r#"{{"crv":"P-384","kty":"EC","x":"{x}","y":"{y}"}}"#)
            }
            Pair::Rsa(pair) => {
                let (n, e) = modulus_and_exponent(pair);
                format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#)
            }
        };
        Self { pair, kid: hash::sha256(&thumbprint) }
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// What this key signs with.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self.pair {
            Pair::Ec(_) => "ES384",
            Pair::Rsa(_) => "RS256",
        }
    }

    /// What Logto announces for ID tokens while it has such a key.
    pub(crate) fn announced(&self) -> &'static [&'static str] {
        match self.pair {
            Pair::Ec(_) => &["ES384"],
            Pair::Rsa(_) => &["PS256", "RS256"],
        }
    }

    /// The hash that goes with the algorithm.
    pub(crate) fn hash(&self) -> &'static digest::Algorithm {
        match self.pair {
            Pair::Ec(_) => &SHA384,
            Pair::Rsa(_) => &SHA256,
        }
    }

    /// The public half, as the JWKS shows it: an RSA key without `alg`.
    pub(crate) fn jwk(&self) -> Jwk {
        let mut jwk = Jwk { usage: "sig", kid: self.kid.clone(), ..Jwk::default() };
        match &self.pair {
            Pair::Ec(pair) => {
                let (x, y) = coordinates(pair);
                (jwk.kty, jwk.alg, jwk.crv) = ("EC", Some("ES384"), Some("P-384"));
                (jwk.x, jwk.y) = (Some(x), Some(y));
            }
            Pair::Rsa(pair) => {
                let (n, e) = modulus_and_exponent(pair);
                (jwk.kty, jwk.e, jwk.n) = ("RSA", Some(e), Some(n));
            }
        }
        jwk
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => {
                let signature = pair.sign(&random, message);
                signature.expect("the operating system has random numbers").as_ref().to_vec()
            }
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                    .expect("the signature is as long as the modulus");
                signature
            }
        }
    }

    /// Whether this key made a signature.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match &self.pair {
            Pair::Ec(pair) => {
                let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, pair.public_key());
                key.verify(message, signature)
            }
            Pair::Rsa(pair) => {
                let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key());
                key.verify(message, signature)
            }
        };
        verified.is_ok()
    }
}

/// A public key in the JWKS, its members in Logto's order.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Jwk {
    kty: &'static str,
    #[serde(rename = "use")]
    usage: &'static str,
    kid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
}

fn coordinates(pair: &EcdsaKeyPair) -> (String, String) {
    // The form of a public key is 0x04, x, y.
    let point = &pair.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    (hash::encode(x), hash::encode(y))
}

fn modulus_and_exponent(pair: &RsaKeyPair) -> (String, String) {
    // The form is DER, and of one length for 2048 bits: a sequence (4 bytes) of
    // the modulus (4 bytes and a zero before it) and the exponent (2 before it).
    let der = pair.public_key().as_ref();
    (hash::encode(&der[9..265]), hash::encode(&der[267..]))
}

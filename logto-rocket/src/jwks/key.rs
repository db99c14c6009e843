//! A published key, in the one form that verifies every kind of token: openidconnect's
//! verifier runs over it, and what else is signed is verified by it directly.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
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
    let of_rsa: [(_, &'static RsaParameters); 6] = [
        (Algorithm::RsaSsaPkcs1V15Sha256, &RSA_PKCS1_2048_8192_SHA256),
        (Algorithm::RsaSsaPkcs1V15Sha384, &RSA_PKCS1_2048_8192_SHA384),
        (Algorithm::RsaSsaPkcs1V15Sha512, &RSA_PKCS1_2048_8192_SHA512),
        (Algorithm::RsaSsaPssSha256, &RSA_PSS_2048_8192_SHA256),
        (Algorithm::RsaSsaPssSha384, &RSA_PSS_2048_8192_SHA384),
        (Algorithm::RsaSsaPssSha512, &RSA_PSS_2048_8192_SHA512),
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
        "P-521" => (Algorithm::EcdsaP521Sha512, &ECDSA_P521_SHA512_FIXED),
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
mod tests;

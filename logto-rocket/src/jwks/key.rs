//! A published key, in one form that verifies every kind of token.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::CoreJwsSigningAlgorithm as Algorithm;
use serde_json::Value;

use super::algorithm::named;

/// A public key with the algorithms that it verifies: no token can use it with another
/// (RFC 8725 section 3.1). A curve key has one, an RSA key has several unless it names
/// one.
#[derive(Clone)]
pub(crate) struct PublicKey(Arc<Inner>);

struct Inner {
    kid: Option<String>,
    has_curve: bool,
    verifying: Vec<(Algorithm, ParsedPublicKey)>,
}

impl PublicKey {
    pub(crate) fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// Whether it verifies signatures that were made with this algorithm.
    pub(crate) fn is_for(&self, algorithm: &Algorithm) -> bool {
        self.algorithms().any(|own| own == algorithm)
    }

    /// The algorithm that belongs to the key's curve, if it has a curve.
    pub(crate) fn curve_algorithm(&self) -> Option<&Algorithm> {
        self.algorithms().next().filter(|_| self.0.has_curve)
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

    /// Reads a published key, which must be for signatures, of a known kind, and
    /// well-formed.
    fn try_from(jwk: Value) -> Result<Self, Self::Error> {
        if jwk.get("use").is_some_and(|usage| usage != "sig") {
            return Err("it is not for signatures");
        }
        let (has_curve, mut verifying) = match (jwk["kty"].as_str(), jwk["crv"].as_str()) {
            (Some("RSA"), _) => (false, rsa(&jwk)),
            (Some("EC"), Some(curve)) => (true, point(&jwk, curve)),
            (Some("OKP"), Some("Ed25519")) => (true, ed25519(&jwk)),
            _ => return Err("its kind is unknown"),
        };
        // A key that names its algorithm is not for any other.
        if let Some(alg) = jwk.get("alg") {
            let alg = alg.as_str().and_then(named);
            verifying.retain(|(algorithm, _)| Some(algorithm) == alg.as_ref());
        }
        if verifying.is_empty() {
            return Err("it verifies nothing");
        }
        let kid = jwk["kid"].as_str().map(Into::into);
        Ok(Self(Arc::new(Inner { kid, has_curve, verifying })))
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

/// An uncompressed point (SEC 1 section 2.3.3); a point off the curve is not a key.
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

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

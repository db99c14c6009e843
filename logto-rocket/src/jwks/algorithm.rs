//! The algorithms whose signatures are verified here.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use openidconnect::core::CoreJwsSigningAlgorithm as Algorithm;

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

/// The hash that goes with an algorithm, if it is one of those above.
pub(crate) fn hash(algorithm: &Algorithm) -> Option<&'static digest::Algorithm> {
    match algorithm {
        Algorithm::RsaSsaPkcs1V15Sha256
        | Algorithm::RsaSsaPssSha256
        | Algorithm::EcdsaP256Sha256 => Some(&SHA256),
        Algorithm::EcdsaP384Sha384 => Some(&SHA384),
        Algorithm::EdDsa => Some(&SHA512),
        _ => None,
    }
}

//! The algorithms whose signatures are verified here: all that openidconnect names,
//! except shared secrets and `none`.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use openidconnect::core::CoreJwsSigningAlgorithm as Algorithm;

/// The algorithm with this name (RFC 7518 section 3.1, RFC 8037 section 3.1).
pub(crate) fn named(name: &str) -> Option<Algorithm> {
    Some(match name {
        "RS256" => Algorithm::RsaSsaPkcs1V15Sha256,
        "RS384" => Algorithm::RsaSsaPkcs1V15Sha384,
        "RS512" => Algorithm::RsaSsaPkcs1V15Sha512,
        "PS256" => Algorithm::RsaSsaPssSha256,
        "PS384" => Algorithm::RsaSsaPssSha384,
        "PS512" => Algorithm::RsaSsaPssSha512,
        "ES256" => Algorithm::EcdsaP256Sha256,
        "ES384" => Algorithm::EcdsaP384Sha384,
        "ES512" => Algorithm::EcdsaP521Sha512,
        "EdDSA" => Algorithm::EdDsa,
        _ => return None,
    })
}

/// The hash that goes with an algorithm. For EdDSA it is Ed25519's: keys of other curves
/// are not read.
pub(crate) fn hash(algorithm: &Algorithm) -> Option<&'static digest::Algorithm> {
    use Algorithm::{
        EcdsaP256Sha256, EcdsaP384Sha384, EcdsaP521Sha512, EdDsa, RsaSsaPkcs1V15Sha256,
        RsaSsaPkcs1V15Sha384, RsaSsaPkcs1V15Sha512, RsaSsaPssSha256, RsaSsaPssSha384,
        RsaSsaPssSha512,
    };
    match algorithm {
        RsaSsaPkcs1V15Sha256 | RsaSsaPssSha256 | EcdsaP256Sha256 => Some(&SHA256),
        RsaSsaPkcs1V15Sha384 | RsaSsaPssSha384 | EcdsaP384Sha384 => Some(&SHA384),
        RsaSsaPkcs1V15Sha512 | RsaSsaPssSha512 | EcdsaP521Sha512 | EdDsa => Some(&SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T2, T3: neither `none` nor a shared secret is ever accepted.
    #[test]
    fn every_algorithm_of_a_public_key_has_a_name_and_a_hash_and_no_other_does() {
        for family in ["RS", "PS", "ES"] {
            for size in [256, 384, 512] {
                let name = format!("{family}{size}");
                let algorithm = named(&name).expect(&name);
                assert_eq!(serde_json::to_value(&algorithm).expect("a name"), name.as_str());
                let hash = hash(&algorithm).expect("a hash");
                assert_eq!(hash.output_len() * 8, size, "{name}");
            }
        }
        assert_eq!(named("EdDSA"), Some(Algorithm::EdDsa));
        for name in ["none", "None", "", "HS256", "HS384", "HS512", "ES256K", "Ed448", "rs256"] {
            assert_eq!(named(name), None, "{name}");
        }
        for algorithm in [Algorithm::None, Algorithm::HmacSha256, Algorithm::HmacSha512] {
            assert!(hash(&algorithm).is_none());
        }
    }
}

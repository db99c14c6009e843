//! The signing keys, the tokens they sign, and their rotation.

use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::hash;
use crate::key::{Jwk, SigningKey};

/// The current key, and the previous one. Logto publishes only these.
pub(crate) struct Keys(RwLock<Vec<Arc<SigningKey>>>);

impl Keys {
    /// A P-384 key, new at each start.
    pub(crate) fn new() -> Self {
        Self(RwLock::new(vec![Arc::new(SigningKey::ec())]))
    }

    /// Signs with a new key from now on.
    pub(crate) fn rotate(&self, key: SigningKey) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert(0, Arc::new(key));
        keys.truncate(2);
    }

    /// The key that signs.
    pub(crate) fn current(&self) -> Arc<SigningKey> {
        Arc::clone(self.published().first().expect("there is always a key"))
    }

    fn published(&self) -> Vec<Arc<SigningKey>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The public halves.
    pub(crate) fn jwks(&self) -> Vec<Jwk> {
        self.published().iter().map(|key| key.jwk()).collect()
    }

    /// The algorithms of ID tokens, as discovery announces them.
    pub(crate) fn algorithms(&self) -> Vec<&'static str> {
        let mut algorithms = Vec::new();
        for name in self.published().iter().flat_map(|key| key.announced()) {
            if !algorithms.contains(name) {
                algorithms.push(*name);
            }
        }
        algorithms
    }

    /// A signed token in compact form. `typ` is absent from Logto's newer ID
    /// tokens.
    pub(crate) fn sign(&self, typ: Option<&'static str>, claims: &impl Serialize) -> String {
        let key = self.current();
        let header = Header { alg: key.algorithm(), typ, kid: key.kid() };
        let message = format!("{}.{}", encode(&header), encode(claims));
        let signature = key.sign(message.as_bytes());
        format!("{message}.{}", hash::encode(signature))
    }

    /// Reads a token that a published key signed.
    pub(crate) fn verify(&self, token: &str) -> Result<Verified, Rejected> {
        let (message, signature) = token.rsplit_once('.').ok_or(Rejected::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(Rejected::Malformed)?;
        let header: ReadHeader = decode(header)?;
        let claims = decode(claims)?;
        let signature = hash::decode(signature).ok_or(Rejected::Malformed)?;
        let keys = self.published();
        let key = keys.iter().find(|key| Some(key.kid()) == header.kid.as_deref());
        let key = key.filter(|key| key.algorithm() == header.alg).ok_or(Rejected::Forged)?;
        if !key.verifies(message.as_bytes(), &signature) {
            return Err(Rejected::Forged);
        }
        Ok(Verified { algorithm: key.algorithm(), typ: header.typ, claims })
    }
}

/// A token that one of the keys signed.
#[derive(Debug, PartialEq)]
pub(crate) struct Verified {
    pub(crate) algorithm: &'static str,
    pub(crate) typ: Option<String>,
    pub(crate) claims: Value,
}

/// Why a token is not ours.
#[derive(Debug, PartialEq)]
pub(crate) enum Rejected {
    /// It is not a token at all.
    Malformed,
    /// No published key signed it.
    Forged,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    typ: Option<&'static str>,
    kid: &'a str,
}

#[derive(Deserialize)]
struct ReadHeader {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
}

fn encode(value: &impl Serialize) -> String {
    hash::encode(serde_json::to_vec(value).expect("claims are maps with text keys"))
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, Rejected> {
    let bytes = hash::decode(part).ok_or(Rejected::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Rejected::Malformed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(result: Result<Verified, Rejected>) -> Result<Value, Rejected> {
        result.map(|verified| verified.claims)
    }

    #[test]
    fn a_signed_token_verifies_and_a_changed_one_does_not() {
        let keys = Keys::new();
        for key in [SigningKey::ec(), SigningKey::rsa()] {
            keys.rotate(key);
            let token = keys.sign(None, &json!({ "sub": "alice" }));
            assert_eq!(claims(keys.verify(&token)), Ok(json!({ "sub": "alice" })));
            let (_, signature) = token.rsplit_once('.').expect("three parts");
            let (header, _) = token.split_once('.').expect("three parts");
            let changed = format!("{header}.{}.{signature}", encode(&json!({ "sub": "bob" })));
            assert_eq!(keys.verify(&changed), Err(Rejected::Forged));
            assert_eq!(Keys::new().verify(&token), Err(Rejected::Forged));
        }
        assert_eq!(keys.verify("no token"), Err(Rejected::Malformed));
    }

    #[test]
    fn a_key_outlives_one_rotation_but_not_a_second() {
        let keys = Keys::new();
        let token = keys.sign(Some("JWT"), &json!({}));
        keys.rotate(SigningKey::rsa());
        assert_eq!(claims(keys.verify(&token)), Ok(json!({})));
        assert_eq!(keys.algorithms(), ["PS256", "RS256", "ES384"]);
        keys.rotate(SigningKey::ec());
        assert_eq!(keys.verify(&token), Err(Rejected::Forged));
        assert_eq!(keys.algorithms(), ["ES384", "PS256", "RS256"]);
    }
}

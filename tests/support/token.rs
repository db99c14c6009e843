//! ID tokens and logout tokens, right and forged.

use std::sync::Arc;

use aws_lc_rs::hmac;
use serde_json::{Value, json};

use crate::encode::{base64url, unbase64url};
use crate::{Alter, Deviation, Forgery, Key};

/// Returns header, claims and signature in JWS compact form.
pub fn compact(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let input = format!("{}.{}", base64url(header.to_string()), base64url(claims.to_string()));
    let signature = sign(input.as_bytes());
    format!("{input}.{}", base64url(signature))
}

/// Returns the claims of a compact token, unverified.
pub fn claims_of(token: &str) -> Value {
    let claims = token.split('.').nth(1).and_then(unbase64url).expect("a compact token");
    serde_json::from_slice(&claims).expect("claims are JSON")
}

/// A token about to be signed.
pub(crate) struct Draft {
    pub(crate) typ: Option<&'static str>,
    pub(crate) claims: Value,
    pub(crate) refreshed: bool,
    pub(crate) key: Arc<Key>,
    pub(crate) app_secret: String,
}

impl Draft {
    /// Signs the claims, as the deviations want.
    pub(crate) fn sign(mut self, deviations: &[Deviation]) -> String {
        let forgery = deviations.iter().find_map(|deviation| match deviation {
            Deviation::Forged(forgery) => Some(forgery),
            _ => None,
        });
        let mut header = self.header(forgery);
        for deviation in deviations {
            match deviation {
                Deviation::Claims(alter) => alter.apply(&mut self.claims),
                Deviation::RefreshedClaims(alter) if self.refreshed => {
                    alter.apply(&mut self.claims);
                }
                Deviation::Header(alter) => alter.apply(&mut header),
                _ => {}
            }
        }
        let token = compact(&header, &self.claims, |input| self.signature(forgery, input));
        deviations.iter().fold(token, |token, deviation| match deviation {
            Deviation::Token(change) => change(&token),
            _ => token,
        })
    }

    fn header(&self, forgery: Option<&Forgery>) -> Value {
        let own = |alg: &str| json!({"alg": alg, "kid": self.key.kid()});
        let mut header = match forgery {
            Some(Forgery::Unsigned(alg)) => own(alg),
            Some(Forgery::HmacWithPem | Forgery::HmacWithJwk | Forgery::HmacWithSecret) => {
                own("HS256")
            }
            Some(Forgery::By(key)) => json!({"alg": key.alg(), "kid": key.kid()}),
            Some(Forgery::Flipped | Forgery::InTheNameOf(_)) | None => own(self.key.alg()),
        };
        if let Some(typ) = self.typ {
            header["typ"] = typ.into();
        }
        header
    }

    fn signature(&self, forgery: Option<&Forgery>, input: &[u8]) -> Vec<u8> {
        match forgery {
            None => self.key.sign(input),
            Some(Forgery::Flipped) => flipped(self.key.sign(input)),
            Some(Forgery::Unsigned(_)) => Vec::new(),
            Some(Forgery::HmacWithPem) => hs256(self.key.pem().as_bytes(), input),
            Some(Forgery::HmacWithJwk) => hs256(self.key.jwk().to_string().as_bytes(), input),
            Some(Forgery::HmacWithSecret) => hs256(self.app_secret.as_bytes(), input),
            Some(Forgery::By(key) | Forgery::InTheNameOf(key)) => key.sign(input),
        }
    }
}

fn flipped(mut signature: Vec<u8>) -> Vec<u8> {
    signature[7] ^= 1;
    signature
}

fn hs256(secret: &[u8], input: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input).as_ref().to_vec()
}

/// Applies to `value` every change that `pick` finds among the deviations.
pub(crate) fn altered(
    mut value: Value,
    deviations: &[Deviation],
    pick: impl Fn(&Deviation) -> Option<&Alter>,
) -> Value {
    deviations.iter().filter_map(pick).for_each(|alter| alter.apply(&mut value));
    value
}

use std::sync::LazyLock;

use logto_rocket::internal::IdTokens;
use serde_json::Value;

use crate::provider::{Header, ISSUER, KEYS, METADATA, Token, audiences};

static VERIFIER: LazyLock<IdTokens> = LazyLock::new(|| IdTokens::new(METADATA, "n"));

/// T1 to T18: nothing that the provider did not sign is an ID token, and not everything
/// that it did sign.
///
/// After the first byte comes a token (`t`), or else a header and, after a line break,
/// a payload, which are signed with the provider's key.
pub fn id_token(data: &[u8]) {
    match Token::of(data) {
        None => {}
        Some(Token::Foreign(token)) => {
            assert!(verify(token).is_err(), "{token:?} was not signed by anybody");
        }
        Some(Token::Signed { token, header, payload }) => {
            let Ok(()) = verify(&token) else { return };
            check(header, payload);
        }
    }
}

fn verify(token: &str) -> Result<(), ()> {
    let verified = VERIFIER.verify(KEYS.as_bytes(), token).expect("keys");
    verified.map(drop).map_err(|error| {
        let said = error.to_string();
        assert!(said.len() < 200 && said.is_ascii(), "{said}");
    })
}

/// An accepted token has every claim that proves it (OpenID Connect Core, section
/// 3.1.3.7).
fn check(header: &[u8], payload: &[u8]) {
    let header: Header = serde_json::from_slice(header).expect("a header");
    assert_eq!(header.alg, "EdDSA");
    assert!(header.crit.is_none(), "an extension that is not known");
    let claims: Value = serde_json::from_slice(payload).expect("claims");
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["nonce"], "n");
    let audiences = audiences(&claims);
    assert!(audiences.contains(&"app".into()), "{claims}");
    assert!(audiences.len() == 1, "another audience is not trusted: {claims}");
    assert!(claims.get("azp").is_none_or(|azp| azp == "app"), "{claims}");
    assert!(claims["sub"].as_str().is_some_and(|sub| (1..=255).contains(&sub.len())));
    // Seeds are signed for the year 2286; until then nothing expires.
    assert!(claims["exp"].as_f64().is_some_and(|exp| exp > 1.7e9), "{claims}");
    assert!(claims["iat"].as_i64().is_some_and(|iat| iat < 9_999_999_999), "{claims}");
    assert!(claims.get("nbf").is_none_or(|nbf| nbf.as_i64().is_some()), "{claims}");
}

use std::sync::LazyLock;

use logto_rocket::internal::LogoutTokens;
use serde_json::Value;

use crate::provider::{Header, ISSUER, KEYS, METADATA, Token, audiences};

static VERIFIER: LazyLock<LogoutTokens> =
    LazyLock::new(|| LogoutTokens::new(METADATA, KEYS.as_bytes()));

/// The time for the tokens, in seconds.
const NOW: i64 = 1_800_000_000;
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// L4, L6: nothing that the provider did not sign is a logout token, and not everything
/// that it did sign; and the user who is signed out is the token's.
pub fn logout_token(data: &[u8]) {
    match Token::of(data) {
        None => {}
        Some(Token::Foreign(token)) => {
            assert!(VERIFIER.verify(token, NOW).is_err(), "{token:?} was not signed by anybody");
        }
        Some(Token::Signed { token, header, payload }) => {
            let Ok(read) = VERIFIER.verify(&token, NOW) else { return };
            check_header(header);
            // A number may be too large for a `Value` if nobody else reads it.
            let Ok(claims) = serde_json::from_slice::<Value>(payload) else { return };
            check(&claims);
            assert_eq!(claims["jti"], read.jti);
            assert_eq!(claims["sid"].as_str(), read.sid.as_deref());
            assert_eq!(claims["sub"].as_str(), read.sub.as_deref());
        }
    }
}

fn check_header(header: &[u8]) {
    let header: Header = serde_json::from_slice(header).expect("a header");
    assert_eq!(header.alg, "EdDSA");
    assert!(header.crit.is_none(), "an extension that is not known");
    let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
    assert!(matches!(typ.as_deref(), None | Some("logout+jwt" | "application/logout+jwt")));
}

/// An accepted token has every claim that proves it (OpenID Connect Back-Channel Logout
/// 1.0, section 2.6).
fn check(claims: &Value) {
    assert_eq!(claims["iss"], ISSUER);
    let audiences = audiences(claims);
    assert!(!audiences.is_empty() && audiences.iter().all(|aud| aud == "app"), "{claims}");
    let around = NOW - 360..=NOW + 60;
    assert!(claims["iat"].as_i64().is_some_and(|iat| around.contains(&iat)), "{claims}");
    let exp = claims.get("exp");
    assert!(exp.is_none_or(|exp| exp.as_i64().is_some_and(|exp| exp > NOW - 60)), "{claims}");
    assert!(claims["events"][EVENT].is_object(), "{claims}");
    assert!(claims.get("nonce").is_none(), "{claims}");
    assert!(claims["jti"].as_str().is_some_and(|jti| !jti.is_empty()), "{claims}");
    let ids = ["sub", "sid"].map(|name| claims.get(name));
    assert!(ids.iter().any(Option::is_some), "{claims}");
    for id in ids.into_iter().flatten() {
        assert!(id.as_str().is_some_and(|id| (1..=255).contains(&id.len())), "{claims}");
    }
}

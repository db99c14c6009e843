use std::str;
use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logto_rocket::__fuzz::IdTokens;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

const ISSUER: &str = "https://foo.logto.app/oidc";
const METADATA: &[u8] = br#"{
    "issuer": "https://foo.logto.app/oidc",
    "authorization_endpoint": "https://foo.logto.app/oidc/auth",
    "token_endpoint": "https://foo.logto.app/oidc/token",
    "userinfo_endpoint": "https://foo.logto.app/oidc/me",
    "jwks_uri": "https://foo.logto.app/oidc/jwks",
    "id_token_signing_alg_values_supported": ["EdDSA", "ES384"]
}"#;

static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes"));
static KEYS: LazyLock<String> = LazyLock::new(|| {
    let x = URL_SAFE_NO_PAD.encode(KEY.public_key());
    format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","use":"sig","kid":"k","x":"{x}"}}]}}"#)
});
static VERIFIER: LazyLock<IdTokens> = LazyLock::new(|| IdTokens::new(METADATA, "n"));

/// T1 to T18: nothing that the provider did not sign is an ID token, nor everything
/// that it did.
///
/// After the first byte stands a token (`t`), or else a header and after a line break
/// a payload, which are signed with the provider's key.
pub fn id_token(data: &[u8]) {
    let Some((&kind, rest)) = data.split_first() else { return };
    if kind == b't' {
        let Ok(token) = str::from_utf8(rest) else { return };
        assert!(verify(token).is_err(), "{token:?} was not signed by anybody");
        return;
    }
    let mut parts = rest.splitn(2, |byte| *byte == b'\n');
    let (header, payload) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", part(header), part(payload));
    let signature = part(KEY.sign(signed.as_bytes()).as_ref());
    if verify(&format!("{signed}.{signature}")).is_ok() {
        check(header, payload);
    }
}

/// What matters of a token's header.
#[derive(Deserialize)]
struct Header {
    alg: String,
    crit: Option<IgnoredAny>,
}

fn verify(token: &str) -> Result<(), ()> {
    let verified = VERIFIER.verify(KEYS.as_bytes(), token).expect("keys");
    verified.map(drop).map_err(|error| {
        let said = error.to_string();
        assert!(said.len() < 200 && said.is_ascii(), "{said}");
    })
}

/// What was accepted has every claim that says so (OpenID Connect Core, section
/// 3.1.3.7).
fn check(header: &[u8], payload: &[u8]) {
    let header: Header = serde_json::from_slice(header).expect("a header");
    assert_eq!(header.alg, "EdDSA");
    assert!(header.crit.is_none(), "an extension that is not known");
    let claims: Value = serde_json::from_slice(payload).expect("claims");
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["nonce"], "n");
    let audiences = claims["aud"].as_array().cloned().unwrap_or(vec![claims["aud"].clone()]);
    assert!(audiences.contains(&"app".into()), "{claims}");
    assert!(audiences.len() == 1, "another audience is not trusted: {claims}");
    assert!(claims.get("azp").is_none_or(|azp| azp == "app"), "{claims}");
    assert!(claims["sub"].as_str().is_some_and(|sub| (1..=255).contains(&sub.len())));
    // Seeds are signed for the year 2286; between now and then nothing runs out.
    assert!(claims["exp"].as_f64().is_some_and(|exp| exp > 1.7e9), "{claims}");
    assert!(claims["iat"].as_i64().is_some_and(|iat| iat < 9_999_999_999), "{claims}");
    assert!(claims.get("nbf").is_none_or(|nbf| nbf.as_i64().is_some()), "{claims}");
}

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logto_rocket::internal::{IdTokens, key_count};
use serde::Deserialize;
use serde_json::Value;

/// Everything that the verification can read, announced.
const METADATA: &[u8] = br#"{
    "issuer": "https://foo.logto.app/oidc",
    "authorization_endpoint": "https://foo.logto.app/oidc/auth",
    "token_endpoint": "https://foo.logto.app/oidc/token",
    "userinfo_endpoint": "https://foo.logto.app/oidc/me",
    "jwks_uri": "https://foo.logto.app/oidc/jwks",
    "id_token_signing_alg_values_supported":
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
        "HS256", "none"]
}"#;

static VERIFIER: LazyLock<IdTokens> = LazyLock::new(|| IdTokens::new(METADATA, "n"));

/// Tokens that would be valid if any of these signatures were.
static TOKENS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let payload = r#"{"iss":"https://foo.logto.app/oidc","sub":"u","aud":"app","exp":9999999999,"iat":1,"nonce":"n"}"#;
    let part = |text: &[u8]| URL_SAFE_NO_PAD.encode(text);
    let algorithms = ["RS256", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "none"];
    let token = |algorithm: &str| {
        let header = format!(r#"{{"alg":"{algorithm}"}}"#);
        let length = if algorithm == "none" { 0 } else { 64 };
        let signature = part(&vec![7; length]);
        format!("{}.{}.{signature}", part(header.as_bytes()), part(payload.as_bytes()))
    };
    algorithms.map(token).to_vec()
});

/// A set of keys, without whatever else it says.
#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// T3, T9: no set of keys does more than verify what its keys signed.
pub fn jwks(data: &[u8]) {
    let Some(count) = key_count(data) else { return };
    let set: Set = serde_json::from_slice(data).expect("keys were read from it");
    let usable =
        set.keys.iter().filter(|key| matches!(key["kty"].as_str(), Some("RSA" | "EC" | "OKP")));
    assert!(count <= usable.count(), "a key that cannot verify a signature is used");
    for token in &*TOKENS {
        let verified = VERIFIER.verify(data, token).expect("keys");
        assert!(verified.is_err(), "{token} was not signed by anybody");
    }
}

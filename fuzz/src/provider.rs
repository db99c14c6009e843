//! A provider with one key, whose tokens have any header and any claims.

use std::str;
use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

pub(crate) const ISSUER: &str = "https://foo.logto.app/oidc";
pub(crate) const METADATA: &[u8] = br#"{
    "issuer": "https://foo.logto.app/oidc",
    "authorization_endpoint": "https://foo.logto.app/oidc/auth",
    "token_endpoint": "https://foo.logto.app/oidc/token",
    "userinfo_endpoint": "https://foo.logto.app/oidc/me",
    "jwks_uri": "https://foo.logto.app/oidc/jwks",
    "id_token_signing_alg_values_supported": ["EdDSA", "ES384"]
}"#;

static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes"));

pub(crate) static KEYS: LazyLock<String> = LazyLock::new(|| {
    let x = URL_SAFE_NO_PAD.encode(KEY.public_key());
    format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","use":"sig","kid":"k","x":"{x}"}}]}}"#)
});

/// What a target's bytes mean: a token after the byte `t`; after any other a header and,
/// after a line break, a payload, which are signed with the provider's key.
pub(crate) enum Token<'a> {
    Foreign(&'a str),
    Signed { token: String, header: &'a [u8], payload: &'a [u8] },
}

impl<'a> Token<'a> {
    pub(crate) fn of(data: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = data.split_first()?;
        if kind == b't' {
            return str::from_utf8(rest).ok().map(Self::Foreign);
        }
        let mut parts = rest.splitn(2, |byte| *byte == b'\n');
        let (header, payload) =
            (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!("{}.{}", part(header), part(payload));
        let signature = part(KEY.sign(signed.as_bytes()).as_ref());
        Some(Self::Signed { token: format!("{signed}.{signature}"), header, payload })
    }
}

/// What matters of a token's header.
#[derive(Deserialize)]
pub(crate) struct Header {
    pub(crate) alg: String,
    pub(crate) typ: Option<String>,
    pub(crate) crit: Option<IgnoredAny>,
}

pub(crate) fn audiences(claims: &Value) -> Vec<Value> {
    claims["aud"].as_array().cloned().unwrap_or(vec![claims["aud"].clone()])
}

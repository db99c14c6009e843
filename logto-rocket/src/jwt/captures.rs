//! Every token that a real Logto 1.42 signed, verified with its keys at the time of the capture.

use std::collections::BTreeMap;

use serde_json::Value;

use super::*;
use crate::jwks::KeySet;

const CAPTURE: &str = include_str!("../../../tests/captures/logto-1.42-apis.json");

/// The time of the capture, at which all one-hour tokens are valid.
const NOW: i64 = 1_795_996_900;

/// The tokens anywhere in an answer.
fn tokens<'c>(value: &'c Value, found: &mut Vec<&'c str>) {
    match value {
        Value::String(text) if text.starts_with("eyJ") && text.split('.').count() == 3 => {
            found.push(text);
        }
        Value::Array(list) => list.iter().for_each(|item| tokens(item, found)),
        Value::Object(map) => map.values().for_each(|item| tokens(item, found)),
        _ => {}
    }
}

fn keys(capture: &Value, key: &str) -> KeySet {
    let name = match key {
        key if key.starts_with("1.rsa.") => "1.rsa.jwks",
        key if key.starts_with("1.after_rotation.") => "1.after_rotation.jwks",
        _ => "1.jwks",
    };
    KeySet::parse(capture[name][2].to_string().as_bytes()).expect("keys")
}

fn metadata(capture: &Value) -> ProviderMetadata {
    let issuer = "http://logto.test:3001/oidc";
    let algorithms = capture["1.rsa.discovery.id_token_signing_alg_values_supported"].clone();
    serde_json::from_value(serde_json::json!({
        "issuer": issuer, "authorization_endpoint": issuer, "token_endpoint": issuer,
        "userinfo_endpoint": issuer, "jwks_uri": issuer,
        "id_token_signing_alg_values_supported": algorithms,
    }))
    .expect("metadata")
}

fn verify(token: &str, metadata: &ProviderMetadata, keys: &KeySet) -> Result<Verified> {
    access_token_at_hand(token, metadata, keys, NOW, 0)
}

/// W3: all access tokens are valid, except expired ones; ID tokens and logout tokens are not
/// access tokens.
#[test]
fn every_captured_access_token_is_verified_and_no_other_token_is() {
    let capture: BTreeMap<String, Value> = serde_json::from_str(CAPTURE).expect("a capture");
    let all = serde_json::to_value(&capture).expect("JSON");
    let metadata = metadata(&all);
    let (mut good, mut ended, mut others) = (0, 0, 0);
    for (key, value) in &capture {
        let mut found = Vec::new();
        tokens(value, &mut found);
        for token in found {
            let typ = Compact::parse(token).expect("a token").typ().map(str::to_owned);
            let verified = verify(token, &metadata, &keys(&all, key));
            match (typ.as_deref(), verified) {
                (Some("at+jwt"), Ok(verified)) => {
                    assert!(verified.expires_at > NOW, "{key}");
                    good += 1;
                }
                (Some("at+jwt"), Err(error)) => {
                    assert!(error.to_string().ends_with("it has expired"), "{key}: {error}");
                    ended += 1;
                }
                (_, Err(error)) => {
                    assert!(error.to_string().contains("`typ`"), "{key}: {error}");
                    others += 1;
                }
                (_, Ok(_)) => panic!("{key}: no access token, and verified"),
            }
        }
    }
    assert!(
        good >= 50 && ended >= 1 && others >= 10,
        "{good} good, {ended} ended, {others} others"
    );
}

/// W7, W8: the content of each kind of token.
#[test]
fn captured_tokens_say_whom_they_are_about_and_for() {
    let all: Value = serde_json::from_str(CAPTURE).expect("a capture");
    let metadata = metadata(&all);
    let auth = |name: &str| {
        let key = format!("1.{name}.at");
        let token = all[&key]["raw"].as_str().unwrap_or_else(|| panic!("{key}"));
        verify(token, &metadata, &keys(&all, &key)).expect("a token").auth
    };
    let user = auth("user+resource");
    assert_eq!(user.audience, ["https://facts.example.com"]);
    assert_eq!(user.scopes, ["read:facts", "write:facts"]);
    assert_eq!((user.organization_id, user.claims.organization_id().value()), (None, None));

    let organization = auth("user+organization");
    let id = organization.organization_id.clone().expect("an organization");
    assert_eq!(organization.audience, [format!("urn:logto:organization:{id}")]);
    assert_eq!(auth("user+resource+organization").organization_id, Some(id));

    let machine = auth("m2m+resource.scope");
    assert!(machine.is_machine() && machine.has_scope("read:facts"));
    // The right audience, but no scopes.
    let without_role = auth("m2m_without_role+resource");
    assert!(without_role.is_machine() && without_role.scopes.is_empty());
    assert_eq!(without_role.audience, ["https://facts.example.com"]);

    let impersonated = auth("token_exchange.m2m.user+resource");
    assert!(!impersonated.is_machine());
    let acted = auth("token_exchange.web.user+resource.actor");
    assert!(!acted.is_machine() && acted.claims.actor().value().is_some());
    assert_eq!(auth("custom.throws.block").roles(), Vec::<&str>::new());
    assert!(!auth("custom.user+resource").roles().is_empty());
}

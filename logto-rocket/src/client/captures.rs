//! Answers of two real Logto servers, read by the production code.

use serde_json::Value;

use super::grants::TokenAnswer;
use super::*;
use crate::http::Reply;
use crate::jwks::{KeySet, PublicKey, named};

const CAPTURES: [&str; 2] = [
    include_str!("../../../tests/captures/logto-1.37-oidc-provider-8.json"),
    include_str!("../../../tests/captures/logto-1.42-oidc-provider-9.json"),
];

fn captures() -> [Value; 2] {
    CAPTURES.map(|text| serde_json::from_str(text).expect("a capture"))
}

fn metadata(capture: &Value) -> ProviderMetadata {
    serde_json::from_value(capture["discovery"].clone()).expect("metadata")
}

/// A captured set of keys. The captures leave the numbers out: these are others.
fn keys(captured: &Value) -> KeySet {
    let mut keys = captured.clone();
    for key in keys.as_array_mut().expect("keys") {
        // The generator of P-384 (FIPS 186-4, appendix D.1.2.4).
        key["x"] = "qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3".into();
        key["y"] = "NhfeSpYmLG9dnpi_kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f".into();
        key["n"] = ("v".repeat(341) + "w").into();
        key["e"] = "AQAB".into();
    }
    KeySet::parse(serde_json::json!({ "keys": keys }).to_string().as_bytes()).expect("keys")
}

/// The answers that hold an access token, by name.
fn token_answers(capture: &Value) -> Vec<(&String, &Value)> {
    let answers = capture.as_object().expect("an object").iter();
    let bodies = answers.map(|(name, answer)| (name, &answer[2]));
    bodies.filter(|(_, body)| body["access_token"].is_string()).collect()
}

#[test]
fn every_member_of_the_captured_metadata_is_kept() {
    for capture in captures() {
        let metadata = metadata(&capture);
        let own = ["issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint"];
        let optional = [&metadata.end_session_endpoint, &metadata.revocation_endpoint];
        assert!(optional.iter().all(|endpoint| endpoint.is_some()));
        assert_eq!(metadata.id_token_signing_alg_values_supported, ["ES384"]);
        let captured = capture["discovery"].as_object().expect("an object");
        // Four of the required, `jwks_uri`, two optional and the algorithms are fields.
        assert_eq!(metadata.other.len() + own.len() + 4, captured.len());
        for (name, value) in &metadata.other {
            assert_eq!(captured.get(name), Some(value), "{name}");
        }
    }
}

/// The RSA key that Logto rotates to has no `alg`.
#[test]
fn every_captured_key_is_usable() {
    for capture in captures() {
        for name in ["keys.before", "keys.afterRSA", "keys.afterEC"] {
            let captured = &capture[name]["jwks"];
            let usable = keys(captured);
            let kids: Vec<_> = usable.keys().iter().map(PublicKey::kid).collect();
            let expected = captured.as_array().expect("keys").iter().map(|key| key["kid"].as_str());
            assert_eq!(kids, expected.collect::<Vec<_>>(), "{name}");
            let allowed = ["ES384", "RS256"].map(|alg| usable.allow(&named(alg).expect(alg), &[]));
            assert_eq!(allowed, [true, false], "{name}");
        }
    }
}

#[test]
fn every_captured_token_answer_is_read_without_loss() {
    for capture in captures() {
        let answers = token_answers(&capture);
        assert!(answers.len() > 20, "the answers were not found");
        for (name, body) in answers {
            let answer: TokenAnswer = serde_json::from_value(body.clone()).expect(name);
            let text = |member: &str| body[member].as_str();
            assert_eq!(answer.expires_in, body["expires_in"].as_u64(), "{name}");
            let grant = answer.granted(crate::clock::Timestamp::now()).expect(name);
            assert_eq!(Some(grant.token.secret().secret().as_str()), text("access_token"));
            assert_eq!(
                grant.refresh_token.as_ref().map(|t| t.secret().as_str()),
                text("refresh_token")
            );
            assert_eq!(grant.id_token.as_deref(), text("id_token"), "{name}");
            assert_eq!(grant.token.scope(), text("scope").unwrap_or_default(), "{name}");
        }
    }
}

#[test]
fn every_captured_refusal_is_known_by_its_code() {
    for capture in captures() {
        let mut seen = 0;
        for (name, answer) in capture.as_object().expect("an object") {
            let (Some(status), Some(code)) = (answer[0].as_u64(), answer[2]["error"].as_str())
            else {
                continue;
            };
            let body = answer[2].to_string().into_bytes();
            let status = u16::try_from(status).expect("a status");
            let error = Reply::of(status, body).refusal();
            let expected = match code {
                "invalid_grant" => ErrorKind::SessionEnded,
                "access_denied" => ErrorKind::Denied,
                "invalid_target" | "insufficient_scope" | "invalid_scope" => ErrorKind::NotGranted,
                _ => ErrorKind::Refused,
            };
            assert_eq!(error.kind(), expected, "{name}");
            assert!(error.to_string().ends_with(code), "{name}: {error}");
            seen += 1;
        }
        assert!(seen > 20, "the refusals were not found");
    }
}

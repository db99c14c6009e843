//! Answers of a real Logto, played back.

use logto_rocket::{IdTokenClaims, UserInfo};
use logto_tests::{Alter, Browser, Deviation, Hostile, app};
use rocket::http::Status;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

const CAPTURES: [&str; 2] = [
    include_str!("../captures/logto-1.37-oidc-provider-8.json"),
    include_str!("../captures/logto-1.42-oidc-provider-9.json"),
];

const ID_TOKENS: [&str; 5] = [
    "code.success.id_token",
    "refresh.plain.id_token",
    "bob.id_token",
    "scope.openid.only.idt",
    "max_age.idt",
];

fn captures() -> [Value; 2] {
    CAPTURES.map(|text| serde_json::from_str(text).unwrap())
}

/// A capture in which the provider is `op`.
fn at(op: &Hostile, captured: &Value) -> Value {
    let endpoint = captured["issuer"].as_str().unwrap().strip_suffix("/oidc").unwrap();
    serde_json::from_str(&captured.to_string().replace(endpoint, &op.endpoint())).unwrap()
}

fn round<T: DeserializeOwned + Serialize>(captured: &Value) -> Value {
    let read: T = serde_json::from_value(captured.clone()).unwrap();
    serde_json::to_value(read).unwrap()
}

#[test]
fn no_claim_of_a_captured_id_token_is_lost_or_made_up() {
    for capture in captures() {
        for name in ID_TOKENS {
            let claims = &capture[name]["claims"];
            assert!(claims["sub"].is_string(), "{name}");
            assert_eq!(&round::<IdTokenClaims>(claims), claims, "{name}");
        }
        // The two that differ from the others.
        assert_eq!(capture["scope.openid.only.idt"]["claims"].get("updated_at"), None);
        assert!(capture["max_age.idt"]["claims"]["auth_time"].is_u64());
    }
}

#[test]
fn nothing_of_captured_user_info_is_lost_or_made_up() {
    for capture in captures() {
        let least = &capture["scope.openid.only.userinfo"];
        for info in [&capture["userinfo.full"][2], &capture["bob.userinfo"], least] {
            assert!(info["sub"].is_string());
            assert_eq!(&round::<UserInfo>(info), info);
        }
        assert_eq!(least.as_object().unwrap().len(), 1, "`sub` and nothing else");
    }
}

/// ID tokens of Logto 1.37 have `typ` and `at_hash`, those of 1.42 neither.
#[rocket::async_test]
async fn a_user_signs_in_with_the_captured_discovery_document_and_claims() {
    for (capture, old) in captures().into_iter().zip([true, false]) {
        let op = Hostile::start().await;
        op.deviate(Deviation::Discovery(Alter::replace(at(&op, &capture["discovery"]))));
        let captured = capture["code.success.id_token"]["claims"].clone();
        assert_eq!(captured.get("at_hash").is_some(), old);
        op.deviate(Deviation::Claims(Alter::by("captured", move |claims| {
            for (name, value) in captured.as_object().unwrap() {
                if !["nonce", "at_hash", "aud", "exp", "iat", "iss"].contains(&name.as_str()) {
                    claims[name] = value.clone();
                }
            }
        })));
        if old {
            op.deviate(Deviation::AtHash).deviate(Deviation::Header(Alter::set("typ", "JWT")));
        }
        let browser = Browser::open(app(op.figment())).await;
        let page = browser.sign_in(&op, "/protected").await;
        assert_eq!(page.status, Status::Ok);
        let expected = &capture["code.success.id_token"]["claims"];
        for name in ["sub", "name", "updated_at", "address", "organization_roles", "sid"] {
            assert_eq!(page.json()[name], expected[name], "{name}");
        }
    }
}

/// While it behaves, the hostile provider answers as Logto did.
#[rocket::async_test]
async fn the_hostile_provider_has_the_members_of_the_captured_one() {
    let op = Hostile::start().await;
    let [_, capture] = captures();
    let url = format!("{}/.well-known/openid-configuration", op.issuer());
    let body = reqwest::get(url).await.unwrap().text().await.unwrap();
    let (ours, theirs): (Value, _) =
        (serde_json::from_str(&body).unwrap(), at(&op, &capture["discovery"]));
    for (name, value) in ours.as_object().unwrap() {
        assert!(theirs.get(name).is_some(), "Logto has no `{name}`");
        if value.is_string() || value.is_boolean() {
            assert_eq!(value, &theirs[name], "{name}");
        }
    }
    let error = &capture["code.reuse"];
    assert_eq!((&error[0], &error[2]["error"]), (&json!(400), &json!("invalid_grant")));
}

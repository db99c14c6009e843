use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use super::*;

fn jwt(payload: &[u8]) -> String {
    let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
    format!("{}.{}.c2ln", encode(br#"{"alg":"ES384","typ":"at+jwt"}"#), encode(payload))
}

fn claims(payload: &Value) -> AccessTokenClaims {
    AccessTokenClaims::parse(&jwt(payload.to_string().as_bytes())).expect("a JWT")
}

#[test]
fn a_jwt_is_read_in_full() {
    let claims = claims(&json!({"jti": "j", "sub": "u1", "iat": 1, "exp": 3601.5,
        "scope": "read:items write:items", "client_id": "app", "iss": "i",
        "aud": ["a", "b"], "organization_id": "o", "act": {"sub": "u2"}, "own": [1]}));
    assert_eq!(claims.issuer(), Claim::Value("i"));
    assert_eq!(claims.subject(), Claim::Value("u1"));
    assert_eq!(claims.audiences(), Claim::Value(vec!["a", "b"]));
    assert_eq!(claims.issued_at(), Claim::Value(UNIX_EPOCH + Duration::from_secs(1)));
    assert_eq!(claims.expires_at(), Claim::Value(UNIX_EPOCH + Duration::from_millis(3_601_500)));
    assert_eq!(claims.jti(), Claim::Value("j"));
    assert_eq!(claims.scopes(), ["read:items", "write:items"]);
    assert!(claims.has_scope("read:items") && !claims.has_scope("read"));
    assert_eq!(claims.client_id(), Claim::Value("app"));
    assert_eq!(claims.organization_id(), Claim::Value("o"));
    assert_eq!(claims.actor(), Claim::Value("u2"));
    assert_eq!(claims.get("own"), Claim::Value(&json!([1])));
}

#[test]
fn claims_are_written_in_order_and_the_rest_as_sent() {
    let sent = r#"{"own":1,"jti":"j","aud":["a"],"sub":null,"scope":"","iss":"i"}"#;
    let claims = AccessTokenClaims::parse(&jwt(sent.as_bytes())).expect("a JWT");
    assert_eq!(
        serde_json::to_string(&claims).expect("JSON"),
        r#"{"iss":"i","sub":null,"aud":["a"],"scope":"","own":1,"jti":"j"}"#
    );
}

#[test]
fn odd_claims_are_read_as_absent_and_no_scope_is_no_permission() {
    for scope in [json!({}), json!({"scope": ""}), json!({"scope": null}), json!({"scope": 5})] {
        assert_eq!(claims(&scope).scopes(), Vec::<&str>::new(), "{scope}");
        assert!(!claims(&scope).has_scope(""));
    }
    let odd = claims(&json!({"exp": "soon", "iat": -1, "nbf": 1e300, "aud": 5, "act": "u2"}));
    assert_eq!((odd.expires_at(), odd.issued_at()), (Claim::Absent, Claim::Absent));
    assert_eq!((odd.audiences(), odd.actor()), (Claim::Absent, Claim::Absent));
    assert_eq!(odd.get("exp"), Claim::Value(&json!("soon")));
}

#[test]
fn a_token_that_is_not_a_jwt_is_opaque() {
    let good = jwt(b"{}");
    assert_eq!(TokenClaims::read(&good).jwt(), Some(&claims(&json!({}))));
    let (head, _) = good.rsplit_once('.').expect("parts");
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
    for token in [
        String::new(),
        "oeNZ4xgbsqhjxTdRd2qpCVIARGiW3pPEy3XU3jv8_Xr".into(),
        "..".into(),
        head.into(),
        format!("{good}.c2ln"),
        format!("{good}.c2ln.c2ln"),
        format!("{good}="),
        good.replacen('.', "!.", 1),
        format!("e30{}", &good[good.find('.').expect("a dot")..]).replace("e30.e30", "bnVsbA.e30"),
        jwt(b"[]"),
        jwt(b"null"),
        jwt(b"{\"sub\":\"a\",\"sub\":\"b\"}"),
        jwt(b"\xff"),
        jwt(deep.as_bytes()),
        jwt(format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20)).as_bytes()),
    ] {
        let shown: String = token.chars().take(80).collect();
        assert_eq!(TokenClaims::read(&token), TokenClaims::Opaque, "{shown}");
    }
}

use serde_json::json;

use super::*;

const NOW: i64 = 1_795_320_000;
const SKEW: i64 = 60;

/// A logout token as Logto 1.42 sends it.
fn claims() -> Value {
    json!({
        "sub": "extwr7ziy1s8", "events": { EVENT: {} }, "jti": "8HSTR57hd7m", "sid": "hGoKypOkwnc",
        "aud": "app", "exp": NOW + 120, "iat": NOW, "iss": "https://foo/oidc",
    })
}

fn read(claims: &Value) -> Result<LogoutToken, &'static str> {
    LogoutToken::read(&claims.to_string(), "https://foo/oidc", "app", NOW, SKEW)
}

fn with(name: &str, value: impl Into<Value>) -> Result<LogoutToken, &'static str> {
    let mut claims = claims();
    claims[name] = value.into();
    read(&claims)
}

fn without(names: &[&str]) -> Result<LogoutToken, &'static str> {
    let mut claims = claims();
    for name in names {
        claims.as_object_mut().expect("an object").remove(*name);
    }
    read(&claims)
}

/// L5, L13: both generations; with `sid`, that session is meant, and the user is named.
#[test]
fn a_logout_token_of_either_generation_is_read() {
    let token = read(&claims()).expect("a token");
    let subject = Some("extwr7ziy1s8".to_owned());
    assert!(token.whom == Whom::Sid { sid: "hGoKypOkwnc".into(), subject });
    assert_eq!((token.jti.as_str(), token.issued_at), ("8HSTR57hd7m", NOW));
    assert!(without(&["exp"]).is_ok(), "1.41");
    let of_session = without(&["sub"]).expect("a token");
    assert!(of_session.whom == Whom::Sid { sid: "hGoKypOkwnc".into(), subject: None });
    let of_user = without(&["sid"]).expect("a token");
    assert!(of_user.whom == Whom::Subject("extwr7ziy1s8".into()));
    assert!(with("aud", json!(["app"])).is_ok());
    assert!(with("ignored_claim", "ignored").is_ok());
    assert!(with("events", json!({EVENT: {"more": 1}, "https://other.event": 7})).is_ok());
}

/// L5: what two real Logto servers posted.
#[test]
fn a_captured_logout_token_is_read() {
    for capture in [
        include_str!("../../../../tests/captures/logto-1.37-oidc-provider-8.json"),
        include_str!("../../../../tests/captures/logto-1.42-oidc-provider-9.json"),
    ] {
        let capture: Value = serde_json::from_str(capture).expect("a capture");
        let token = &capture["backchannel.logout_token"];
        let (claims, text) = (&token["claims"], |name: &str| token["claims"][name].as_str());
        assert!(check_type(token["header"]["typ"].as_str()).is_ok());
        let now = claims["iat"].as_i64().expect("a time");
        let (issuer, app_id) = (text("iss").expect("`iss`"), text("aud").expect("`aud`"));
        let payload = claims.to_string();
        let read = LogoutToken::read(&payload, issuer, app_id, now + 1, 0);
        let (sid, subject) = (text("sid").expect("`sid`").into(), text("sub").map(Into::into));
        assert!(read.expect("a token").whom == Whom::Sid { sid, subject });
    }
}

/// L4: anything missing, empty, of the wrong type or from somebody else.
#[test]
fn a_logout_token_with_a_wrong_claim_is_refused() {
    for name in ["iss", "aud", "iat", "jti", "events"] {
        assert!(without(&[name]).is_err(), "without {name}");
    }
    assert!(without(&["sub", "sid"]).is_err());
    let long = "x".repeat(256);
    for (name, value) in [
        ("iss", json!("https://foo/oidc1")),
        ("iss", json!("https://foo/oidc/")),
        ("iss", json!(["https://foo/oidc"])),
        ("aud", json!("app1")),
        ("aud", json!([])),
        ("aud", json!(["app", "other"])),
        ("aud", json!(7)),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!(null)),
        ("sub", json!("")),
        ("sub", json!(null)),
        ("sub", json!(long)),
        ("sid", json!("")),
        ("sid", json!(7)),
        ("sid", json!(long)),
        ("nonce", json!("n")),
        ("nonce", json!(null)),
    ] {
        assert!(with(name, value.clone()).is_err(), "{name} = {value}");
    }
    for payload in ["", "[]", "null", "{}", "\"x\""] {
        assert!(LogoutToken::read(payload, "i", "a", NOW, SKEW).is_err(), "{payload}");
    }
    let twice = claims().to_string().replace("\"sub\"", "\"sub\":\"bob\",\"sub\"");
    let twice = LogoutToken::read(&twice, "https://foo/oidc", "app", NOW, SKEW);
    assert!(twice.is_err(), "two subjects");
}

/// L6: the event is an object in an object.
#[test]
fn an_event_that_is_not_an_object_is_refused() {
    for events in [
        json!({}),
        json!({"http://schemas.openid.net/event/foobar": {}}),
        json!({ EVENT: "{}" }),
        json!({ EVENT: [] }),
        json!({ EVENT: null }),
        json!({ EVENT: true }),
        json!([EVENT]),
        json!(EVENT),
        json!(null),
    ] {
        assert!(with("events", events.clone()).is_err(), "{events}");
    }
}

/// L4: `exp` and `iat`, to the second, and numbers that are not times.
#[test]
fn an_old_logout_token_and_one_of_the_future_are_refused() {
    let age = i64::try_from(MAX_AGE.as_secs()).expect("minutes");
    assert!(with("exp", NOW - SKEW + 1).is_ok());
    assert!(with("exp", NOW - SKEW).is_err());
    for without_exp in [true, false] {
        let at = |iat: i64| {
            let mut claims = claims();
            claims["iat"] = iat.into();
            if without_exp {
                claims.as_object_mut().expect("an object").remove("exp");
            }
            read(&claims)
        };
        assert!(at(NOW + SKEW).is_ok() && at(NOW - SKEW - age).is_ok());
        assert!(at(NOW + SKEW + 1).is_err() && at(NOW - SKEW - age - 1).is_err());
        assert!(at(i64::MAX).is_err() && at(i64::MIN).is_err());
    }
    for time in [json!(1e300), json!(null), json!("1795320000"), json!(u64::MAX), json!(true)] {
        assert!(with("iat", time.clone()).is_err(), "iat = {time}");
        assert!(with("exp", time.clone()).is_err(), "exp = {time}");
    }
    assert!(with("exp", i64::MAX).is_ok() && with("exp", i64::MIN).is_err());
}

/// T22: tokens that claim to be something else.
#[test]
fn another_type_is_refused_but_a_missing_one_is_not() {
    for typ in [None, Some("logout+jwt"), Some("Logout+JWT"), Some("application/logout+jwt")] {
        assert!(check_type(typ).is_ok(), "{typ:?}");
    }
    for typ in ["JWT", "at+jwt", "application/at+jwt", "jwt", "", "logout", "äääääälogout+jwt"]
    {
        assert!(check_type(Some(typ)).is_err(), "{typ}");
    }
}

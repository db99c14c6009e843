//! The claims of an ID token: what says who the user is, and what does not.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use logto_tests::{Alter, Browser, Deviation, Hostile, app, base64url, compact, sha256};
use rocket::http::Status;
use serde_json::json;

use crate::verdict::{
    assert_accepted, assert_claim_refused, assert_refused, assert_refused_by, with,
};

fn from_now(seconds: i64) -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap() + seconds
}

/// T10, RP-invalid-iss: the issuer is compared character by character.
#[rocket::async_test]
async fn another_issuer_is_refused() {
    assert_refused(Deviation::Claims(Alter::append("iss", "1"))).await;
    assert_refused(Deviation::Claims(Alter::append("iss", "/"))).await;
    assert_refused(Deviation::Claims(Alter::without("iss"))).await;
    let changes: [fn(&str) -> String; 5] = [
        str::to_uppercase,
        |iss| iss.replacen("http:", "https:", 1),
        |iss| iss.replacen("http:", "HTTP:", 1),
        |iss| iss.replacen("127.0.0.1", "localhost", 1),
        |iss| format!("{iss} "),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let change = Alter::by(format!("iss, change {number}"), move |claims| {
            claims["iss"] = change(claims["iss"].as_str().unwrap()).into();
        });
        assert_refused(Deviation::Claims(change)).await;
    }
    assert_claim_refused("iss", json!(null)).await;
    assert_claim_refused("iss", "").await;
}

/// T11, RP-invalid-aud, RP-missing-aud, RP-invalid-secondary-aud: a token for somebody else, or for
/// us and somebody else, is not ours.
#[rocket::async_test]
async fn another_audience_is_refused() {
    assert_refused(Deviation::Claims(Alter::append("aud", "1"))).await;
    assert_refused(Deviation::Claims(Alter::without("aud"))).await;
    let audiences = [
        json!("HOSTILE-APP"),
        json!(["hostile-app", "other"]),
        json!(["other"]),
        json!([]),
        json!([["hostile-app"]]),
        json!({"hostile-app": true}),
        json!(7),
        json!(null),
        json!(""),
    ];
    for aud in audiences {
        assert_claim_refused("aud", aud).await;
    }
}

/// T11, RP-valid-aud-as-array: an audience in a list of one is ours.
#[rocket::async_test]
async fn the_audience_may_be_a_list_of_one() {
    assert_accepted(vec![Deviation::Claims(Alter::set("aud", json!(["hostile-app"])))]).await;
}

/// T11: the authorized party must be us.
#[rocket::async_test]
async fn a_token_that_another_party_asked_for_is_refused() {
    for azp in [json!("other"), json!(""), json!("hostile-app1"), json!(7), json!(["hostile-app"])]
    {
        assert_claim_refused("azp", azp).await;
    }
    assert_accepted(vec![Deviation::Claims(Alter::set("azp", "hostile-app"))]).await;
}

/// T12, RP-expired-exp: a token that has expired, or whose expiry is not a time.
#[rocket::async_test]
async fn an_expired_token_is_refused() {
    assert_refused(Deviation::Claims(Alter::without("exp"))).await;
    let ends = [
        json!(from_now(-62)),
        json!(from_now(-120)),
        json!(from_now(-300)),
        json!(from_now(-86_400)),
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(1e300),
        json!(-1e300),
        json!(1_u64 << 63),
        json!(u64::MAX),
        json!(from_now(3600).to_string()),
        json!(null),
        json!([from_now(3600)]),
        json!(true),
    ];
    for exp in ends {
        assert_claim_refused("exp", exp).await;
    }
}

/// T12: clocks may differ by less than a minute.
#[rocket::async_test]
async fn a_token_that_ended_a_moment_ago_is_accepted() {
    assert_accepted(vec![Deviation::Claims(Alter::set("exp", from_now(-50)))]).await;
}

/// T13, RP-missing-iat: a token from the future, or without a time.
#[rocket::async_test]
async fn a_token_that_was_not_issued_yet_is_refused() {
    assert_refused(Deviation::Claims(Alter::without("iat"))).await;
    let issued = [
        json!(from_now(70)),
        json!(from_now(120)),
        json!(from_now(86_400)),
        json!(1e300),
        json!(1_u64 << 63),
        json!(u64::MAX),
        json!(from_now(0).to_string()),
        json!(null),
    ];
    for iat in issued {
        assert_claim_refused("iat", iat).await;
    }
}

/// T13: clocks may differ by less than a minute here too.
#[rocket::async_test]
async fn a_token_issued_a_moment_ahead_of_our_clock_is_accepted() {
    assert_accepted(vec![Deviation::Claims(Alter::set("iat", from_now(55)))]).await;
}

/// T12, T13: the allowed clock difference is configurable.
#[rocket::async_test]
async fn the_difference_of_the_clocks_is_configured() {
    for (skew, claim, seconds, accepted) in [
        (0, "exp", -3, false),
        (0, "iat", 10, false),
        (300, "exp", -290, true),
        (300, "exp", -305, false),
        (300, "iat", 290, true),
        (300, "iat", 310, false),
    ] {
        let op = Hostile::start().await;
        op.deviate(Deviation::Claims(Alter::set(claim, from_now(seconds))));
        let browser = Browser::open(app(op.figment().merge(("logto.clock_skew", skew)))).await;
        let signed_in = browser.come_back(&op).await.status == Status::SeeOther;
        assert_eq!(signed_in, accepted, "{skew}: {claim} {seconds}");
    }
}

/// T14: a token that is not valid yet.
#[rocket::async_test]
async fn a_token_that_is_not_valid_yet_is_refused() {
    for nbf in [json!(from_now(120)), json!(1e300), json!(u64::MAX), json!("soon")] {
        assert_claim_refused("nbf", nbf).await;
    }
    assert_accepted(vec![Deviation::Claims(Alter::set("nbf", from_now(30)))]).await;
}

/// T15, RP-nonce-invalid: a nonce that is not that of this very sign-in.
#[rocket::async_test]
async fn another_nonce_is_refused() {
    assert_refused(Deviation::Claims(Alter::append("nonce", "1"))).await;
    assert_refused(Deviation::Claims(Alter::without("nonce"))).await;
    for nonce in [json!(null), json!(""), json!(7), json!([])] {
        assert_claim_refused("nonce", nonce).await;
    }
}

/// T15: the nonce of another tab of the same browser is wrong too.
#[rocket::async_test]
async fn the_nonce_of_another_tab_is_refused() {
    let (op, browser) = with(vec![]).await;
    let other = browser.start("/pages/1").await;
    op.authorize(&other);
    let asked = op.authorizations().remove(0);
    let nonce = asked.into_iter().find(|(name, _)| name == "nonce").unwrap().1;
    op.deviate(Deviation::Claims(Alter::set("nonce", nonce)));
    assert_refused_by(&op, &browser, "another tab's nonce").await;
}

/// T16, RP-invalid-athash: an access token that does not belong to the ID token.
#[rocket::async_test]
async fn a_hash_of_another_access_token_is_refused() {
    let right = Deviation::AtHash;
    let (op, browser) =
        with(vec![right.clone(), Deviation::Claims(Alter::append("at_hash", "1"))]).await;
    assert_refused_by(&op, &browser, "at_hash").await;
    for wrong in [json!(sha256("a token")), json!(""), json!(7)] {
        assert_claim_refused("at_hash", wrong).await;
    }
    let swapped = Deviation::Tokens(Alter::set("access_token", "of-somebody-else"));
    let (op, browser) = with(vec![right, swapped]).await;
    assert_refused_by(&op, &browser, "a swapped access token").await;
}

/// T16: the right hash, which Logto sent up to 1.41 and no longer sends.
#[rocket::async_test]
async fn the_right_hash_of_the_access_token_is_accepted() {
    assert_accepted(vec![Deviation::AtHash]).await;
}

/// T17, RP-missing-sub: a token without a user.
#[rocket::async_test]
async fn a_token_without_a_proper_subject_is_refused() {
    assert_refused(Deviation::Claims(Alter::without("sub"))).await;
    let subjects =
        [json!(""), json!("x".repeat(256)), json!(7), json!(null), json!(["u-alice"]), json!({})];
    for sub in subjects {
        assert_claim_refused("sub", sub).await;
    }
}

/// T18: tokens that are too large or too deep cost little and sign nobody in.
#[rocket::async_test]
async fn an_enormous_token_is_refused() {
    let changes: [fn(&str) -> String; 5] = [
        |_| ".".repeat(1_000_000),
        |token| token.to_owned() + &"A".repeat(1_000_000),
        |token| "A".repeat(1_000_000) + token,
        |token| with_depth(token, 200),
        |token| with_depth(token, 100_000),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let (op, browser) = with(vec![Deviation::Token(change)]).await;
        let callback = op.authorize(&browser.start("/protected").await);
        let started = Instant::now();
        let answer = browser.visit(&callback).await;
        // The test build is slow: otherwise it takes some 20 ms.
        assert!(started.elapsed() < Duration::from_secs(1), "{number}: {:?}", started.elapsed());
        answer.assert_no_sign_in();
        assert_eq!((op.count("token"), op.count("me")), (1, 0), "{number}");
    }
}

/// T18: deep but signed: a claim that nobody can read is not a claim.
#[rocket::async_test]
async fn a_deep_claim_that_is_signed_signs_nobody_in() {
    let deep = (0..120).fold(json!(1), |inner, _| json!([inner]));
    assert_accepted(vec![Deviation::Claims(Alter::set("deep", deep))]).await;
    let deeper = (0..200).fold(json!(1), |inner, _| json!([inner]));
    assert_claim_refused("deep", deeper).await;
}

/// The token with lists in lists in place of its claims.
fn with_depth(token: &str, depth: usize) -> String {
    let claims = format!("{{\"deep\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let parts: Vec<_> = token.split('.').collect();
    format!("{}.{}.{}", parts[0], base64url(claims), parts[2])
}

/// T21: an answer without an ID token is not a sign-in.
#[rocket::async_test]
async fn an_answer_without_a_token_is_refused() {
    assert_refused(Deviation::Tokens(Alter::without("id_token"))).await;
    assert_refused(Deviation::Tokens(Alter::set("id_token", json!(null)))).await;
    assert_refused(Deviation::Tokens(Alter::set("id_token", json!([])))).await;
    assert_refused(Deviation::Tokens(Alter::without("access_token"))).await;
    assert_refused(Deviation::Tokens(Alter::set("access_token", json!(null)))).await;
}

/// T21: a token that is not a bearer token is of no use.
#[rocket::async_test]
async fn another_token_type_is_refused() {
    assert_refused(Deviation::Tokens(Alter::set("token_type", "DPoP"))).await;
    assert_refused(Deviation::Tokens(Alter::set("token_type", "mac"))).await;
    assert_refused(Deviation::Tokens(Alter::set("token_type", "N_A"))).await;
    assert_refused(Deviation::Tokens(Alter::set("token_type", ""))).await;
}

/// T21: neither is one without a type (RFC 6749 section 5.1 requires it).
#[rocket::async_test]
async fn a_missing_token_type_is_refused() {
    assert_refused(Deviation::Tokens(Alter::without("token_type"))).await;
    assert_refused(Deviation::Tokens(Alter::set("token_type", json!(null)))).await;
}

/// T21, RP-token-type-case, RP-without-expires-in: what a token answer may leave out or add.
#[rocket::async_test]
async fn a_token_answer_may_be_sparse_or_rich() {
    let tokens = |alter| vec![Deviation::Tokens(alter)];
    assert_accepted(tokens(Alter::set("token_type", "bEARER"))).await;
    assert_accepted(tokens(Alter::without("expires_in"))).await;
    assert_accepted(tokens(Alter::without("scope"))).await;
    assert_accepted(tokens(Alter::set("scope", ""))).await;
    assert_accepted(tokens(Alter::set("scope", "openid"))).await;
    assert_accepted(tokens(Alter::set("extra", json!({"a": [1]})))).await;
}

/// T29: a time may have a fraction (RFC 7519 section 2), and a lifetime may be text.
#[rocket::async_test]
async fn times_with_a_fraction_and_lifetimes_in_text_are_read() {
    let fraction = |seconds: i64| json!(f64::from(i32::try_from(from_now(seconds)).unwrap()) + 0.5);
    assert_accepted(vec![Deviation::Claims(Alter::set("exp", fraction(60)))]).await;
    assert_accepted(vec![Deviation::Claims(Alter::set("iat", fraction(-5)))]).await;
    assert_refused(Deviation::Claims(Alter::set("exp", fraction(-90)))).await;
    assert_refused(Deviation::Claims(Alter::set("iat", fraction(90)))).await;
    for seconds in [json!("3600"), json!(3600.5), json!(null)] {
        assert_accepted(vec![Deviation::Tokens(Alter::set("expires_in", seconds))]).await;
    }
    for nonsense in [json!("soon"), json!(-1), json!([3600])] {
        assert_refused(Deviation::Tokens(Alter::set("expires_in", nonsense))).await;
    }
}

/// T22: logout tokens and access tokens are signed by the same keys, and are not ID tokens.
#[rocket::async_test]
async fn other_tokens_of_the_provider_are_not_id_tokens() {
    let (op, browser) = with(vec![]).await;
    let logout = op.logout_token("u-alice", None);
    op.deviate(Deviation::Tokens(Alter::set("id_token", logout)));
    assert_refused_by(&op, &browser, "a logout token").await;
    let iat = from_now(0);
    let claims = json!({
        "jti": "j", "sub": "u-alice", "iat": iat, "exp": iat + 3600, "scope": "read:items",
        "client_id": "hostile-app", "iss": op.issuer(), "aud": "hostile-app",
    });
    for typ in [json!("at+jwt"), json!(null)] {
        let key = op.key();
        let header = json!({"alg": key.alg(), "kid": key.kid(), "typ": typ});
        let access = compact(&header, &claims, |input| key.sign(input));
        op.behave();
        op.deviate(Deviation::Tokens(Alter::set("id_token", access)));
        assert_refused_by(&op, &browser, "an access token").await;
    }
    let typ = |typ: &str| Deviation::Header(Alter::set("typ", typ));
    assert_refused(typ("at+jwt")).await;
    assert_refused(typ("logout+jwt")).await;
    assert_accepted(vec![typ("JWT")]).await;
}

/// T29: claims that only describe the user to the application may have any type.
#[rocket::async_test]
async fn a_claim_that_proves_nothing_keeps_nobody_out_whatever_its_type() {
    const OWN: [&str; 29] = [
        "name",
        "given_name",
        "family_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "email",
        "email_verified",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "phone_number",
        "phone_number_verified",
        "address",
        "updated_at",
        "c_hash",
        "username",
        "created_at",
        "roles",
        "organizations",
        "organization_roles",
        "organization_data",
        "identities",
        "sso_identities",
        "custom_data",
    ];
    for value in [json!(7), json!({"a": [1]}), json!([null]), json!("text"), json!("true")] {
        let change = Alter::by(format!("own claims {value}"), move |claims| {
            OWN.iter().for_each(|name| claims[*name] = value.clone());
        });
        assert_accepted(vec![Deviation::Claims(change)]).await;
    }
}

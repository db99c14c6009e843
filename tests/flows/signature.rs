//! Signatures and keys: which ones prove an ID token.

use std::sync::Arc;

use logto_tests::{Alter, Deviation, Forgery, Hostile, Key, base64url, random};
use rocket::http::Status;
use serde_json::json;

use crate::verdict::{assert_accepted, assert_refused, assert_refused_by, with};

/// T1, T24, RP-invalid-sig-rs256, RP-invalid-sig-es256: a signature with one bit wrong, under every
/// algorithm that is accepted with the right one.
#[rocket::async_test]
async fn a_wrong_signature_is_refused() {
    for key in Key::of_every_algorithm() {
        let alg = key.alg();
        let (op, browser) = with(vec![Deviation::Forged(Forgery::Flipped)]).await;
        op.sign_with(key);
        assert_refused_by(&op, &browser, alg).await;
    }
}

/// T1: a stranger's signature, under the name of the provider's key and under a name of its own.
#[rocket::async_test]
async fn a_signature_of_another_key_is_refused() {
    let stranger = Arc::new(Key::es384());
    assert_refused(Deviation::Forged(Forgery::InTheNameOf(stranger.clone()))).await;
    assert_refused(Deviation::Forged(Forgery::By(stranger))).await;
}

/// T1, RP-invalid-sig-hs256: HS256 is never accepted, not even with the application's real secret.
#[rocket::async_test]
async fn a_signature_with_the_secret_of_the_application_is_refused() {
    let algs = Alter::set("id_token_signing_alg_values_supported", json!(["ES384", "HS256"]));
    assert_refused(Deviation::Forged(Forgery::HmacWithSecret)).await;
    let (op, browser) =
        with(vec![Deviation::Discovery(algs), Deviation::Forged(Forgery::HmacWithSecret)]).await;
    assert_refused_by(&op, &browser, "HS256 in discovery").await;
}

/// T2, RP-idtoken-sig-none: an unsigned token, however "none" is spelt.
#[rocket::async_test]
async fn an_unsigned_token_is_refused() {
    for alg in ["none", "None", "NONE", "NoNe", "", "ES384", "null"] {
        assert_refused(Deviation::Forged(Forgery::Unsigned(alg))).await;
    }
}

/// T2: unsigned tokens are refused even if discovery lists them as supported.
#[rocket::async_test]
async fn an_unsigned_token_is_refused_whatever_discovery_says() {
    let algs = Alter::set("id_token_signing_alg_values_supported", json!(["none", "ES384"]));
    let (op, browser) =
        with(vec![Deviation::Discovery(algs), Deviation::Forged(Forgery::Unsigned("none"))]).await;
    assert_refused_by(&op, &browser, "none in discovery").await;
}

/// T2: no algorithm, an algorithm that is not text, and a token without its third part.
#[rocket::async_test]
async fn a_token_without_an_algorithm_or_a_signature_is_refused() {
    assert_refused(Deviation::Header(Alter::without("alg"))).await;
    assert_refused(Deviation::Header(Alter::set("alg", json!(null)))).await;
    assert_refused(Deviation::Header(Alter::set("alg", json!(["ES384"])))).await;
    assert_refused(Deviation::Token(|token| token.rsplit_once('.').unwrap().0.to_owned())).await;
    assert_refused(Deviation::Token(|token| format!("{token}."))).await;
    assert_refused(Deviation::Token(|_| String::new())).await;
}

/// T3: the public key is not an HMAC secret.
#[rocket::async_test]
async fn a_token_signed_with_the_public_key_as_a_secret_is_refused() {
    for forgery in [Forgery::HmacWithPem, Forgery::HmacWithJwk] {
        for rsa in [false, true] {
            let (op, browser) = with(vec![Deviation::Forged(forgery.clone())]).await;
            if rsa {
                op.sign_with(Key::rs256());
            }
            assert_refused_by(&op, &browser, "the public key").await;
        }
    }
}

/// T3, RP-alternate-alg: an algorithm that discovery does not list is refused, even if its key is
/// published.
#[rocket::async_test]
async fn an_algorithm_that_was_not_agreed_is_refused() {
    let rsa = Arc::new(Key::rs256().named("rsa"));
    let (op, browser) = with(vec![Deviation::Forged(Forgery::By(rsa))]).await;
    op.publish(Key::rs256().named("rsa"));
    assert_refused_by(&op, &browser, "RS256").await;
}

/// T3: the algorithm in the header must be the key's.
#[rocket::async_test]
async fn an_algorithm_that_does_not_fit_the_key_is_refused() {
    let algs = ["ES256", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"];
    let listed = Alter::set("id_token_signing_alg_values_supported", json!(algs));
    for alg in algs {
        let (op, browser) = with(vec![
            Deviation::Discovery(listed.clone()),
            Deviation::Header(Alter::set("alg", alg)),
        ])
        .await;
        assert_refused_by(&op, &browser, alg).await;
    }
}

/// T4: a key inside the token does not count.
#[rocket::async_test]
async fn a_key_in_the_header_is_ignored() {
    let stranger = Arc::new(Key::es384());
    let jwk = stranger.jwk();
    let bait = Hostile::start().await;
    let jwks = format!("{}/jwks", bait.issuer());
    let certificate = json!([base64url("a certificate of the stranger's key")]);
    let values = [("jwk", jwk), ("jku", json!(jwks)), ("x5u", json!(jwks)), ("x5c", certificate)];
    for (name, value) in values {
        let forged = Deviation::Forged(Forgery::InTheNameOf(stranger.clone()));
        let (op, browser) = with(vec![forged, Deviation::Header(Alter::set(name, value))]).await;
        assert_refused_by(&op, &browser, name).await;
    }
    assert_eq!(bait.count("jwks"), 0);
}

/// T5: an extension that must be understood and is not.
#[rocket::async_test]
async fn an_unknown_critical_extension_is_refused() {
    let crit = Deviation::Header(Alter::set("crit", json!(["x-unknown"])));
    let (op, browser) = with(vec![crit, Deviation::Header(Alter::set("x-unknown", true))]).await;
    assert_refused_by(&op, &browser, "crit").await;
}

/// T6: an unknown `kid` costs one look at the keys, and tokens with junk cost no more.
#[rocket::async_test]
async fn an_unknown_key_is_looked_up_once() {
    let (op, browser) = with(vec![]).await;
    browser.sign_in(&op, "/protected").await;
    browser.forget();
    assert_eq!(op.count("jwks"), 1);
    op.deviate(Deviation::Header(Alter::set("kid", "unknown")));
    for _ in 0..5 {
        assert_refused_by(&op, &browser, "an unknown kid").await;
    }
    assert_eq!(op.count("jwks"), 2);
}

/// T6: a thousand tokens with unknown keys, within the minute, cost two looks in all.
#[rocket::async_test]
async fn a_thousand_unknown_keys_cost_two_looks() {
    let (op, browser) = with(vec![]).await;
    op.deviate(Deviation::Header(Alter::by("another kid each time", |header| {
        header["kid"] = random().into();
    })));
    for _ in 0..1_000 {
        browser.forget();
        let answer = browser.visit("/sign-in").await;
        let answer = browser.visit(&op.authorize(answer.location())).await;
        assert!(answer.status.code >= 500, "{answer:?}");
        assert!(answer.session_cookies().is_empty());
    }
    assert!(op.count("jwks") <= 2, "{} looks", op.count("jwks"));
    assert_eq!(op.count("token"), 1_000);
}

/// T7, RP-key-rotation: keys exchanged between two sign-ins cost one look at the new ones.
#[rocket::async_test]
async fn keys_rotated_between_sign_ins_are_fetched_once() {
    let (op, browser) = with(vec![]).await;
    browser.sign_in(&op, "/protected").await;
    browser.forget();
    op.rotate();
    let page = browser.sign_in(&op, "/protected").await;
    assert_eq!((page.status, op.count("jwks")), (Status::Ok, 2));
}

/// T7, RP-key-rotation-just-before-signing: so do keys exchanged after the code was issued and
/// before the token was signed.
#[rocket::async_test]
async fn keys_rotated_just_before_signing_are_fetched_once() {
    let (op, browser) = with(vec![]).await;
    browser.sign_in(&op, "/protected").await;
    browser.forget();
    op.deviate(Deviation::RotateBeforeSigning);
    let page = browser.sign_in(&op, "/protected").await;
    assert_eq!((page.status, op.count("jwks")), (Status::Ok, 2));
}

/// T7: a new installation's first sign-in may meet a rotation too.
#[rocket::async_test]
async fn keys_rotated_during_the_first_sign_in_are_found() {
    let (op, browser) = with(vec![Deviation::RotateBeforeSigning]).await;
    let page = browser.sign_in(&op, "/protected").await;
    assert_eq!(page.status, Status::Ok);
    assert!(op.count("jwks") <= 2);
}

/// T7: a rotation from EC to RSA changes what discovery lists.
#[rocket::async_test]
async fn a_rotation_to_another_algorithm_is_followed() {
    let (op, browser) = with(vec![]).await;
    browser.sign_in(&op, "/protected").await;
    browser.forget();
    op.sign_with(Key::rs256());
    let page = browser.sign_in(&op, "/protected").await;
    assert_eq!((page.status, op.count("jwks")), (Status::Ok, 2));
}

/// T8, RP-kid-absent-single: without `kid` the only key is used.
#[rocket::async_test]
async fn a_token_without_kid_is_accepted_where_there_is_one_key() {
    let anonymous = |key: &'static str| Deviation::Header(Alter::without(key));
    assert_accepted(vec![anonymous("kid")]).await;
    let no_kid_in_keys = Alter::by("keys without kid", |set| {
        set["keys"][0].as_object_mut().unwrap().remove("kid").unwrap();
    });
    assert_accepted(vec![anonymous("kid"), Deviation::Jwks(no_kid_in_keys)]).await;
}

/// T8, RP-kid-absent-multiple: with several keys, trying them and refusing are both right, and
/// nothing in between.
#[rocket::async_test]
async fn a_token_without_kid_is_tried_or_refused_where_there_are_several_keys() {
    let (op, browser) = with(vec![Deviation::Header(Alter::without("kid"))]).await;
    op.publish(Key::es384());
    let answer = browser.come_back(&op).await;
    if answer.status == Status::SeeOther {
        assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
    } else {
        answer.assert_no_sign_in();
    }
    op.deviate(Deviation::Forged(Forgery::InTheNameOf(Arc::new(Key::es384()))));
    browser.forget();
    assert_refused_by(&op, &browser, "a stranger's key among several").await;
}

/// T9: entries that we cannot use do not spoil the set.
#[rocket::async_test]
async fn bad_entries_in_the_key_set_are_skipped() {
    let junk = Alter::by("junk", |set| {
        let keys = set["keys"].as_array_mut().unwrap();
        let kid = keys[0]["kid"].clone();
        let mut entries = vec![
            json!({"kty": "oct", "kid": "o", "k": "c2VjcmV0"}),
            json!({"kty": "EC", "kid": kid, "use": "enc", "crv": "P-384", "x": "AA", "y": "AA"}),
            json!({"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"}),
            json!({"kty": "EC", "crv": "P-384", "x": "!", "y": 7}),
            json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
            json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "short"}),
            json!({"kid": "nothing"}),
            json!(null),
            json!("text"),
        ];
        entries.append(keys);
        *keys = entries;
    });
    assert_accepted(vec![Deviation::Jwks(junk)]).await;
}

/// T3, T9: a secret published with the keys does not count, even if discovery lists HS256.
#[rocket::async_test]
async fn a_published_secret_verifies_nothing() {
    let algs = Alter::set("id_token_signing_alg_values_supported", json!(["ES384", "HS256"]));
    let (op, browser) = with(vec![Deviation::Discovery(algs)]).await;
    let secret = op.figment().extract_inner::<String>("logto.app_secret").unwrap();
    let published = Alter::by("oct", move |set| {
        let kid = set["keys"][0]["kid"].clone();
        let key = json!({"kty": "oct", "use": "sig", "alg": "HS256", "k": base64url(&secret)});
        set["keys"] = json!([key, key]);
        set["keys"][0]["kid"] = kid;
    });
    op.deviate(Deviation::Jwks(published)).deviate(Deviation::Forged(Forgery::HmacWithSecret));
    assert_refused_by(&op, &browser, "a published secret").await;
}

/// T9: a key for encryption, for another algorithm or with a curve of another name signs nothing.
#[rocket::async_test]
async fn a_key_that_is_not_for_signing_is_not_used() {
    for (name, value) in [("use", "enc"), ("alg", "ES256"), ("crv", "P-256")] {
        let change = Alter::by(format!("{name} {value} in keys"), move |set| {
            set["keys"][0][name] = value.into();
        });
        assert_refused(Deviation::Jwks(change)).await;
    }
    assert_refused(Deviation::Jwks(Alter::set("keys", json!([])))).await;
}

/// T9: entries with the right key's name that cannot be that key do not get in its way.
#[rocket::async_test]
async fn unusable_entries_under_the_name_of_a_key_are_skipped() {
    let rsa = Key::rs256().jwk();
    let others = [
        json!({"kty": "oct", "k": "c2VjcmV0"}),
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "use": "enc"}),
        json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}),
        Key::es256().jwk(),
        rsa,
    ];
    for other in others {
        let what = format!("{other}");
        let twice = Alter::by(what, move |set| {
            let mut other = other.clone();
            other["kid"] = set["keys"][0]["kid"].clone();
            set["keys"].as_array_mut().unwrap().insert(0, other);
        });
        assert_accepted(vec![Deviation::Jwks(twice)]).await;
    }
}

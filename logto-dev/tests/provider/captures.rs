//! Every recorded answer of a real Logto, requested again.
//!
//! The recordings are walked by name. A name belongs to an answer that a scene
//! below requests from the provider and compares, or to the list of what the provider
//! does not serve. One that belongs to neither fails the test.
//!
//! The comparison covers the status, the headers that an application reads, the names of
//! all members, and their values; for values that are random or times, their form.
//! It leaves out headers for browsers (`vary`, CORS), the text of pages, and the
//! order of members.

mod codes;
mod compare;
mod keys;
mod left_out;
mod machines;
mod organizations;
mod refreshes;
mod replay;
mod sessions;
mod tokens;
mod users;
mod visits;

use logto_dev::Generation;
use rocket::async_test;

use self::replay::Replay;

#[async_test]
async fn every_answer_recorded_from_logto_1_42_is_given() {
    assert_every_answer_is_given(Generation::V1_42).await;
}

#[async_test]
async fn every_answer_recorded_from_logto_1_37_is_given() {
    assert_every_answer_is_given(Generation::V1_37).await;
}

async fn assert_every_answer_is_given(generation: Generation) {
    let mut replay = Replay::of(generation);
    codes::play(&mut replay).await;
    refreshes::play(&mut replay).await;
    organizations::play(&mut replay).await;
    tokens::play(&mut replay).await;
    machines::play(&mut replay).await;
    visits::play(&mut replay).await;
    sessions::play(&mut replay).await;
    users::play(&mut replay).await;
    keys::play(&mut replay).await;
    replay.assert_complete(&left_out::names(generation));
}

/// The comparison finds what it should: otherwise the tests above could not fail.
#[test]
fn a_wrong_answer_is_noticed() {
    use serde_json::json;

    let endpoint = "http://127.0.0.1:1";
    let differ = |captured, found| {
        let names = [("http://localhost:3001", endpoint)];
        !compare::differences(&captured, &found, &names).is_empty()
    };
    let claims =
        json!({ "iss": "http://localhost:3001/oidc", "iat": 1795319892, "exp": 1795323492 });
    let same = json!({ "iss": "http://127.0.0.1:1/oidc", "iat": 1800000000, "exp": 1800003600 });
    assert!(!differ(claims.clone(), same.clone()));
    for (name, value) in [
        ("iss", json!("http://127.0.0.1:2/oidc")),
        ("exp", json!(1800000120)),
        ("iat", json!("1800000000")),
        ("more", json!(null)),
    ] {
        let mut wrong = same.clone();
        wrong[name] = value;
        assert!(differ(claims.clone(), wrong), "{name}");
    }
    let token = |value: &str| json!({ "access_token": value });
    let opaque = token("Dr2502pVH-MQrJsNF1XjlunANee_0QkNCSvAlNJAEft");
    assert!(differ(opaque.clone(), token("short")));
    assert!(differ(opaque, token("eyJhbGciOiJFUzM4NCJ9.e30.x")));
}

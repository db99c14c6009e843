//! User info: fetched for the user, and thrown away if it is somebody else's.

use logto_tests::{Alter, Browser, Deviation, Fault, Hostile, app};
use rocket::http::Status;
use serde_json::json;

async fn signed_in() -> (Hostile, Browser) {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    (op, browser)
}

/// H17: the access token goes in the header, and only there.
#[rocket::async_test]
async fn user_info_is_fetched_once_a_request_with_the_token_in_the_header() {
    let (op, browser) = signed_in().await;
    let answer = browser.fetch("/api/userinfo").await;
    assert_eq!((answer.status, &answer.json()["sub"]), (Status::Ok, &json!("u-alice")));
    let requests = op.requests("me");
    assert_eq!(requests.len(), 1);
    assert!(requests[0].headers["authorization"].starts_with("Bearer "));
    assert_eq!((requests[0].target.as_str(), requests[0].form.len()), ("/oidc/me", 0));
}

/// T19, RP-userinfo-invalid-sub: user info of another user, or of nobody, is thrown away.
#[rocket::async_test]
async fn user_info_of_another_user_is_refused() {
    let changes = [
        Alter::append("sub", "invalid"),
        Alter::without("sub"),
        Alter::set("sub", ""),
        Alter::set("sub", 7),
        Alter::set("sub", json!(null)),
        Alter::replace(json!([{"sub": "u-alice"}])),
        Alter::replace(json!("u-alice")),
        Alter::replace(json!(null)),
    ];
    let (op, browser) = signed_in().await;
    for change in changes {
        op.behave();
        op.deviate(Deviation::UserInfo(change));
        let answer = browser.fetch("/api/userinfo").await;
        assert_eq!(answer.status, Status::BadGateway, "{answer:?}");
        assert!(!answer.body.contains("alice"), "{answer:?}");
        assert_eq!(browser.visit("/").await.body, "Hello, u-alice!", "the session goes on");
    }
}

/// T19: a page instead of user info.
#[rocket::async_test]
async fn user_info_that_is_not_json_is_refused() {
    let (op, browser) = signed_in().await;
    for (fault, status) in [(Fault::Html(200), 502), (Fault::Html(500), 503)] {
        op.behave();
        op.deviate(Deviation::Answer("me", fault));
        let answer = browser.fetch("/api/userinfo").await;
        assert_eq!(answer.status.code, status, "{answer:?}");
        assert!(!answer.body.contains("script"), "{answer:?}");
    }
}

/// In user info, only `sub` must have its type.
#[rocket::async_test]
async fn user_info_of_other_types_is_still_user_info() {
    let (op, browser) = signed_in().await;
    op.deviate(Deviation::UserInfo(Alter::by("numbers", |info| {
        let others = info.as_object_mut().unwrap().iter_mut().filter(|(name, _)| *name != "sub");
        others.for_each(|(_, value)| *value = json!(7));
    })));
    let answer = browser.fetch("/api/userinfo").await;
    assert_eq!((answer.status, &answer.json()["name"]), (Status::Ok, &json!(7)));
}

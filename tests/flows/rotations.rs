//! Keys that Logto rotates several times within a minute.

use logto_tests::{Alter, Browser, Deviation, Hostile, app};
use rocket::http::Status;

use crate::backchannel::{assert_answered, signed_in};

/// T25, T7: sign-ins and logouts find each new key with one look.
#[rocket::async_test]
async fn keys_rotated_again_within_the_minute_are_found_with_one_look_each() {
    let (op, browser) = signed_in().await;
    for looks in [2, 3, 4] {
        op.rotate();
        browser.forget();
        let page = browser.sign_in(&op, "/protected").await;
        assert_eq!((page.status, op.count("jwks")), (Status::Ok, looks));
    }
    for looks in [5, 6] {
        op.rotate();
        let answer = browser.post_logout(&op.logout_token("nobody", None)).await;
        assert_answered(&answer, Status::Ok, "the new key");
        assert_eq!(op.count("jwks"), looks);
    }
}

/// T25, T6: tokens that no redeemed code brought do not use up the looks of those that one did.
#[rocket::async_test]
async fn sign_ins_look_for_new_keys_whatever_other_tokens_turned_up() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    browser.sign_in(&op, "/protected").await;
    let junk = Deviation::Header(Alter::set("kid", "unknown"));
    let token = op.wrong_logout_token("u-alice", None, std::slice::from_ref(&junk));
    op.deviate(junk);
    for _ in 0..3 {
        browser.post_logout(&token).await;
        assert_eq!(browser.fetch("/api/userinfo").await.status, Status::Ok);
    }
    assert_eq!(op.count("jwks"), 3, "one for each source of tokens");
    op.behave();
    op.rotate();
    browser.forget();
    let page = browser.sign_in(&op, "/protected").await;
    assert_eq!((page.status, op.count("jwks")), (Status::Ok, 4));
}

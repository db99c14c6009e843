//! Logout tokens that name both a user and a session at Logto.

use std::collections::BTreeMap;
use std::time::Duration;

use logto_rocket::{Logto, MemoryStore, User};
use logto_tests::{Alter, Browser, Deviation, Hostile};
use rocket::http::Status;
use rocket::tokio::time::sleep;
use rocket::{Build, Rocket, get, routes};
use serde_json::json;

type Cookies = BTreeMap<String, String>;

#[get("/who")]
fn who(user: Option<&User>) -> &'static str {
    if user.is_some() { "user" } else { "nobody" }
}

fn app(op: &Hostile, store: &str) -> Rocket<Build> {
    let (figment, fairing) = match store {
        "own" => (op.figment(), Logto::fairing().store(MemoryStore::new(10))),
        store => (op.figment().merge(("logto.session.store", store)), Logto::fairing()),
    };
    rocket::custom(figment).attach(fairing).mount("/", routes![who])
}

/// A session of `sub` that Logto gave this `sid`.
async fn session(op: &Hostile, browser: &Browser, sub: &str, sid: Option<&'static str>) -> Cookies {
    op.account(json!({"sub": sub}));
    op.behave();
    op.deviate(Deviation::Claims(match sid {
        Some(sid) => Alter::set("sid", sid),
        None => Alter::without("sid"),
    }));
    browser.forget();
    assert_eq!(browser.sign_in(op, "/sign-in?return_to=/who").await.body, "user");
    // The session began at an earlier millisecond than anything that follows.
    sleep(Duration::from_millis(2)).await;
    browser.cookies()
}

async fn live(browser: &Browser, sessions: &[Cookies]) -> Vec<bool> {
    let mut live = Vec::new();
    for cookies in sessions {
        browser.restore(cookies.clone());
        live.push(browser.visit("/who").await.body == "user");
    }
    live
}

/// L13: sessions from before Logto was told to send a `sid` would be out of reach.
#[rocket::async_test]
async fn a_logout_of_a_session_ends_those_of_its_user_that_have_no_sid() {
    for store in ["cookie", "memory", "own"] {
        let op = Hostile::start().await;
        let browser = Browser::open(app(&op, store)).await;
        let mut sessions = Vec::new();
        for (sub, sid) in [
            ("u-alice", Some("one")),
            ("u-alice", None),
            ("u-alice", Some("two")),
            ("u-bob", None),
            ("u-bob", Some("three")),
        ] {
            sessions.push(session(&op, &browser, sub, sid).await);
        }
        op.behave();
        let only_sid = Deviation::Claims(Alter::without("sub"));
        let of_nobody = op.wrong_logout_token("u-alice", Some("another"), &[only_sid]);
        assert_eq!(browser.post_logout(&of_nobody).await.status, Status::Ok);
        assert_eq!(live(&browser, &sessions).await, [true; 5], "{store}");

        let token = op.logout_token("u-alice", Some("one"));
        assert_eq!(browser.post_logout(&token).await.status, Status::Ok);
        assert_eq!(live(&browser, &sessions).await, [false, false, true, true, true], "{store}");
        if store == "own" {
            // Between instances only Logto's clock counts, in whole seconds.
            sleep(Duration::from_secs(1)).await;
        }
        // It began after the logout: the same token no longer ends it.
        let again = session(&op, &browser, "u-alice", None).await;
        op.behave();
        assert_eq!(browser.post_logout(&token).await.status, Status::Ok);
        assert_eq!(live(&browser, &[again]).await, [true], "{store}");
    }
}

/// L12, L13: and their refresh tokens are revoked, once each.
#[rocket::async_test]
async fn the_refresh_tokens_of_sessions_without_a_sid_are_revoked_too() {
    for store in ["cookie", "memory", "own"] {
        let op = Hostile::start().await;
        let browser = Browser::open(app(&op, store)).await;
        let sessions = [
            session(&op, &browser, "u-alice", None).await,
            session(&op, &browser, "u-alice", Some("one")).await,
        ];
        let token = op.logout_token("u-alice", Some("one"));
        assert_eq!(browser.post_logout(&token).await.status, Status::Ok);
        for _ in 0..2 {
            assert_eq!(live(&browser, &sessions).await, [false; 2], "{store}");
        }
        sleep(Duration::from_millis(100)).await;
        assert_eq!(op.count("revocation"), 2, "{store}");
    }
}

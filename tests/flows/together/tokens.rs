//! Tokens that one instance has forgotten.

use logto_tests::Fault;
use rocket::futures::future::{Either, select};
use serde_json::json;

use super::*;

/// REF-4: what one instance forgot, no other gives out.
#[rocket::async_test]
async fn tokens_cleared_at_one_instance_are_not_given_out_by_others() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        let old = three.at[0].fetch("/token").await.body;
        for browser in &three.at {
            assert_eq!(browser.fetch("/token").await.body, old, "{mode:?}");
        }
        let count = three.op.count("token");
        assert_eq!(three.at[2].fetch("/clear").await.body, "cleared", "{mode:?}");
        let new = three.at[1].fetch("/token").await.body;
        assert_ne!(new, old, "{mode:?}");
        assert_eq!(three.at[0].fetch("/token").await.body, new, "{mode:?}");
        assert_eq!(three.op.count("token"), count + 1, "{mode:?}");
    }
}

/// REF-4: nor what Logto has denied since.
#[rocket::async_test]
async fn a_token_denied_to_one_instance_is_not_given_out_by_others() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        for browser in &three.at {
            assert_eq!(browser.fetch("/token").await.status, Status::Ok, "{mode:?}");
        }
        let denied = Fault::Json(400, json!({"error": "access_denied"}));
        three.op.deviate(Deviation::Answer("token", denied));
        assert_eq!(three.at[0].fetch("/new-token").await.status, Status::Forbidden, "{mode:?}");
        for browser in &three.at {
            assert_eq!(browser.fetch("/token").await.status, Status::Forbidden, "{mode:?}");
        }
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
    }
}

/// REF-4: not even if another request saved the session just then.
#[rocket::async_test]
async fn a_denial_spreads_even_if_another_save_was_faster() {
    let three = Three::start(Mode::Stored).await;
    three.sign_in().await;
    for browser in &three.at {
        assert_eq!(browser.fetch("/token").await.status, Status::Ok);
    }
    let denied = Fault::Json(400, json!({"error": "access_denied"}));
    three.op.deviate(Deviation::Answer("token", denied));
    three.store.outrun();
    assert_eq!(three.at[0].fetch("/new-token").await.status, Status::Forbidden);
    assert_eq!(three.at[1].fetch("/token").await.status, Status::Forbidden);
}

/// REL-18: they are looked up only with a new generation of the session.
#[rocket::async_test]
async fn a_request_with_a_token_that_its_instance_has_asks_the_store_once() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        let asked = async |number: usize| {
            let before = three.store.questions();
            assert_eq!(three.at[number].fetch("/token").await.status, Status::Ok, "{mode:?}");
            three.store.questions() - before
        };
        asked(0).await;
        assert_eq!(asked(0).await, 1, "{mode:?}: the one that has refreshed");
        assert_eq!((asked(1).await, asked(1).await), (2, 1), "{mode:?}");
        assert_eq!(three.at[2].fetch("/clear").await.body, "cleared", "{mode:?}");
        asked(1).await;
        assert_eq!((asked(0).await, asked(0).await), (2, 1), "{mode:?}: after another token");
    }
}

/// S38: they are gone with their session.
#[rocket::async_test]
async fn the_shared_tokens_of_a_session_end_with_it() {
    for mode in MODES {
        for way in ["/sign-out", "logout"] {
            // A session in a cookie has a key that is not found by its user.
            if (mode, way) == (Mode::Marked, "logout") {
                continue;
            }
            let three = Three::start(mode).await;
            three.sign_in().await;
            three.at[1].fetch("/token").await;
            assert_ne!(three.store.large_values().await, 0, "{mode:?} {way}");
            if way == "logout" {
                let token = three.op.logout_token("u-alice", None);
                assert_eq!(three.at[0].post_logout(&token).await.status, Status::Ok);
            } else {
                three.at[0].visit(way).await;
            }
            assert_eq!(three.store.large_values().await, 0, "{mode:?} {way}");
        }
    }
}

/// REL-21: clearing tokens does not wait endlessly for a refresh at another instance.
#[rocket::async_test]
async fn tokens_are_cleared_in_time_or_not_at_all() {
    for mode in MODES {
        let op = Hostile::start().await;
        let figment = op.figment().merge(("logto.timeout", 30));
        let three = Three::of(mode, op, figment).await;
        three.sign_in().await;
        let figment = three.op.figment().merge(("logto.timeout", 1));
        let hasty = Browser::open(app(mode, figment, &three.store)).await;
        hasty.restore(three.at[0].cookies());
        let count = three.op.count("token");
        let late = Fault::Late(Duration::from_secs(20));
        three.op.deviate(Deviation::AnswerOnce("token", late));
        let clear = async {
            three.until_asked(count).await;
            hasty.fetch("/clear").await
        };
        let refresh = three.at[0].fetch("/token");
        match select(Box::pin(clear), Box::pin(refresh)).await {
            Either::Left((cleared, _)) => {
                assert_eq!(cleared.status, Status::ServiceUnavailable, "{mode:?}: {cleared:?}");
            }
            Either::Right(_) => panic!("{mode:?}: it waited as long as the other instance"),
        }
    }
}

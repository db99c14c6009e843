//! What ends at one instance has ended at all.

use super::*;

fn ahead(seconds: i64) -> Alter {
    Alter::set("iat", now() + seconds)
}

fn now() -> i64 {
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(time.unwrap().as_secs()).unwrap()
}

/// S38: at the next request, though the browser kept its cookie.
#[rocket::async_test]
async fn a_sign_out_at_one_instance_ends_the_session_at_all() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
        let kept = three.at[0].cookies();
        three.at[2].visit("/sign-out").await;
        three.at[2].restore(kept);
        assert_eq!(three.statuses().await, ENDED, "{mode:?}");
    }
}

/// L16: by user and by session at Logto.
#[rocket::async_test]
async fn a_logout_token_at_one_instance_ends_the_sessions_at_all() {
    for mode in MODES {
        for sid in [None, Some("another")] {
            let three = Three::start(mode).await;
            three.sign_in().await;
            let token = three.op.logout_token("u-alice", sid);
            assert_eq!(three.at[2].post_logout(&token).await.status, Status::Ok);
            let expected = if sid.is_some() { ALIVE } else { ENDED };
            assert_eq!(three.statuses().await, expected, "{mode:?} {sid:?}");
            // Once more, to another one: it did its work.
            assert_eq!(three.at[1].post_logout(&token).await.status, Status::Ok);
        }
    }
}

/// L16: a sign-in that ends while a logout is told of is not left over.
#[rocket::async_test]
async fn a_logout_that_comes_during_a_sign_in_ends_it() {
    for mode in MODES {
        let three = Three::start(mode).await;
        let callback = three.op.authorize(&three.at[0].start("/protected").await);
        // By Logto's clock the logout is later than the ID token that is yet to come.
        let later = [Deviation::Claims(ahead(30))];
        let token = three.op.wrong_logout_token("u-alice", None, &later);
        assert_eq!(three.at[1].post_logout(&token).await.status, Status::Ok, "{mode:?}");
        let answer = three.at[0].visit(&callback).await;
        assert_ne!(answer.status, Status::SeeOther, "{mode:?}");
        assert!(three.at[0].session_cookies().is_empty(), "{mode:?}");
    }
}

/// S38: an administrator signs a user out, who may sign in again at once.
#[rocket::async_test]
async fn a_user_who_was_signed_out_everywhere_can_sign_in_again() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        let request = three.at[1].client().post("/sign-out-everywhere/u-bob");
        three.at[1].deliver(request).await;
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}: another user's");
        let request = three.at[1].client().post("/sign-out-everywhere/u-alice");
        let count = three.at[1].deliver(request).await.body;
        assert_eq!(count, if mode == Mode::Stored { "1" } else { "0" });
        assert_eq!(three.statuses().await, ENDED, "{mode:?}");
        for browser in &three.at {
            browser.forget();
        }
        three.sign_in().await;
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}: the new session");
    }
}

//! What ends at one instance ends at all of them.

use logto_tests::Fault;
use rocket::futures::future::join;

use super::store::At;
use super::*;

fn ahead(seconds: i64) -> Alter {
    Alter::set("iat", now() + seconds)
}

fn now() -> i64 {
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(time.unwrap().as_secs()).unwrap()
}

/// S38: at the next request, even if the browser kept its cookie.
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
        for (whose, expected) in [("all", ENDED), ("this", ENDED), ("another", ALIVE)] {
            let three = Three::start(mode).await;
            three.sign_in().await;
            let own = three.at[0].fetch("/sid").await.body;
            let sid = match whose {
                "all" => None,
                "this" => Some(own.as_str()),
                another => Some(another),
            };
            let token = three.op.logout_token("u-alice", sid);
            assert_eq!(three.at[2].post_logout(&token).await.status, Status::Ok);
            assert_eq!(three.statuses().await, expected, "{mode:?} {whose}");
            // Once more, to another instance: the token has done its work.
            assert_eq!(three.at[1].post_logout(&token).await.status, Status::Ok);
        }
    }
}

/// L16: a sign-in that completes during a logout is not left over.
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

/// S29, L16: nor is what a refresh brings while another instance hears of the end.
#[rocket::async_test]
async fn what_a_refresh_brings_after_an_end_at_another_instance_is_revoked() {
    for mode in MODES {
        for way in ["sign-out", "logout", "everywhere"] {
            // If only the browser has the tokens, nobody else can have them revoked.
            if (mode, way) == (Mode::Marked, "everywhere") {
                continue;
            }
            let three = Three::start(mode).await;
            three.op.deviate(Deviation::RotateRefreshTokens);
            three.sign_in().await;
            let late = Fault::Late(Duration::from_millis(300));
            three.op.deviate(Deviation::Answer("token", late));
            let end = async {
                rocket::tokio::time::sleep(Duration::from_millis(100)).await;
                match way {
                    "sign-out" => three.at[0].visit("/sign-out").await,
                    "logout" => {
                        let token = three.op.logout_token("u-alice", None);
                        three.at[0].post_logout(&token).await
                    }
                    _ => {
                        let request = three.at[0].client().post("/sign-out-everywhere/u-alice");
                        three.at[0].deliver(request).await
                    }
                }
            };
            let (refreshed, _) = join(three.at[1].fetch("/token"), end).await;
            assert_eq!(refreshed.status, Status::Unauthorized, "{mode:?} {way}");
            let used = &three.op.requests("token")[1];
            let used = used.field("refresh_token").expect("a refresh").to_owned();
            let is_new = |token: &str| token != used;
            let mut left = 100;
            let new_is_revoked = || {
                let all = three.op.requests("revocation");
                all.iter().any(|one| one.field("token").is_some_and(is_new))
            };
            while !new_is_revoked() {
                left -= 1;
                assert!(left > 0, "{mode:?} {way}: it is still good");
                rocket::tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

/// L5, L16: of a session whose refresh token only its browser has, wherever it comes next.
#[rocket::async_test]
async fn the_refresh_token_of_a_session_that_logto_ended_is_revoked_at_any_instance() {
    let three = Three::start(Mode::Marked).await;
    three.sign_in().await;
    let token = three.op.logout_token("u-alice", None);
    assert_eq!(three.at[2].post_logout(&token).await.status, Status::Ok);
    let cookies = three.at[0].cookies();
    for _ in 0..3 {
        three.at[0].restore(cookies.clone());
        assert_eq!(three.at[0].fetch("/me").await.status, Status::Unauthorized);
    }
    rocket::tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(three.op.count("revocation"), 1);
}

/// S29: nor is what a refresh brings just before the session is looked up to be ended, or is
/// about to be deleted.
#[rocket::async_test]
async fn what_a_refresh_brings_just_before_the_end_is_revoked() {
    for at in [At::Put, At::Delete] {
        let three = Three::start(Mode::Stored).await;
        three.op.deviate(Deviation::RotateRefreshTokens);
        three.sign_in().await;
        let refresh = three.store.hold(at, three.at[1].fetch("/new-token"));
        join(refresh, three.at[0].visit("/sign-out")).await;
        let mut left = 100;
        while three.op.good_refresh_tokens() > 0 {
            left -= 1;
            assert!(left > 0, "{at:?}: it is still good");
            rocket::tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(three.at[1].fetch("/me").await.status, Status::Unauthorized, "{at:?}");
    }
}

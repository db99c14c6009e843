//! A store that is down.

use logto_tests::Fault;
use rocket::futures::future::join;

use super::store::At;
use super::*;

/// REL-21: nobody is admitted and nobody is signed out; strangers and public pages notice
/// nothing.
#[rocket::async_test]
async fn while_the_store_is_down_users_wait_and_strangers_do_not() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        three.store.fail(true);
        let cookies = three.at[1].cookies();
        let answer = three.at[1].fetch("/me").await;
        assert_eq!(answer.status, Status::ServiceUnavailable, "{mode:?}");
        assert!(answer.header("Retry-After").is_some(), "{mode:?}: {answer:?}");
        assert_eq!(three.at[1].cookies(), cookies, "{mode:?}");
        assert_eq!(three.at[1].visit("/").await.body, "everybody's", "{mode:?}");
        three.at[2].forget();
        assert_eq!(three.at[2].fetch("/me").await.status, Status::Unauthorized, "{mode:?}");
        three.store.fail(false);
        assert_eq!(three.at[1].fetch("/me").await.body, "u-alice", "{mode:?}");
    }
}

/// REL-21: nothing is left half done.
#[rocket::async_test]
async fn a_sign_in_while_the_store_is_down_fails_and_leaves_no_session() {
    for mode in MODES {
        let three = Three::start(mode).await;
        let callback = three.op.authorize(&three.at[0].start("/protected").await);
        three.store.fail(true);
        let answer = three.at[0].visit(&callback).await;
        assert_eq!(answer.status, Status::ServiceUnavailable, "{mode:?}: {answer:?}");
        assert!(three.at[0].session_cookies().is_empty(), "{mode:?}");
        three.store.fail(false);
        three.at[0].forget();
        three.sign_in().await;
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
    }
}

/// REL-21: Logto learns that it failed, and what it said is kept until it can be written.
#[rocket::async_test]
async fn a_logout_while_the_store_is_down_is_told_later() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        three.store.fail(true);
        let token = three.op.logout_token("u-alice", None);
        let answer = three.at[2].post_logout(&token).await;
        assert_eq!(answer.status, Status::ServiceUnavailable, "{mode:?}");
        three.store.fail(false);
        let mut left = 50;
        while three.at[0].fetch("/me").await.status == Status::Ok && left > 0 {
            left -= 1;
            rocket::tokio::time::sleep(Duration::from_millis(100)).await;
        }
        three.carry(1);
        assert_eq!(three.statuses().await, ENDED, "{mode:?}");
    }
}

/// REL-21: a sign-out that cannot be stored is not left half done.
#[rocket::async_test]
async fn a_sign_out_while_the_store_is_down_fails_and_the_session_continues() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        let cookies = three.at[0].cookies();
        three.store.fail(true);
        let answer = three.at[0].visit("/sign-out").await;
        assert_eq!(answer.status, Status::ServiceUnavailable, "{mode:?}: {answer:?}");
        three.store.fail(false);
        three.at[0].restore(cookies);
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
    }
}

/// REL-21: not even if the store took the session in and only its answer was lost.
#[rocket::async_test]
async fn a_session_that_the_store_took_in_without_an_answer_is_deleted() {
    for fails in [false, true] {
        let three = Three::start(Mode::Stored).await;
        let callback = three.op.authorize(&three.at[0].start("/protected").await);
        three.store.lose_an_answer();
        let deletion = three.store.hold(At::Delete, async { three.store.refuse_writes(fails) });
        let (answer, ()) = join(three.at[0].visit(&callback), deletion).await;
        assert_eq!(answer.status, Status::ServiceUnavailable, "{answer:?}");
        rocket::tokio::time::sleep(Duration::from_millis(50)).await;
        three.store.refuse_writes(false);
        // Another attempt is made after a second.
        let patience = Duration::from_millis(if fails { 1200 } else { 0 });
        rocket::tokio::time::sleep(patience).await;
        // A lookup finds nothing.
        let request = three.at[1].client().post("/sign-out-everywhere/u-alice");
        assert_eq!(three.at[1].deliver(request).await.body, "0", "{fails}");
    }
}

/// REF-3: the others do not use the old refresh token before the holder of the new one could save
/// it, even though its turn has run out.
#[rocket::async_test]
async fn a_refresh_that_could_not_be_saved_is_not_repeated_by_others() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.op.deviate(Deviation::RotateRefreshTokens);
        three.sign_in().await;
        // The store fails while Logto answers.
        let late = Fault::Late(Duration::from_millis(300));
        three.op.deviate(Deviation::AnswerOnce("token", late));
        let fail = async {
            rocket::tokio::time::sleep(Duration::from_millis(100)).await;
            three.store.fail(true);
        };
        join(three.at[0].fetch("/token"), fail).await;
        assert_eq!(three.at[1].fetch("/me").await.status, Status::ServiceUnavailable, "{mode:?}");
        // As long as a turn lasts without news.
        rocket::tokio::time::sleep(Duration::from_millis(3100)).await;
        three.store.fail(false);
        let answer = three.at[1].fetch("/token").await;
        assert_eq!(answer.status, Status::Ok, "{mode:?}: {answer:?}");
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
    }
}

/// REL-21, L15: a store without a timeout of its own delays neither Logto nor the news.
#[rocket::async_test]
async fn a_logout_held_up_by_a_hanging_store_is_told_once_it_resumes() {
    for mode in MODES {
        let three = Three::hasty(mode).await;
        three.sign_in().await;
        three.store.hang(true);
        let token = three.op.logout_token("u-alice", None);
        let answer = three.at[2].post_logout(&token).await;
        assert_eq!(answer.status, Status::ServiceUnavailable, "{mode:?}");
        three.store.hang(false);
        let mut left = 50;
        while three.at[0].fetch("/me").await.status == Status::Ok && left > 0 {
            left -= 1;
            rocket::tokio::time::sleep(Duration::from_millis(20)).await;
        }
        three.carry(1);
        assert_eq!(three.statuses().await, ENDED, "{mode:?}");
    }
}

/// REL-21: being readable is enough to know who is signed in, but not for anything else.
#[rocket::async_test]
async fn a_read_only_store_admits_users_but_begins_and_ends_no_session() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        three.at[2].forget();
        let callback = three.op.authorize(&three.at[2].start("/protected").await);
        let signing_in = three.at[2].cookies();
        three.carry(0);
        three.store.refuse_writes(true);
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
        let refused = Status::ServiceUnavailable;
        assert_eq!(three.at[1].fetch("/token").await.status, refused, "{mode:?}");
        assert_eq!(three.at[1].visit("/sign-out").await.status, refused, "{mode:?}");
        let token = three.op.logout_token("u-bob", None);
        assert_eq!(three.at[1].post_logout(&token).await.status, refused, "{mode:?}");
        let count = three.op.count("token");
        three.at[2].restore(signing_in);
        assert_ne!(three.at[2].visit(&callback).await.status, Status::SeeOther, "{mode:?}");
        assert_eq!(three.op.count("token"), count, "{mode:?}: no refresh token is used up");
        three.store.refuse_writes(false);
        three.carry(0);
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
        assert_eq!(three.at[1].fetch("/token").await.status, Status::Ok, "{mode:?}");
    }
}

/// S39: a loss that cannot be recorded admits nobody on a guess.
#[rocket::async_test]
async fn a_read_only_store_that_lost_everything_admits_nobody() {
    let three = Three::start(Mode::Marked).await;
    three.sign_in().await;
    three.store.lose_all();
    three.store.refuse_writes(true);
    assert_eq!(three.statuses().await, [Status::ServiceUnavailable; 3]);
    three.store.refuse_writes(false);
    assert_eq!(three.statuses().await, ALIVE);
}

/// S39: an instance with another secret cannot read what the others say.
#[rocket::async_test]
async fn an_instance_with_another_secret_admits_nobody() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        let secret = "another secret of at least 32 random bytes";
        let figment = three.op.figment().merge(("logto.cookie_secret", secret));
        let odd = Browser::open(app(mode, figment, &three.store)).await;
        odd.restore(three.at[0].cookies());
        assert_eq!(odd.fetch("/me").await.status, Status::Unauthorized, "{mode:?}");
        odd.forget();
        let callback = three.op.authorize(&odd.start("/protected").await);
        let answer = odd.visit(&callback).await;
        assert_eq!(answer.status, Status::ServiceUnavailable, "{mode:?}: {answer:?}");
        assert!(odd.session_cookies().is_empty(), "{mode:?}");
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
    }
}

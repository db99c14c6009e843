//! A store that has lost what instances told each other about ended sessions.

use super::*;

/// S39: each session is checked at Logto before it is admitted again.
#[rocket::async_test]
async fn sessions_from_before_a_loss_are_checked_at_logto() {
    let three = Three::start(Mode::Marked).await;
    three.sign_in().await;
    let count = three.op.count("token");
    assert_eq!(three.statuses().await, ALIVE);
    assert_eq!(three.op.count("token"), count);
    three.store.lose_all();
    assert_eq!(three.statuses().await, ALIVE);
    assert_eq!(three.op.count("token"), count + 1, "one asked for all");
    assert_eq!(three.statuses().await, ALIVE);
    assert_eq!(three.op.count("token"), count + 1, "once");
}

/// S39: if Logto ended the grant, nobody is admitted because a store forgot.
#[rocket::async_test]
async fn a_session_that_logto_ended_is_not_admitted_after_a_loss() {
    let three = Three::start(Mode::Marked).await;
    three.sign_in().await;
    three.op.end_grants();
    three.store.lose_all();
    assert_eq!(three.statuses().await, ENDED);
}

/// S39: no answer is no admission.
#[rocket::async_test]
async fn without_an_answer_from_logto_a_session_from_before_a_loss_gets_503() {
    let three = Three::start(Mode::Marked).await;
    three.sign_in().await;
    three.op.stop().await;
    assert_eq!(three.statuses().await, ALIVE);
    three.store.lose_all();
    assert_eq!(three.statuses().await, [Status::ServiceUnavailable; 3]);
    three.op.resume();
    rocket::tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(three.statuses().await, ALIVE);
}

/// S39: a session without a refresh token cannot be checked.
#[rocket::async_test]
async fn without_a_refresh_token_users_sign_in_again_after_a_loss() {
    let three = Three::start(Mode::Marked).await;
    three.op.deviate(Deviation::Tokens(Alter::without("refresh_token")));
    three.sign_in().await;
    assert_eq!(three.statuses().await, ALIVE);
    three.store.lose_all();
    assert_eq!(three.statuses().await, ENDED);
}

/// S39: the instance that ended a session tells the others once more.
#[rocket::async_test]
async fn instances_tell_again_what_a_store_has_lost() {
    let three = Three::start(Mode::Marked).await;
    three.sign_in().await;
    let ended = three.at[0].cookies();
    three.at[2].visit("/sign-out").await;
    three.store.lose_all();
    three.at[0].forget();
    three.sign_in().await;
    // The instance that ended it hears of the loss on the way.
    assert_eq!(three.at[2].fetch("/me").await.status, Status::Ok);
    rocket::tokio::time::sleep(Duration::from_millis(100)).await;
    // Without Logto there is no other way to know: a session that may live would get 503.
    three.op.stop().await;
    three.at[0].restore(ended);
    assert_eq!(three.at[0].fetch("/me").await.status, Status::Unauthorized);
}

/// S39: if the store keeps the sessions themselves, nothing else is lost: they are gone with it.
#[rocket::async_test]
async fn a_store_that_lost_all_sessions_signs_users_out() {
    let three = Three::start(Mode::Stored).await;
    three.sign_in().await;
    three.store.lose_all();
    assert_eq!(three.statuses().await, ENDED);
}

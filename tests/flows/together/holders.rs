//! Instances that lose the turn to refresh a session.

use logto_tests::{Fault, Live};
use rocket::futures::future::{join, join_all};
use rocket::tokio::runtime::Runtime;
use serde_json::json;

use super::store::At;
use super::*;

/// An instance of its own, killed while Logto answers its refresh.
async fn die_while_refreshing(three: &Three, mode: Mode) {
    let count = three.op.count("token");
    let late = Fault::Late(Duration::from_secs(60));
    three.op.deviate(Deviation::AnswerOnce("token", late));
    let figment = three.op.figment().merge(("logto.resources", [API]));
    let runtime = Runtime::new().unwrap();
    let instance = runtime.spawn(Live::start(app(mode, figment, &three.store))).await.unwrap();
    let cookies = three.at[0].cookies().into_iter().map(|(name, value)| format!("{name}={value}"));
    let request = format!(
        "GET /token HTTP/1.1\r\nHost: localhost:8000\r\nConnection: close\r\nCookie: {}\r\n\r\n",
        cookies.collect::<Vec<_>>().join("; ")
    );
    runtime.spawn(async move { instance.send(request.as_bytes()).await });
    three.until_asked(count).await;
    runtime.shutdown_background();
}

/// REF-3: if the holder of the turn died, one more instance tries, and the session lives if Logto
/// takes the refresh token again.
#[rocket::async_test]
async fn after_an_instance_that_died_in_a_refresh_another_tries_once_more() {
    let cases = MODES.into_iter().flat_map(|mode| [(mode, false), (mode, true)]);
    join_all(cases.map(|(mode, rotates)| async move {
        let three = Three::start(mode).await;
        if rotates {
            three.op.deviate(Deviation::RotateRefreshTokens);
        }
        three.sign_in().await;
        die_while_refreshing(&three, mode).await;
        let count = three.op.count("token");
        let answer = three.at[1].fetch("/token").await;
        let expected = if rotates { Status::Unauthorized } else { Status::Ok };
        assert_eq!(answer.status, expected, "{mode:?} {rotates}: {answer:?}");
        assert_eq!(three.op.count("token"), count + 1, "{mode:?} {rotates}: once");
        three.carry(0);
        let expected = if rotates { ENDED } else { ALIVE };
        assert_eq!(three.statuses().await, expected, "{mode:?} {rotates}");
    }))
    .await;
}

/// REF-3: a refusal does not end a session that has a newer refresh token by the time it comes.
#[rocket::async_test]
async fn a_refusal_of_an_old_refresh_token_ends_no_session_that_has_a_newer_one() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.op.deviate(Deviation::RotateRefreshTokens);
        three.sign_in().await;
        three.store.lose_turns();
        for millis in [300, 1000] {
            let late = Fault::Late(Duration::from_millis(millis));
            three.op.deviate(Deviation::AnswerOnce("token", late));
        }
        let count = three.op.count("token");
        let second = async {
            three.until_asked(count).await;
            three.at[1].fetch("/token").await
        };
        let (first, second) = join(three.at[0].fetch("/token"), second).await;
        assert_eq!(first.status, Status::Ok, "{mode:?}: {first:?}");
        assert_eq!(second.status, Status::Ok, "{mode:?}: {second:?}");
        assert_eq!(three.op.count("token"), count + 3, "{mode:?}: the old one, and then the new");
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
    }
}

/// REF-3: it does end one that has none.
#[rocket::async_test]
async fn a_refusal_ends_the_session_if_no_instance_has_saved_a_newer_refresh_token() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.op.deviate(Deviation::RotateRefreshTokens);
        three.sign_in().await;
        three.store.lose_turns();
        let late = Fault::Late(Duration::from_millis(1000));
        three.op.deviate(Deviation::AnswerOnce("token", late));
        let count = three.op.count("token");
        let second = async {
            three.until_asked(count).await;
            three.at[1].fetch("/token").await
        };
        let (first, second) = join(three.at[0].fetch("/token"), second).await;
        assert_eq!(second.status, Status::Unauthorized, "{mode:?}: {second:?}");
        assert_eq!(first.status, Status::Unauthorized, "{mode:?}: it came too late: {first:?}");
        assert_eq!(three.op.count("token"), count + 2, "{mode:?}");
    }
}

/// REF-3: an instance that stalled while it cleared tokens does not lose a newer refresh token.
#[rocket::async_test]
async fn tokens_that_are_cleared_late_cost_no_refresh_token() {
    let three = Three::start(Mode::Stored).await;
    three.op.deviate(Deviation::RotateRefreshTokens);
    three.sign_in().await;
    three.store.lose_turns();
    let refresh = three.store.hold(At::Save, three.at[1].fetch("/new-token"));
    let (refreshed, cleared) = join(refresh, three.at[0].fetch("/clear")).await;
    assert_eq!((cleared.status, refreshed.status), (Status::Ok, Status::Ok));
    for browser in &three.at {
        assert_eq!(browser.fetch("/new-token").await.status, Status::Ok);
    }
}

/// REF-3: nor does an instance that was denied a token and could tell nobody.
#[rocket::async_test]
async fn a_denial_that_is_told_to_nobody_costs_no_refresh_token() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.op.deviate(Deviation::RotateRefreshTokens);
        three.sign_in().await;
        three.store.lose_turns();
        let count = three.op.count("token");
        let denied = Fault::Json(400, json!({"error": "access_denied"}));
        three.op.deviate(Deviation::AnswerOnce("token", denied));
        three.store.refuse_writes(true);
        let answer = three.at[0].fetch("/new-token").await;
        three.store.refuse_writes(false);
        assert_eq!(answer.status, Status::Forbidden, "{mode:?}");
        assert_eq!(three.op.count("token"), count + 1, "{mode:?}");
        for number in [1, 0, 2] {
            let answer = three.at[number].fetch("/new-token").await;
            assert_eq!(answer.status, Status::Ok, "{mode:?} {number}: {answer:?}");
        }
    }
}

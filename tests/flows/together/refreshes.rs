//! One refresh at a time, and one token for all.

use rocket::futures::future::join_all;

use super::*;

/// REF-3: used refresh tokens get no grace: of 99 requests at once over three instances, one
/// refreshes, and the session lives.
#[rocket::async_test]
async fn requests_at_once_over_three_instances_refresh_once() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.op.deviate(Deviation::RotateRefreshTokens);
        three.sign_in().await;
        let count = three.op.count("token");
        let answers = join_all((0..99).map(|n| three.at[n % 3].fetch("/token"))).await;
        let tokens: Vec<_> = answers.iter().map(|answer| &answer.body).collect();
        assert!(answers.iter().all(|answer| answer.status == Status::Ok), "{mode:?}: {answers:?}");
        assert!(tokens.iter().all(|token| *token == tokens[0]), "{mode:?}");
        assert_eq!(three.op.count("token"), count + 1, "{mode:?}");
        assert_eq!(three.statuses().await, ALIVE, "{mode:?}");
    }
}

/// REF-3: a cookie from before a rotation at another instance leads to the newest generation.
#[rocket::async_test]
async fn an_old_cookie_at_another_instance_has_the_newest_refresh_token() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.op.deviate(Deviation::RotateRefreshTokens);
        three.op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
        three.sign_in().await;
        for round in 0..3 {
            for browser in &three.at {
                let answer = browser.fetch("/token").await;
                assert_eq!(answer.status, Status::Ok, "{mode:?} {round}: {answer:?}");
            }
        }
    }
}

/// What one has, the others need not fetch.
#[rocket::async_test]
async fn tokens_fetched_by_one_instance_are_there_at_the_others() {
    for mode in MODES {
        let three = Three::start(mode).await;
        three.sign_in().await;
        let first = three.at[0].fetch("/token").await.body;
        let id_token = three.at[0].fetch("/id-token").await.body;
        assert!(!first.is_empty() && !id_token.is_empty(), "{mode:?}");
        three.carry(0);
        let count = three.op.count("token");
        for browser in &three.at {
            assert_eq!(browser.fetch("/token").await.body, first, "{mode:?}");
            assert_eq!(browser.fetch("/id-token").await.body, id_token, "{mode:?}");
        }
        assert_eq!(three.op.count("token"), count, "{mode:?}");
    }
}

//! Instances during a change of their secret.

use serde_json::json;

use super::*;

const OLD: &str = "the old secret, of at least 32 random bytes";
const NEW: &str = "the new secret, of at least 32 random bytes";

/// What instances have before the change, after its first step, and after its second.
const STEPS: [&[&str]; 3] = [&[OLD], &[OLD, NEW], &[NEW, OLD]];

async fn end(op: &Hostile, at: &Browser, user: &str, way: &str) {
    match way {
        "sign-out" => drop(at.visit("/sign-out").await),
        "logout" => {
            let token = op.logout_token(user, None);
            assert_eq!(at.post_logout(&token).await.status, Status::Ok);
        }
        _ => {
            let request = at.client().post(format!("/sign-out-everywhere/{user}"));
            assert_eq!(at.deliver(request).await.status, Status::Ok);
        }
    }
}

/// S38: what ended at an instance that is a step behind or ahead has ended at all of them.
#[rocket::async_test]
async fn while_a_secret_changes_ended_sessions_stay_ended() {
    // Where a session begins, ends, and is seen after that: what is written after the second step
    // is never read before the first.
    let first = [(0, 0, 1), (0, 1, 0), (1, 0, 1), (1, 1, 0)];
    let second = [(1, 1, 2), (1, 2, 1), (2, 1, 2), (2, 2, 1)];
    let walks = || first.into_iter().chain(second).chain([(0, 0, 2), (0, 1, 2)]);
    for mode in MODES {
        let (op, store) = (Hostile::start().await, Shaky::default());
        let mut at = Vec::new();
        for secrets in STEPS {
            let figment = op.figment().merge(("logto.cookie_secret", secrets));
            at.push(Browser::open(app(mode, figment, &store)).await);
        }
        for way in ["sign-out", "logout", "everywhere"] {
            for (begun, ended, seen) in walks() {
                let user = format!("u-{way}-{begun}{ended}{seen}");
                op.account(json!({"sub": user}));
                at.iter().for_each(Browser::forget);
                at[begun].sign_in(&op, "/protected").await;
                rocket::tokio::time::sleep(Duration::from_millis(2)).await;
                let cookies = at[begun].cookies();
                for step in [ended, seen] {
                    at[step].restore(cookies.clone());
                    assert_eq!(at[step].fetch("/me").await.body, user, "{mode:?}");
                }
                end(&op, &at[ended], &user, way).await;
                for step in [begun, ended, seen] {
                    at[step].restore(cookies.clone());
                    let answer = at[step].fetch("/me").await;
                    assert_eq!(answer.status, Status::Unauthorized, "{mode:?} {user}: {answer:?}");
                }
            }
        }
    }
}

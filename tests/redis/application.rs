//! What users notice of it.

use logto_tests::{Browser, Hostile, app};
use rocket::figment::Figment;
use rocket::http::Status;

use crate::server::Redis;
use crate::until;

fn figment(op: &Hostile, redis: &Redis) -> Figment {
    op.figment()
        .merge(("logto.session.store", "redis"))
        .merge(("logto.session.redis.url", redis.url()))
}

/// REL-20: Redis is missing at the launch, arrives, hangs and resumes.
#[rocket::async_test]
async fn an_outage_of_redis_affects_only_signed_in_users_and_costs_no_session() {
    let Some(mut redis) = Redis::prepare(&[]) else { return };
    let op = Hostile::start().await;
    let browser = Browser::open(app(figment(&op, &redis))).await;
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
    // The sign-in fails at its end, and nothing is left half done.
    let answer = browser.come_back(&op).await;
    assert_eq!(answer.status, Status::ServiceUnavailable, "{answer:?}");
    assert!(browser.session_cookies().is_empty());

    redis.run();
    until("a sign-in", || async {
        let answer = browser.come_back(&op).await;
        (answer.status == Status::SeeOther).then_some(())
    })
    .await;
    let page = browser.visit("/protected").await;
    assert_eq!(page.status, Status::Ok);
    let cookies = browser.session_cookies();
    let sessions = redis.keys().iter().filter(|key| key.contains(":s:")).count();
    assert_eq!(sessions, 1, "{:?}", redis.keys());

    redis.suspend();
    for _ in 0..2 {
        for path in ["/protected", "/api/me"] {
            let answer = browser.visit(path).await;
            assert_eq!(answer.status, Status::ServiceUnavailable, "{path}");
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
            assert!(answer.cookies.is_empty(), "{answer:?}");
        }
    }
    let stranger = browser.deliver(browser.client().get("/")).await;
    assert_eq!(stranger.status, Status::Ok);
    let stranger = browser.deliver(browser.client().get("/api/me")).await;
    assert_eq!(stranger.status, Status::Unauthorized);
    assert_eq!(browser.session_cookies(), cookies);

    redis.resume();
    let again = until("the same session", || async {
        let answer = browser.visit("/protected").await;
        (answer.status == Status::Ok).then_some(answer)
    });
    assert_eq!(again.await.json()["sub"], page.json()["sub"]);
    assert_eq!(browser.session_cookies(), cookies);
    assert_eq!(redis.keys().iter().filter(|key| key.contains(":s:")).count(), 1);
}

/// S34: what Redis holds names nobody and signs nobody in.
#[rocket::async_test]
async fn a_dump_of_redis_names_nobody() {
    let Some(redis) = Redis::start(&[]) else { return };
    let op = Hostile::start().await;
    let browser = Browser::open(app(figment(&op, &redis))).await;
    let page = browser.sign_in(&op, "/protected").await;
    let subject = page.json()["sub"].as_str().expect("a subject").to_owned();
    let keys = redis.keys();
    assert!(keys.len() >= 2, "{keys:?}");
    let mut dump = keys.join("\n");
    for key in &keys {
        dump += &redis.tell(&["DUMP", key]);
    }
    assert!(!dump.contains(&subject));
    for value in browser.session_cookies().values() {
        assert!(!dump.contains(value.as_str()), "{value}");
    }
}

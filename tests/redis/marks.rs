//! Sessions in cookies, and their ends in Redis.

use logto_tests::{Answer, Browser, Hostile, app};
use rocket::figment::Figment;
use rocket::http::Status;

use crate::server::Redis;
use crate::{log, until};

fn figment(op: &Hostile, redis: &Redis) -> Figment {
    op.figment()
        .merge(("logto.session.marks", "redis"))
        .merge(("logto.session.redis.url", redis.url()))
}

/// Two instances, and a user who signed in at the first.
async fn two(op: &Hostile, redis: &Redis) -> [Browser; 2] {
    let open = || Browser::open(app(figment(op, redis)));
    let at = [open().await, open().await];
    assert_eq!(at[0].sign_in(op, "/protected").await.status, Status::Ok);
    at[1].restore(at[0].cookies());
    at
}

/// What both answer, with the cookies that they have now.
async fn statuses(at: &[Browser; 2]) -> [Status; 2] {
    let [a, b] = at;
    [a.fetch("/api/me").await.status, b.fetch("/api/me").await.status]
}

/// The first answer that is not 503.
async fn served(browser: &Browser) -> Answer {
    until("an answer", || async {
        let answer = browser.fetch("/api/me").await;
        (answer.status != Status::ServiceUnavailable).then_some(answer)
    })
    .await
}

/// S38: by a mark in a real Redis, which holds no session.
#[rocket::async_test]
async fn a_sign_out_at_one_instance_ends_a_session_in_a_cookie_at_the_other() {
    let Some(redis) = Redis::start(&[]) else { return };
    let op = Hostile::start().await;
    let at = two(&op, &redis).await;
    assert_eq!(statuses(&at).await, [Status::Ok; 2]);
    at[0].visit("/sign-out").await;
    assert_eq!(at[1].fetch("/api/me").await.status, Status::Unauthorized);

    let at = two(&op, &redis).await;
    let token = op.logout_token("u-alice", None);
    assert_eq!(at[1].post_logout(&token).await.status, Status::Ok);
    assert_eq!(statuses(&at).await, [Status::Unauthorized; 2]);
    let keys = redis.keys();
    assert!(!keys.is_empty() && keys.iter().all(|key| !key.contains(":s:")), "{keys:?}");
}

/// S39: Redis came back empty: what it was told is lost, so Logto is asked, once for each
/// session.
#[rocket::async_test]
async fn a_redis_that_was_restarted_empty_has_each_session_checked_at_logto() {
    let Some(mut redis) = Redis::start(&[]) else { return };
    let op = Hostile::start().await;
    let (one, other) = (two(&op, &redis).await, two(&op, &redis).await);
    redis.kill();
    assert_eq!(statuses(&one).await, [Status::ServiceUnavailable; 2]);
    let before = op.count("token");
    redis.run();
    for browser in one.iter().chain(&other) {
        assert_eq!(served(browser).await.status, Status::Ok);
    }
    assert_eq!(op.count("token"), before + 2, "one for each session");
    for at in [&one, &other] {
        assert_eq!(statuses(at).await, [Status::Ok; 2]);
    }
    assert_eq!(op.count("token"), before + 2, "once");

    op.end_grants();
    redis.kill();
    redis.run();
    for browser in one.iter().chain(&other) {
        assert_eq!(served(browser).await.status, Status::Unauthorized);
    }
}

/// REL-21: SIGSTOP: nobody is admitted unread, and nobody loses the session.
#[rocket::async_test]
async fn a_redis_that_hangs_costs_no_session_in_a_cookie() {
    let Some(redis) = Redis::start(&[]) else { return };
    let op = Hostile::start().await;
    let at = two(&op, &redis).await;
    redis.suspend();
    for browser in &at {
        let cookies = browser.cookies();
        for path in ["/protected", "/api/me"] {
            let answer = browser.visit(path).await;
            assert_eq!(answer.status, Status::ServiceUnavailable, "{path}");
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
        }
        assert_eq!(browser.cookies(), cookies);
        let stranger = browser.deliver(browser.client().get("/api/me")).await;
        assert_eq!(stranger.status, Status::Unauthorized);
    }
    let before = op.count("token");
    redis.resume();
    for browser in &at {
        assert_eq!(served(browser).await.status, Status::Ok);
    }
    assert_eq!(op.count("token"), before, "nothing was lost");
}

/// S39: a missing mark may have been evicted, so no mark counts as read.
#[rocket::async_test]
async fn a_redis_that_evicts_is_not_trusted_with_sessions_in_cookies() {
    let Some(redis) = Redis::start(&[]) else { return };
    let op = Hostile::start().await;
    let at = two(&op, &redis).await;
    assert_eq!(statuses(&at).await, [Status::Ok; 2]);
    redis.tell(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    // The policy is read with each connection.
    redis.tell(&["CLIENT", "KILL", "TYPE", "normal"]);
    for browser in &at {
        let cookies = browser.cookies();
        let refused = until("it is noticed", || async {
            let answer = browser.fetch("/api/me").await;
            (answer.status != Status::Ok).then_some(answer)
        });
        let refused = refused.await;
        assert_eq!(refused.status, Status::ServiceUnavailable);
        assert!(refused.header("retry-after").is_some(), "{refused:?}");
        assert_eq!(browser.cookies(), cookies);
    }
    let newcomer = Browser::open(app(figment(&op, &redis))).await;
    assert_eq!(newcomer.come_back(&op).await.status, Status::ServiceUnavailable);
    assert!(newcomer.session_cookies().is_empty());
    let lines = log::lines(redis.port());
    let evicts = lines.iter().filter(|line| line.starts_with("ERROR") && line.contains("evicts"));
    assert_eq!(evicts.count(), 3, "once for each instance: {lines:?}");

    redis.tell(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    redis.tell(&["CLIENT", "KILL", "TYPE", "normal"]);
    for browser in &at {
        assert_eq!(served(browser).await.status, Status::Ok);
    }
}

//! Redis is gone, or says nothing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use logto_rocket::{RedisStore, SessionStore as _};
use rocket::futures::future::join_all;
use rocket::tokio::time::sleep;

use crate::proxy::Proxy;
use crate::server::Redis;
use crate::{HOUR, causes, data, hasty, key, log, session, store, until};

async fn is_back(store: &RedisStore) {
    until("Redis is back", || async { data(store, "a").await.ok() }).await;
}

/// REL-19: killed, and restarted with its data, and without.
#[rocket::async_test]
async fn a_redis_that_is_started_again_is_used_again() {
    let Some(mut redis) = Redis::start(&["--appendonly", "yes", "--appendfsync", "always"]) else {
        return;
    };
    let store = hasty(&redis.url());
    store.create(&key("a"), session("1", &["alice"]), HOUR).await.expect("created");
    redis.kill();
    until("it is noticed", || async { data(&store, "a").await.err() }).await;
    let error = store.find(&["alice".into()]).await.expect_err("it is down");
    assert!(causes(&error).contains("Connection refused"), "{}", causes(&error));
    redis.run();
    is_back(&store).await;
    assert_eq!(data(&store, "a").await.expect("loaded"), Some(b"1".to_vec()));

    redis.kill();
    std::fs::remove_dir_all(redis.folder().join("appendonlydir")).expect("its data");
    until("it is noticed", || async { data(&store, "a").await.err() }).await;
    redis.run();
    is_back(&store).await;
    assert_eq!(data(&store, "a").await.expect("loaded"), None);
    store.create(&key("a"), session("2", &["alice"]), HOUR).await.expect("created");

    let lines = until("the log", || async {
        Some(log::lines(redis.port())).filter(|lines| lines.len() == 4)
    });
    let lines = lines.await;
    for (line, begin) in
        lines.iter().zip(["ERROR logto: Redis is down", "INFO logto: Redis is back"].iter().cycle())
    {
        assert!(line.starts_with(begin), "{lines:?}");
    }
}

/// REL-19: one that answers, but has not loaded its data yet.
#[rocket::async_test]
async fn a_redis_still_loading_its_data_has_no_session_missing() {
    let Some(mut redis) = Redis::start(&[]) else { return };
    let store = hasty(&redis.url());
    for number in 0..100 {
        let key = key(&format!("{number}"));
        store.create(&key, session(&"x".repeat(2000), &[]), HOUR).await.expect("created");
    }
    assert_eq!(redis.tell(&["SAVE"]), "OK");
    redis.kill();
    // 20 ms for each key; it answers in between.
    let slowly = ["--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024"];
    redis.set(&slowly);
    redis.launch();
    until("it says that it loads", || async {
        let error = data(&store, "99").await.err()?;
        causes(&error).contains("LOADING").then_some(())
    })
    .await;
    let found = until("Redis is back", || async { data(&store, "99").await.ok() }).await;
    assert!(found.is_some(), "a store that loads never says that there is none");
}

/// REL-19: only the end of an idle connection shows it: reads and writes use a new one, and no
/// request fails.
#[rocket::async_test]
async fn an_idle_connection_that_ended_costs_no_request() {
    let Some(redis) = Redis::start(&[]) else { return };
    let store = hasty(&redis.url());
    for round in 0..5 {
        let of = format!("{round}");
        store.create(&key(&of), session("1", &["alice"]), HOUR).await.expect("created");
        redis.tell(&["CLIENT", "KILL", "TYPE", "normal"]);
        // It takes a moment until the end arrives here; a read does not mind.
        match round % 2 {
            0 => assert!(data(&store, &of).await.expect("loaded").is_some()),
            _ => sleep(Duration::from_millis(100)).await,
        }
    }
    assert_eq!(log::lines(redis.port()), Vec::<String>::new());
}

/// REL-19: SIGSTOP. Those who wait fail after the timeout, all others at once, sending no
/// command to Redis; one probe at a time asks it.
#[rocket::async_test]
async fn a_redis_that_hangs_is_left_alone_except_for_a_probe() {
    let Some(redis) = Redis::start(&[]) else { return };
    let proxy = Proxy::before(redis.port()).await;
    let store = Arc::new(hasty(&proxy.url()));
    store.create(&key("a"), session("1", &["alice"]), HOUR).await.expect("created");
    redis.suspend();
    let waiting = join_all((0..100).map(|_| data(&store, "a"))).await;
    for result in waiting {
        let error = result.expect_err("it hangs");
        assert!(causes(&error).contains("no answer within 500 ms"), "{}", causes(&error));
    }
    let (connections, pieces) = proxy.counts();
    let (b, begin) = (key("b"), Instant::now());
    let mut refused = 0;
    while begin.elapsed() < Duration::from_secs(2) {
        let results = join_all((0..50).map(|_| data(&store, "a"))).await;
        assert!(results.iter().all(Result::is_err));
        let writes = join_all((0..5).map(|_| store.create(&b, session("1", &[]), HOUR))).await;
        assert!(writes.iter().all(Result::is_err));
        refused += results.len() + writes.len();
        sleep(Duration::from_millis(5)).await;
    }
    let (after, sent) = proxy.counts();
    assert!(refused > 2000, "{refused}");
    // At most one for each window, with the greeting that it sends.
    let probes = begin.elapsed().as_millis() as u64 / 250 + 2;
    assert!(after - connections <= probes, "{} connections", after - connections);
    assert!(sent - pieces <= 2 * probes, "{} pieces", sent - pieces);
    redis.resume();
    is_back(&store).await;
    assert_eq!(data(&store, "a").await.expect("loaded"), Some(b"1".to_vec()));
    assert_eq!(data(&store, "b").await.expect("loaded"), None, "nothing was done late");
    let lines = until("the log", || async {
        Some(log::lines(proxy.port())).filter(|lines| lines.len() == 2)
    });
    assert!(lines.await[1].starts_with("INFO logto: Redis is back"));
}

/// REL-19: a thousand requests without a connection do not make a thousand attempts.
#[rocket::async_test]
async fn many_requests_without_a_connection_share_one_attempt() {
    let Some(redis) = Redis::start(&[]) else { return };
    let proxy = Proxy::before(redis.port()).await;
    let store = store(&proxy.url());
    let results = join_all((0..1000).map(|_| data(&store, "a"))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(proxy.counts().0, 1);
}

/// REL-19: slower than allowed, through a slow network; and then not any more.
#[rocket::async_test]
async fn a_redis_that_is_too_slow_counts_as_down_until_it_is_fast() {
    let Some(redis) = Redis::start(&[]) else { return };
    let proxy = Proxy::before(redis.port()).await;
    let store = hasty(&proxy.url());
    store.create(&key("a"), session("1", &[]), HOUR).await.expect("created");
    proxy.delay(Duration::from_millis(50));
    assert!(data(&store, "a").await.is_ok(), "slow is no outage");
    proxy.delay(Duration::from_secs(2));
    assert!(data(&store, "a").await.is_err());
    until("the log", || async { Some(log::lines(proxy.port())).filter(|lines| lines.len() == 1) })
        .await;
    let error = data(&store, "a").await.expect_err("the breaker is open");
    assert!(causes(&error).contains("no answer within"), "{}", causes(&error));
    proxy.delay(Duration::ZERO);
    is_back(&store).await;
}

/// REL-19: what a request waits for while Redis hangs: a figure for the documentation.
#[rocket::async_test]
#[ignore = "a measurement"]
async fn waits_while_redis_hangs_are_measured() {
    let Some(redis) = Redis::start(&[]) else { return };
    let store = Arc::new(hasty(&redis.url()));
    data(&store, "a").await.expect("loaded");
    redis.suspend();
    let begin = Instant::now();
    let mut waits = Vec::new();
    while begin.elapsed() < Duration::from_secs(6) {
        let store = store.clone();
        waits.push(rocket::tokio::spawn(async move {
            let (at, asked) = (begin.elapsed(), Instant::now());
            assert!(data(&store, "a").await.is_err());
            (at, asked.elapsed())
        }));
        sleep(Duration::from_millis(1)).await;
    }
    redis.resume();
    let back = Instant::now();
    is_back(&store).await;
    let recovery = back.elapsed();
    let waits = join_all(waits).await.into_iter().map(|wait| wait.expect("it ended"));
    let (first, mut later): (Vec<_>, Vec<_>) =
        waits.partition(|(at, _)| *at < Duration::from_secs(1));
    later.sort_by_key(|(_, wait)| *wait);
    let longest = first.iter().map(|(_, wait)| *wait).max();
    let p99 = later[later.len() * 99 / 100].1;
    println!("first second: {longest:?} at most; later: p99 {p99:?}, {:?} at most", later.last());
    println!("back after {recovery:?}");
}

//! What the store does while Redis is well.

use std::time::Duration;

use logto_rocket::{RedisConfig, RedisStore, SessionStore as _, contract};
use rocket::futures::future::join_all;

use crate::server::Redis;
use crate::{HOUR, data, key, session, store};

/// REL-18: on one server.
#[rocket::async_test]
async fn the_store_keeps_the_contract() {
    let Some(redis) = Redis::start(&[]) else { return };
    contract::check(&store(&redis.url())).await.expect("the contract is kept");
}

/// REL-18: two instances with a connection each.
#[rocket::async_test]
async fn two_stores_of_one_redis_keep_the_contract_together() {
    let Some(redis) = Redis::start(&[]) else { return };
    let (one, other) = (store(&redis.url()), store(&redis.url()));
    contract::check_together(&one, &other).await.expect("the contract is kept");
}

/// S34: every key expires, an index after the last of its sessions.
#[rocket::async_test]
async fn everything_expires_and_an_index_forgets_what_has_ended() {
    let Some(redis) = Redis::start(&[]) else { return };
    let store = store(&redis.url());
    contract::check(&store).await.expect("the contract is kept");
    let keys = redis.keys();
    assert!(keys.len() > 40, "{keys:?}");
    for key in keys {
        let left: i64 = redis.tell(&["PTTL", &key]).parse().expect("a number");
        assert!((0..=3_700_000).contains(&left), "{key} lives for {left} ms");
    }
    // An ended session leaves its index when the next one is written.
    let short = Duration::from_millis(1);
    store.create(&key("long"), session("1", &["alice"]), HOUR).await.expect("created");
    let index = redis.tell(&["ZRANGE", "logto:n:alice", "0", "-1"]);
    assert_eq!(index.lines().count(), 1);
    for number in 0..20 {
        let of = format!("short {number}");
        store.create(&key(&of), session("1", &["alice"]), short).await.expect("created");
        // As if the minute by which an entry outlives its session had passed.
        redis.tell(&["ZADD", "logto:n:alice", "1", &key(&of).to_text()]);
    }
    store.create(&key("last"), session("1", &["alice"]), short).await.expect("created");
    assert_eq!(redis.tell(&["ZCARD", "logto:n:alice"]), "2");
    // It lives as long as the longest session in it.
    let left: i64 = redis.tell(&["PTTL", "logto:n:alice"]).parse().expect("a number");
    assert!(left > 3_600_000, "{left}");
    store.delete(&key("long"), &["alice".into()]).await.expect("deleted");
    assert_eq!(redis.tell(&["ZCARD", "logto:n:alice"]), "1");
}

/// REL-18: reading a session takes one command, and no other.
#[rocket::async_test]
async fn a_session_is_read_in_one_round_trip_over_one_connection() {
    let Some(redis) = Redis::start(&[]) else { return };
    let store = store(&redis.url());
    store.create(&key("a"), session("1", &["alice"]), HOUR).await.expect("created");
    redis.count();
    let loads = join_all((0..500).map(|_| data(&store, "a"))).await;
    assert!(loads.into_iter().all(|load| load.is_ok_and(|data| data == Some(b"1".to_vec()))));
    let total = redis.tell(&["INFO", "commandstats"]);
    assert_eq!(redis.calls("get"), 500, "{total}");
    let others: Vec<_> = total
        .lines()
        .filter(|line| line.starts_with("cmdstat_"))
        .filter(|line| {
            !["cmdstat_get:", "cmdstat_info:", "cmdstat_config"]
                .iter()
                .any(|it| line.starts_with(it))
        })
        .collect();
    assert_eq!(others, Vec::<&str>::new());
    let connections = redis.tell(&["CLIENT", "LIST", "TYPE", "normal"]);
    // The other one is the test's own.
    assert_eq!(connections.lines().count(), 2, "{connections}");
}

/// S34: an index entry that leads to another user's session, or to none, finds nothing.
#[rocket::async_test]
async fn the_index_is_not_believed_over_the_sessions() {
    let Some(redis) = Redis::start(&[]) else { return };
    let store = store(&redis.url());
    store.create(&key("bob's"), session("1", &["bob"]), HOUR).await.expect("created");
    redis.tell(&["ZADD", "logto:n:alice", "9999999999999", &key("bob's").to_text()]);
    redis.tell(&["ZADD", "logto:n:alice", "9999999999999", &key("nobody's").to_text()]);
    redis.tell(&["ZADD", "logto:n:alice", "9999999999999", "no key"]);
    assert_eq!(store.find(&["alice".into()]).await.expect("found"), []);
    assert_eq!(store.find(&["bob".into()]).await.expect("found"), [key("bob's")]);
}

/// Two applications, or two stages of one, in one Redis.
#[rocket::async_test]
async fn prefixes_keep_applications_apart() {
    let Some(redis) = Redis::start(&[]) else { return };
    let mut config = RedisConfig::new(redis.url());
    config.prefix = "other:".into();
    let (ours, theirs) = (store(&redis.url()), RedisStore::new(config).expect("a store"));
    ours.create(&key("a"), session("ours", &["alice"]), HOUR).await.expect("created");
    theirs.create(&key("a"), session("theirs", &["alice"]), HOUR).await.expect("created");
    theirs.delete(&key("a"), &["alice".into()]).await.expect("deleted");
    assert_eq!(data(&ours, "a").await.expect("loaded"), Some(b"ours".to_vec()));
    assert_eq!(ours.find(&["alice".into()]).await.expect("found"), [key("a")]);
    // A number in the address is a database, with its own keys.
    let elsewhere = store(&format!("{}/3", redis.url()));
    assert_eq!(data(&elsewhere, "a").await.expect("loaded"), None);
}

/// Somebody else's key in the same place is not a session, and not a sign-out either.
#[rocket::async_test]
async fn anything_but_our_own_session_is_an_error() {
    let Some(redis) = Redis::start(&[]) else { return };
    let store = store(&redis.url());
    redis.tell(&["SET", &format!("logto:s:{}", key("a").to_text()), "x"]);
    let error = data(&store, "a").await.expect_err("it is none");
    assert!(crate::causes(&error).contains("`prefix`"), "{}", crate::causes(&error));
    redis.tell(&["DEL", &format!("logto:s:{}", key("a").to_text())]);
    redis.tell(&["SADD", &format!("logto:s:{}", key("a").to_text()), "x"]);
    assert!(data(&store, "a").await.is_err(), "of another type");
    assert!(data(&store, "b").await.is_ok(), "and that is no outage");
}

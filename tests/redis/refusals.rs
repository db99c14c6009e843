//! Redis answers, and refuses.

use logto_rocket::{RedisConfig, RedisStore, SessionStore as _};

use crate::server::Redis;
use crate::{HOUR, causes, data, key, log, session, store, until};

/// REL-20: full, with the right policy: what is there is read and deleted, and nothing is lost.
#[rocket::async_test]
async fn a_redis_that_is_full_takes_nothing_new_and_loses_nothing() {
    let Some(redis) = Redis::start(&["--maxmemory-policy", "noeviction"]) else { return };
    let store = store(&redis.url());
    let version = store.create(&key("a"), session("1", &["alice"]), HOUR).await.expect("created");
    redis.tell(&["CONFIG", "SET", "maxmemory", "1"]);
    for result in [
        store.create(&key("b"), session("1", &["bob"]), HOUR).await.map(drop),
        store.save(&key("a"), version.clone(), session("2", &["alice"]), HOUR).await.map(drop),
    ] {
        let error = result.expect_err("it is full");
        assert!(causes(&error).contains("raise `maxmemory`"), "{}", causes(&error));
    }
    assert_eq!(data(&store, "a").await.expect("reads go on"), Some(b"1".to_vec()));
    assert_eq!(store.find(&["alice".into()]).await.expect("reads go on"), [key("a")]);
    redis.tell(&["CONFIG", "SET", "maxmemory", "0"]);
    store.save(&key("a"), version, session("2", &["alice"]), HOUR).await.expect("saved");
    redis.tell(&["CONFIG", "SET", "maxmemory", "1"]);
    store.delete(&key("a"), &["alice".into()]).await.expect("a sign-out needs no room");
    assert_eq!(data(&store, "a").await.expect("loaded"), None);
    assert_eq!(log::lines(redis.port()), Vec::<String>::new(), "it is not down");
}

/// REL-20: too few replicas.
#[rocket::async_test]
async fn a_redis_that_accepts_no_writes_is_still_read() {
    let Some(redis) = Redis::start(&[]) else { return };
    let store = store(&redis.url());
    store.create(&key("a"), session("1", &["alice"]), HOUR).await.expect("created");
    redis.tell(&["CONFIG", "SET", "min-replicas-to-write", "1"]);
    let error = store.create(&key("b"), session("1", &[]), HOUR).await.expect_err("no replica");
    assert!(causes(&error).contains("min-replicas-to-write"), "{}", causes(&error));
    assert!(data(&store, "a").await.expect("reads go on").is_some());
}

/// REL-20: a master that became a replica lags behind: ended sessions may still be there. Nothing
/// is read from it, and the address is tried again until it leads to a master.
#[rocket::async_test]
async fn a_known_replica_is_not_read() {
    let Some(redis) = Redis::start(&[]) else { return };
    let store = store(&redis.url());
    store.create(&key("a"), session("1", &["alice"]), HOUR).await.expect("created");
    redis.tell(&["REPLICAOF", "127.0.0.1", "1"]);
    let error =
        store.create(&key("b"), session("1", &[]), HOUR).await.expect_err("it is read-only");
    assert!(causes(&error).contains("must lead to the master"), "{}", causes(&error));
    let error = data(&store, "a").await.expect_err("nor read from");
    assert!(causes(&error).contains("must lead to the master"), "{}", causes(&error));
    redis.tell(&["REPLICAOF", "NO", "ONE"]);
    until("the master", || async { data(&store, "a").await.ok() }).await;
    // From the beginning too.
    redis.tell(&["REPLICAOF", "127.0.0.1", "1"]);
    assert!(data(&crate::store(&redis.url()), "a").await.is_err());
}

/// REL-20: once, however often it is found.
#[rocket::async_test]
async fn a_redis_that_evicts_is_an_error_in_the_log() {
    let Some(redis) = Redis::start(&["--maxmemory-policy", "allkeys-lru"]) else { return };
    let store = store(&redis.url());
    store.create(&key("a"), session("1", &["alice"]), HOUR).await.expect("created");
    for _ in 0..5 {
        redis.tell(&["CLIENT", "KILL", "TYPE", "normal"]);
        assert!(data(&store, "a").await.expect("sessions are still used").is_some());
    }
    let lines = log::lines(redis.port());
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("ERROR") && lines[0].contains("noeviction"), "{lines:?}");
}

/// REL-20: a node of a Cluster where one server was expected.
#[rocket::async_test]
async fn one_node_of_a_cluster_says_that_it_needs_several_addresses() {
    let port = crate::server::free_port().to_string();
    let Some(redis) = Redis::start(&["--cluster-enabled", "yes", "--cluster-port", &port]) else {
        return;
    };
    redis.tell(&["CLUSTER", "ADDSLOTSRANGE", "0", "10"]);
    redis.tell(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]);
    let store = store(&redis.url());
    let error = data(&store, "a").await.expect_err("most slots have no node");
    assert!(causes(&error).contains("Cluster"), "{}", causes(&error));
}

/// S35: an ACL user with only the documented permissions; and whatever is refused, no message has
/// the password.
#[rocket::async_test]
async fn a_redis_user_needs_few_permissions_and_no_error_has_the_password() {
    const COMMANDS: &str = "+get +getrange +mget +set +del +exists +zadd +zrem +zrange +zrevrange \
                            +zremrangebyscore +pexpireat +time +eval +info";
    let Some(redis) = Redis::start(&[]) else { return };
    let mut acl = vec!["ACL", "SETUSER", "app", "on", ">s3cr3t-pa$$word", "~logto:*"];
    acl.extend(COMMANDS.split_whitespace());
    assert_eq!(redis.tell(&acl), "OK");
    redis.tell(&["ACL", "SETUSER", "default", "off"]);
    let url = |user: &str| format!("redis://{user}@127.0.0.1:{}", redis.port());
    let right = store(&url("app:s3cr3t-pa%24%24word"));
    logto_rocket::contract::check(&right).await.expect("the contract is kept");
    let mut config = RedisConfig::new(redis.url());
    config.username = Some("app".into());
    config.password = Some(logto_rocket::AppSecret::new("s3cr3t-pa$$word"));
    let shown = format!("{config:?}");
    let of_keys = RedisStore::new(config).expect("a store");
    assert!(data(&of_keys, "a").await.is_ok());

    let wrong = store(&url("app:wr0ng-pa%24%24word"));
    let error = data(&wrong, "a").await.expect_err("the password is wrong");
    assert!(causes(&error).contains("session.redis.password"), "{}", causes(&error));
    let lines = until("the log", || async {
        Some(log::lines(redis.port())).filter(|lines| lines.iter().any(|it| it.contains("is down")))
    });
    let said =
        [shown, format!("{wrong:?} {error:?} {error}"), causes(&error), lines.await.join("\n")];
    for text in said {
        assert!(!text.contains("pa$$word") && !text.contains("pa%24"), "{text}");
    }
}

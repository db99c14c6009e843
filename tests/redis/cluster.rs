//! A Cluster of three nodes.

use std::process::Command;

use logto_rocket::{RedisConfig, RedisStore, SessionStore as _, contract};
use rocket::futures::future::join_all;

use crate::server::{Redis, free_port};
use crate::{HOUR, causes, data, key, log, session, until};

/// Three masters that share the slots.
async fn start() -> Option<Vec<Redis>> {
    let mut nodes = Vec::new();
    for number in 0..3 {
        let file = format!("nodes-{number}.conf");
        let settings = ["--cluster-enabled", "yes", "--cluster-config-file", &file];
        let more = ["--cluster-node-timeout", "1000", "--cluster-require-full-coverage", "no"];
        let port = free_port().to_string();
        let port = ["--cluster-port", port.as_str()];
        nodes.push(Redis::start(&[&settings[..], &more[..], &port[..]].concat())?);
    }
    let addresses = nodes.iter().map(|node| format!("127.0.0.1:{}", node.port()));
    let output = Command::new("redis-cli")
        .args(["--cluster", "create"])
        .args(addresses)
        .arg("--cluster-yes")
        .output()
        .expect("redis-cli runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    for node in &nodes {
        let is_ready =
            || async { node.tell(&["CLUSTER", "INFO"]).contains("state:ok").then_some(()) };
        until("the Cluster is ready", is_ready).await;
    }
    Some(nodes)
}

fn store(nodes: &[Redis], seconds: f64) -> RedisStore {
    let mut config = RedisConfig::new("");
    config.url = nodes.iter().map(Redis::url).collect();
    (config.connect_timeout, config.command_timeout) = (seconds, seconds);
    RedisStore::new(config).expect("a store")
}

/// REL-18: keys of one session and of one user are on different nodes.
#[rocket::async_test]
async fn a_cluster_keeps_the_contract() {
    let Some(nodes) = start().await else { return };
    contract::check(&store(&nodes, 10.0)).await.expect("the contract is kept");
    assert!(nodes.iter().all(|node| node.keys().len() > 5), "all nodes have some");
}

/// REL-19: a node is lost. Users with sessions elsewhere are unaffected; on that node everything
/// fails at once, until it is back. A new process starts without it.
#[rocket::async_test]
async fn a_lost_node_affects_only_its_own_sessions() {
    let Some(mut nodes) = start().await else { return };
    let old = store(&nodes, 0.5);
    let sessions: Vec<_> = (0..60).map(|number| number.to_string()).collect();
    for of in &sessions {
        old.create(&key(of), session(of, &[]), HOUR).await.expect("created");
    }
    let lost: Vec<_> = nodes[1].keys();
    let is_lost = |of: &String| lost.iter().any(|it| it.ends_with(&key(of).to_text()));
    let (gone, kept): (Vec<_>, Vec<_>) = sessions.iter().partition(|of| is_lost(of));
    assert!(!gone.is_empty() && !kept.is_empty());
    nodes[1].kill();
    for store in [&old, &store(&nodes, 0.5)] {
        until("it is noticed", || async {
            let results = join_all(gone.iter().map(|of| data(store, of))).await;
            results.iter().all(Result::is_err).then_some(())
        })
        .await;
        // Sessions that share a group of slots with lost ones may wait for their node.
        until("the others are served", || async {
            let results = join_all(kept.iter().map(|of| data(store, of))).await;
            let served = results.iter().filter(|it| it.is_ok()).count();
            (served * 4 > kept.len() * 3).then_some(())
        })
        .await;
    }
    nodes[1].run();
    until("it is back", || async {
        // Without its data, which nothing saved.
        let results = join_all(sessions.iter().map(|of| data(&old, of))).await;
        results.iter().all(Result::is_ok).then_some(())
    })
    .await;
    let results = join_all(kept.iter().map(|of| data(&old, of))).await;
    assert!(results.iter().all(|it| matches!(it, Ok(Some(_)))));
    let lines = log::lines(nodes[0].port());
    assert!(lines.iter().any(|line| line.contains("Redis is down")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("Redis is back")), "{lines:?}");
}

/// REL-19: the whole Cluster is lost, and comes back.
#[rocket::async_test]
async fn a_cluster_that_hangs_is_used_again_when_it_answers() {
    let Some(nodes) = start().await else { return };
    let store = store(&nodes, 0.5);
    store.create(&key("a"), session("1", &["alice"]), HOUR).await.expect("created");
    nodes.iter().for_each(Redis::suspend);
    let error = data(&store, "a").await.expect_err("it hangs");
    assert!(causes(&error).contains("127.0.0.1"), "{}", causes(&error));
    nodes.iter().for_each(Redis::resume);
    until("it is back", || async { data(&store, "a").await.ok() }).await;
    assert_eq!(store.find(&["alice".into()]).await.expect("found"), [key("a")]);
}

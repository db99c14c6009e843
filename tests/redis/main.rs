//! Sessions in a real Redis, which the tests start, stop, fill and lose.

mod application;
mod cluster;
mod contract;
mod growth;
mod log;
mod marks;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/node.rs"]
mod node;
mod outage;
mod proxy;
mod refusals;
mod server;
mod tls;
mod waiting;

use std::future::Future;
use std::time::{Duration, Instant};

use logto_rocket::{Error, RedisConfig, RedisStore, SessionKey, SessionStore as _, StoredSession};
use logto_tests::sha256;
use rocket::tokio::time::sleep;

const HOUR: Duration = Duration::from_secs(3600);

/// A store that waits, however busy the test machine is.
fn store(url: &str) -> RedisStore {
    let mut config = RedisConfig::new(url);
    (config.connect_timeout, config.command_timeout) = (10.0, 10.0);
    RedisStore::new(config).expect("a store")
}

/// A store with the defaults.
fn hasty(url: &str) -> RedisStore {
    RedisStore::new(RedisConfig::new(url)).expect("a store")
}

fn session(data: &str, names: &[&str]) -> StoredSession {
    StoredSession::new(data.into(), names.iter().map(|name| (*name).into()).collect())
}

fn key(of: &str) -> SessionKey {
    SessionKey::from_text(&sha256(of)).expect("a key")
}

async fn data(store: &RedisStore, of: &str) -> logto_rocket::Result<Option<Vec<u8>>> {
    Ok(store.load(&key(of)).await?.map(|(data, _)| data))
}

/// What an error tells the operator.
fn causes(error: &Error) -> String {
    std::error::Error::source(error).expect("a cause").to_string()
}

/// Tries until it succeeds, for what a program does in its own time.
async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut attempt: impl FnMut() -> F) -> T {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(value) = attempt().await {
            return value;
        }
        assert!(Instant::now() < end, "in vain: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}

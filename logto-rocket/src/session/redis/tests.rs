//! The store with our own server, which answers as we want.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::RedisStore;
use crate::config::RedisConfig;
use crate::error::Error;
use crate::session::store::{SessionStore as _, Shared as _, SharedKey};

/// Speaks just enough of the Redis protocol; answers every GET and SET with "nothing", and
/// reports this policy. Returns its address, and the commands except the greeting.
async fn serve(policy: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("redis://{}", listener.local_addr().expect("a port"));
    let count = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = Arc::clone(&counted);
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut bytes).await {
                    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                    let info = format!("maxmemory_policy:{policy}\r\nrole:master\r\n");
                    let answer = match text.as_str() {
                        _ if text.contains("HELLO") => "%0\r\n".to_owned(),
                        _ if text.contains("INFO") => format!("${}\r\n{info}\r\n", info.len()),
                        _ if text.contains("MGET") => "*1\r\n_\r\n".to_owned(),
                        _ => "_\r\n".to_owned(),
                    };
                    let is_ours = !text.contains("HELLO") && !text.contains("INFO");
                    count.fetch_add(usize::from(is_ours), Ordering::SeqCst);
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    (url, count)
}

fn key() -> SharedKey {
    SharedKey::of(&[b"a"])
}

fn says(error: &Error) -> String {
    error.causes().expect("a cause")
}

/// REL-20: if marks may be evicted, a missing one proves nothing.
#[rocket::async_test]
async fn marks_in_a_redis_that_evicts_cannot_be_read() {
    let (url, _) = serve("allkeys-lru").await;
    let marks = RedisStore::for_marks(RedisConfig::new(url.as_str())).expect("a store");
    for _ in 0..2 {
        let error = marks.get(&[key()]).await.expect_err("it evicts");
        assert!(says(&error).contains("noeviction"), "{}", says(&error));
    }
    let hour = Duration::from_secs(3600);
    assert!(marks.put_new(&key(), b"1", hour).await.is_err());
    // Next to sessions they are no more at risk than the sessions are.
    let store = RedisStore::new(RedisConfig::new(url.as_str())).expect("a store");
    assert_eq!(store.shared().expect("it shares").get(&[key()]).await.expect("read"), [None]);

    let (url, _) = serve("noeviction").await;
    let marks = RedisStore::for_marks(RedisConfig::new(url.as_str())).expect("a store");
    assert_eq!(marks.get(&[key()]).await.expect("read"), [None]);
}

/// REL-18: nothing is asked before it is needed, and then nothing twice.
#[rocket::async_test]
async fn values_are_read_in_one_command() {
    let (url, count) = serve("noeviction").await;
    let store = RedisStore::new(RedisConfig::new(url.as_str())).expect("a store");
    assert_eq!(count.load(Ordering::SeqCst), 0);
    store.get(&[key()]).await.expect("read");
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert_eq!(store.get(&[]).await.expect("read"), [] as [Option<Vec<u8>>; 0]);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

/// S35: neither form of a store shows a password.
#[test]
fn a_store_shows_its_addresses_only() {
    let store = RedisStore::new(RedisConfig::new("redis://app:hunter2@localhost:7000"));
    let shown = format!("{:?}", store.expect("a store"));
    assert!(shown.contains("localhost:7000") && !shown.contains("hunter2"), "{shown}");
    let error = RedisStore::new(RedisConfig::new("redis://app:hunter2@localhost:70000"));
    let error = error.expect_err("a port has five digits");
    assert!(!format!("{error:?} {error} {}", says(&error)).contains("hunter2"));
}

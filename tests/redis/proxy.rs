//! A connection to Redis that can be slow, and counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use rocket::tokio::net::{TcpListener, TcpStream};
use rocket::tokio::{self, time::sleep};

/// A TCP proxy in front of a port of this machine.
pub(crate) struct Proxy {
    port: u16,
    way: Arc<Way>,
}

#[derive(Default)]
struct Way {
    /// Milliseconds by which every piece is delayed.
    delay: AtomicU64,
    connections: AtomicU64,
    pieces: AtomicU64,
}

impl Proxy {
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let way = Arc::<Way>::default();
        let proxy = Self { port: listener.local_addr().expect("a port").port(), way: way.clone() };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                way.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(carry(client, port, way.clone()));
            }
        });
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn delay(&self, delay: Duration) {
        self.way.delay.store(delay.as_millis() as u64, Ordering::SeqCst);
    }

    /// Connections, and pieces sent to Redis, so far.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let count = |of: &AtomicU64| of.load(Ordering::SeqCst);
        (count(&self.way.connections), count(&self.way.pieces))
    }
}

async fn carry(mut client: TcpStream, port: u16, way: Arc<Way>) {
    let Ok(mut redis) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (mut from, mut to) = ([0; 16_384], [0; 16_384]);
    loop {
        let sent = tokio::select! {
            read = client.read(&mut from) => match read {
                Ok(1..) => {
                    way.pieces.fetch_add(1, Ordering::SeqCst);
                    sleep(Duration::from_millis(way.delay.load(Ordering::SeqCst))).await;
                    redis.write_all(&from[..read.unwrap_or_default()]).await
                }
                _ => return,
            },
            read = redis.read(&mut to) => match read {
                Ok(length @ 1..) => client.write_all(&to[..length]).await,
                _ => return,
            },
        };
        if sent.is_err() {
            return;
        }
    }
}

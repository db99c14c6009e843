//! An application's end of the back channel.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::{TcpListener, TcpStream};
use rocket::tokio::spawn;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) content_type: String,
    pub(crate) body: String,
}

pub(crate) struct Listener {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Request>>>,
}

impl Listener {
    pub(crate) async fn start() -> Self {
        Self::answering("200 OK").await
    }

    /// Starts one that answers every request like this.
    pub(crate) async fn answering(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let received: Arc<Mutex<Vec<Request>>> = Arc::default();
        let seen = Arc::clone(&received);
        spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let request = answer(stream, status).await;
                seen.lock().expect("no test panics here").push(request);
            }
        });
        Self { address, received }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Request> {
        self.received.lock().expect("no test panics here").clone()
    }
}

async fn answer(mut stream: TcpStream, status: &str) -> Request {
    let mut text = String::new();
    let (head, body) = loop {
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).await.expect("a request");
        assert_ne!(count, 0, "cut off: {text}");
        text.push_str(std::str::from_utf8(&bytes[..count]).expect("text"));
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && header(head, "content-length").is_some_and(|length| length == body.len().to_string())
        {
            break (head, body);
        }
    };
    let path = head.split(' ').nth(1).expect("a path").to_string();
    let content_type = header(head, "content-type").unwrap_or_default();
    let request = Request { path, content_type, body: body.to_string() };
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.expect("somebody who waits");
    request
}

fn header(head: &str, name: &str) -> Option<String> {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut named = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value.to_string())
}

//! HTTP/1.1 by hand, one request per connection: a library would not let us misbehave.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;
use url::form_urlencoded;

/// The first line, the headers (names in lower case) and the body of a request.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    /// Reads one request; `None` if the client hung up.
    pub(crate) async fn read(stream: &mut TcpStream) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        let head = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        };
        let mut request = Self::parse(&String::from_utf8_lossy(&bytes[..head]));
        let length = request.headers.get("content-length").and_then(|n| n.parse().ok());
        while bytes.len() < head + 4 + length.unwrap_or(0usize) {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(None);
            }
        }
        request.body = String::from_utf8_lossy(&bytes[head + 4..]).into_owned();
        Ok(Some(request))
    }

    fn parse(head: &str) -> Self {
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or("").split(' ').map(str::to_owned);
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        Self { method, target, headers, body: String::new() }
    }
}

/// What is sent back, and how.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

/// The body of a [`Reply`].
pub(crate) enum Body {
    /// All of it, with its length.
    Whole(Vec<u8>),
    /// All of it, with its length, one byte a second.
    Drip(Vec<u8>),
    /// All of it, with its length, after this time.
    Late(Vec<u8>, Duration),
    /// Endless zeros, under an announced length or in chunks.
    Endless(Option<u64>),
    /// Not even a status line.
    Silence,
}

impl Reply {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: Body::Whole(body.into()) }
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        let mut reply = Self::new(status, "application/json; charset=utf-8", body.to_string());
        reply.headers.push(("cache-control", "no-store".to_owned()));
        reply
    }

    pub(crate) async fn write(self, stream: &mut TcpStream) -> io::Result<()> {
        let head = self.head();
        match self.body {
            Body::Whole(bytes) => {
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&bytes).await?;
            }
            Body::Drip(bytes) => {
                stream.write_all(head.as_bytes()).await?;
                for byte in bytes {
                    stream.write_all(&[byte]).await?;
                    sleep(Duration::from_secs(1)).await;
                }
            }
            Body::Late(bytes, time) => {
                sleep(time).await;
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(&bytes).await?;
            }
            Body::Endless(length) => {
                stream.write_all(head.as_bytes()).await?;
                pour(stream, length.is_none()).await?;
            }
            Body::Silence => sleep(Duration::from_secs(3600)).await,
        }
        stream.shutdown().await
    }

    fn head(&self) -> String {
        let length = match &self.body {
            Body::Whole(bytes) | Body::Drip(bytes) | Body::Late(bytes, _) => {
                format!("content-length: {}", bytes.len())
            }
            Body::Endless(Some(length)) => format!("content-length: {length}"),
            Body::Endless(None) | Body::Silence => "transfer-encoding: chunked".to_owned(),
        };
        let mut head = format!("HTTP/1.1 {} -\r\nconnection: close\r\n{length}\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head + "\r\n"
    }
}

/// Writes until the client has had enough.
async fn pour(stream: &mut TcpStream, chunked: bool) -> io::Result<()> {
    let zeros = [b'0'; 0x4000];
    loop {
        if chunked {
            stream.write_all(b"4000\r\n").await?;
        }
        stream.write_all(&zeros).await?;
        if chunked {
            stream.write_all(b"\r\n").await?;
        }
    }
}

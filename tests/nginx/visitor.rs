//! A person with a browser, which keeps cookies.

use std::collections::BTreeMap;

use logto_tests::{Hostile, Live};
use rocket::tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::server::Nginx;
use crate::tls::Trust;

/// How a browser reaches the application.
pub(crate) enum Way<'a> {
    Direct(&'a Live),
    Through(&'a Nginx),
    /// Through nginx, over TLS.
    Secure(&'a Nginx, &'a Trust),
}

/// The browser. It only shows addresses below `origin`.
pub(crate) struct Visitor<'a> {
    way: Way<'a>,
    origin: String,
    jar: BTreeMap<String, String>,
}

/// An answer: its status, its text, and the bytes of its cookies.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    pub(crate) cookie_bytes: usize,
}

impl Answer {
    /// Where it leads.
    pub(crate) fn location(&self) -> &str {
        let mut headers = self.text.lines().filter_map(|line| line.split_once(": "));
        let location = headers.find(|(name, _)| name.eq_ignore_ascii_case("location"));
        location.unwrap_or_else(|| panic!("leads nowhere: {}", self.text)).1
    }
}

impl<'a> Visitor<'a> {
    pub(crate) fn by(way: Way<'a>, origin: &str) -> Self {
        Self { way, origin: origin.to_owned(), jar: BTreeMap::new() }
    }

    /// The cookies, as a request carries them.
    pub(crate) fn cookies(&self) -> String {
        let pairs = self.jar.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    /// Opens an address, or a path on this site.
    pub(crate) async fn visit(&mut self, address: &str) -> Answer {
        let path = address.strip_prefix(&self.origin).unwrap_or(address);
        self.send(&format!("GET {path}"), "").await
    }

    /// Sends a form, as a page of this site does.
    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Answer {
        let length = form.len();
        let headers = format!(
            "Origin: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n",
            self.origin
        );
        self.send_with(&format!("POST {path}"), &headers, form).await
    }

    async fn send(&mut self, line: &str, body: &str) -> Answer {
        self.send_with(line, "", body).await
    }

    async fn send_with(&mut self, line: &str, headers: &str, body: &str) -> Answer {
        assert!(!line.contains("://"), "another site: {line}");
        let host = self.origin.split("://").nth(1).expect("an origin");
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept: text/html\r\n\
             Cookie: {}\r\n{headers}\r\n{body}",
            self.cookies()
        );
        let text = match self.way {
            Way::Direct(live) => live.send(request.as_bytes()).await,
            Way::Through(nginx) => {
                exchange(nginx.connect().await.expect("it listens"), &request).await
            }
            Way::Secure(nginx, trust) => exchange(trust.connect(nginx).await, &request).await,
        };
        self.keep(text)
    }

    fn keep(&mut self, text: String) -> Answer {
        let head = text.split("\r\n\r\n").next().unwrap_or_default();
        let set: Vec<_> =
            head.lines().filter(|l| l.to_lowercase().starts_with("set-cookie")).collect();
        for line in &set {
            let pair = line.split(": ").nth(1).and_then(|cookie| cookie.split(';').next());
            let (name, value) = pair.and_then(|pair| pair.split_once('=')).expect("a cookie");
            match value {
                "" => self.jar.remove(name),
                value => self.jar.insert(name.to_owned(), value.to_owned()),
            };
        }
        let cookie_bytes = set.iter().map(|line| line.len() + 2).sum();
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        Answer { status: status.unwrap_or_else(|| panic!("no answer: {text}")), cookie_bytes, text }
    }

    /// Signs in at the provider that `start`, a page of this site, leads to; returns the
    /// callback's answer.
    pub(crate) async fn sign_in(&mut self, op: &Hostile, start: &str) -> Answer {
        let mut answer = self.visit(start).await;
        while answer.status == 303 && self.is_ours(answer.location()) {
            let next = answer.location().to_owned();
            answer = self.visit(&next).await;
        }
        let callback = op.authorize(answer.location());
        self.visit(&callback).await
    }

    fn is_ours(&self, location: &str) -> bool {
        location.starts_with('/') || location.starts_with(&self.origin)
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

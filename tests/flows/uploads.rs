//! Bodies of requests that are refused before anything reads them, over TCP: a client that is
//! still sending loses an answer that comes too early (RFC 9112 section 9.6).

use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

use logto_rocket::{Logto, User, authenticated};
use logto_tests::{Browser, Hostile, Live, app};
use rocket::data::ToByteUnit as _;
use rocket::figment::Figment;
use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use rocket::tokio::net::TcpStream;
use rocket::tokio::task::spawn_blocking;
use rocket::tokio::time::timeout;
use rocket::{Build, Data, Rocket, post, routes};

use crate::stores::{Fragile, with_store};

const MIB: usize = 1024 * 1024;

/// Longer than any test waits for an immediate answer, in seconds.
const FOR_EVER: u64 = 600;

#[authenticated(redirect)]
#[post("/form", data = "<data>")]
async fn form(data: Data<'_>, _user: &User) -> String {
    length(data).await
}

#[authenticated]
#[post("/api", data = "<data>")]
async fn api(data: Data<'_>, _user: &User) -> String {
    length(data).await
}

#[post("/optional", data = "<data>")]
async fn optional(data: Data<'_>, user: Option<&User>) -> String {
    format!("{} of {}", length(data).await, user.map_or("nobody", User::subject))
}

#[post("/forwarded", rank = 1)]
fn for_users(_user: &User) {}

#[post("/forwarded", data = "<data>", rank = 2)]
async fn for_others(data: Data<'_>) -> String {
    length(data).await
}

async fn length(data: Data<'_>) -> String {
    let body = data.open(64.mebibytes()).into_bytes().await.expect("a body");
    format!("{} bytes, complete: {}", body.len(), body.is_complete())
}

fn uploads(figment: Figment) -> Rocket<Build> {
    let routes = routes![form, api, optional, for_users, for_others];
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes)
}

async fn live(op: &Hostile, drain: &[(&str, u64)]) -> Live {
    let figment = drain.iter().fold(op.figment(), |figment, (key, value)| {
        figment.merge((format!("logto.drain.{key}"), *value))
    });
    Live::start(uploads(figment)).await
}

async fn connect(live: &Live) -> TcpStream {
    TcpStream::connect(live.url().trim_start_matches("http://")).await.expect("it listens")
}

/// The head of a POST by a browser's form.
fn head(path: &str, headers: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: localhost:8000\r\nAccept: text/html\r\n{headers}\r\n")
}

fn with_length(path: &str, length: usize) -> String {
    head(path, &format!("Content-Length: {length}\r\n"))
}

/// The answer's head and body, as far as its length says.
async fn answer(stream: &mut TcpStream) -> String {
    let (mut answer, mut chunk) = (String::new(), [0; 4096]);
    loop {
        if let Some((head, body)) = answer.split_once("\r\n\r\n") {
            let length = head.to_lowercase().lines().find_map(|line| {
                line.strip_prefix("content-length: ").and_then(|length| length.parse().ok())
            });
            if body.len() >= length.unwrap_or(0) {
                return answer;
            }
        }
        let count = timeout(Duration::from_secs(60), stream.read(&mut chunk)).await;
        let count = count.expect("an answer in time").expect("no reset");
        assert!(count > 0, "the connection ends after {answer:?}");
        answer.push_str(&String::from_utf8_lossy(&chunk[..count]));
    }
}

/// The answer to a client that sends everything before it reads.
async fn sent_then_read(stream: &mut TcpStream, head: &str, body: &[u8]) -> String {
    stream.write_all(head.as_bytes()).await.expect("it reads the head");
    stream.write_all(body).await.expect("it reads the body");
    answer(stream).await
}

fn chunked(length: usize) -> Vec<u8> {
    let mut body = Vec::new();
    for _ in 0..length / 65_536 {
        body.extend_from_slice(b"10000\r\n");
        body.resize(body.len() + 65_536, b'x');
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"0\r\n\r\n");
    body
}

/// REL-14: of five MiB, and then of eight, on one connection.
#[rocket::async_test]
async fn a_stranger_who_sends_a_large_body_reads_the_answer() {
    let op = Hostile::start().await;
    let live = live(&op, &[]).await;
    let mut stream = connect(&live).await;
    for length in [5 * MIB, 8 * MIB] {
        let body = vec![b'x'; length];
        let sent = sent_then_read(&mut stream, &with_length("/form", length), &body).await;
        assert!(sent.starts_with("HTTP/1.1 303"), "{sent}");
        let sent = sent_then_read(&mut stream, &with_length("/api", length), &body).await;
        assert!(sent.starts_with("HTTP/1.1 401"), "{sent}");
    }
    let head = head("/form", "Transfer-Encoding: chunked\r\n");
    for _ in 0..2 {
        let sent = sent_then_read(&mut stream, &head, &chunked(5 * MIB)).await;
        assert!(sent.starts_with("HTTP/1.1 303"), "{sent}");
    }
}

/// REL-14: a user on a page of another origin, and users whose store is down.
#[rocket::async_test]
async fn a_user_who_sends_a_large_body_reads_why_it_is_refused() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let (name, value) = browser.session_cookies().into_iter().next().unwrap();
    let length = format!("Content-Length: {}\r\n", 5 * MIB);
    let forged = format!("Cookie: {name}={value}\r\nOrigin: https://evil.example\r\n{length}");
    let body = vec![b'x'; 5 * MIB];
    let live = live(&op, &[]).await;
    let stream = &mut connect(&live).await;
    let sent = sent_then_read(stream, &head("/form", &forged), &body).await;
    assert!(sent.starts_with("HTTP/1.1 403"), "{sent}");
    let sign_out = sent_then_read(stream, &head("/sign-out", &forged), &body).await;
    assert!(sign_out.starts_with("HTTP/1.1 403"), "{sign_out}");

    let store = Fragile::new();
    let browser = Browser::open(with_store(op.figment(), store.clone())).await;
    browser.sign_in(&op, "/protected").await;
    let (name, value) = browser.session_cookies().into_iter().next().unwrap();
    let rocket = uploads_in(op.figment(), store.clone());
    let live = Live::start(rocket).await;
    store.switch(true);
    let headers = format!("Cookie: {name}={value}\r\n{length}");
    let sent = sent_then_read(&mut connect(&live).await, &head("/api", &headers), &body).await;
    assert!(sent.starts_with("HTTP/1.1 503"), "{sent}");
}

fn uploads_in(figment: Figment, store: Fragile) -> Rocket<Build> {
    rocket::custom(figment).attach(Logto::fairing().store(store)).mount("/", routes![api])
}

/// REL-14: its length gives it away at once, before a byte of it is read.
#[rocket::async_test]
async fn a_body_over_the_limit_is_answered_at_once() {
    let op = Hostile::start().await;
    let live = live(&op, &[("seconds", FOR_EVER)]).await;
    let mut stream = connect(&live).await;
    let sent = sent_then_read(&mut stream, &with_length("/form", 8 * MIB + 1), &[b'x'; 100]).await;
    assert!(sent.starts_with("HTTP/1.1 303"), "{sent}");
    for off in ["max_bytes", "requests"] {
        let live = self::live(&op, &[("seconds", FOR_EVER), (off, 0)]).await;
        let mut stream = connect(&live).await;
        let sent = sent_then_read(&mut stream, &with_length("/api", 1000), &[b'x'; 100]).await;
        assert!(sent.starts_with("HTTP/1.1 401"), "{off}: {sent}");
    }
}

/// REL-14: without a length, it is read up to the limit and then answered.
#[rocket::async_test]
async fn a_body_without_a_length_is_read_up_to_the_limit() {
    let op = Hostile::start().await;
    let live = live(&op, &[("seconds", FOR_EVER), ("max_bytes", MIB as u64)]).await;
    let mut stream = connect(&live).await;
    let head = head("/form", "Transfer-Encoding: chunked\r\n");
    let endless = &chunked(2 * MIB)[..MIB + MIB / 16];
    let sent = sent_then_read(&mut stream, &head, endless).await;
    assert!(sent.starts_with("HTTP/1.1 303"), "{sent}");
}

/// REL-14: a client that stops sending is answered after a while, and its connection ends.
#[rocket::async_test]
async fn a_stalled_client_is_answered_and_dropped() {
    let op = Hostile::start().await;
    let live = live(&op, &[("seconds", 1)]).await;
    let mut stream = connect(&live).await;
    let sent = sent_then_read(&mut stream, &with_length("/form", 5 * MIB), &[b'x'; 1000]).await;
    assert!(sent.starts_with("HTTP/1.1 303"), "{sent}");
    let end = timeout(Duration::from_secs(60), stream.read(&mut [0; 1])).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
}

/// REL-14: of two that stall, the one without room is answered at once.
#[rocket::async_test]
async fn no_more_bodies_are_read_at_once_than_there_is_room_for() {
    let op = Hostile::start().await;
    let live = live(&op, &[("seconds", FOR_EVER), ("requests", 1)]).await;
    let (mut first, mut second) = (connect(&live).await, connect(&live).await);
    let head = with_length("/form", 5 * MIB);
    let waiting = {
        let one = sent_then_read(&mut first, &head, &[b'x'; 1000]);
        let other = sent_then_read(&mut second, &head, &[b'x'; 1000]);
        rocket::tokio::pin!(one, other);
        rocket::tokio::select! {
            sent = &mut one => (sent, 1),
            sent = &mut other => (sent, 0),
        }
    };
    assert!(waiting.0.starts_with("HTTP/1.1 303"), "{waiting:?}");
    let left = if waiting.1 == 0 { &mut first } else { &mut second };
    let nothing = left.try_read(&mut [0; 1]).expect_err("no answer yet");
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    // Its place is free again once the rest has come.
    left.write_all(&vec![b'x'; 5 * MIB - 1000]).await.expect("it reads the body");
    assert!(answer(left).await.starts_with("HTTP/1.1 303"));
    let mut third = connect(&live).await;
    let sent = sent_then_read(&mut third, &head, &vec![b'x'; 5 * MIB]).await;
    assert!(sent.starts_with("HTTP/1.1 303"), "{sent}");
}

/// REL-14: a client that asks first is told to continue, and then answered.
#[rocket::async_test]
async fn a_client_that_expects_to_be_told_to_continue_is() {
    let op = Hostile::start().await;
    let live = live(&op, &[]).await;
    let mut stream = connect(&live).await;
    let headers = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", 5 * MIB);
    stream.write_all(head("/form", &headers).as_bytes()).await.expect("it reads the head");
    let first = answer(&mut stream).await;
    assert!(first.starts_with("HTTP/1.1 100 Continue"), "{first}");
    stream.write_all(&vec![b'x'; 5 * MIB]).await.expect("it reads the body");
    let then = answer(&mut stream).await;
    assert!(then.starts_with("HTTP/1.1 303"), "{then}");
}

/// REL-14: a body belongs to whoever takes the request, even after forwards.
#[rocket::async_test]
async fn a_request_that_is_not_refused_keeps_its_body() {
    let op = Hostile::start().await;
    let live = live(&op, &[]).await;
    let mut stream = connect(&live).await;
    let body = vec![b'x'; 5 * MIB];
    for (path, expected) in [
        ("/optional", "5242880 bytes, complete: true of nobody"),
        ("/forwarded", "5242880 bytes, complete: true"),
    ] {
        let sent = sent_then_read(&mut stream, &with_length(path, body.len()), &body).await;
        assert!(sent.ends_with(expected), "{path}: {sent}");
    }
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let (name, value) = browser.session_cookies().into_iter().next().unwrap();
    let headers = format!("Cookie: {name}={value}\r\nContent-Length: {}\r\n", body.len());
    let sent = sent_then_read(
        &mut stream,
        &head("/api", &format!("{headers}Origin: http://localhost:8000\r\n")),
        &body,
    )
    .await;
    assert!(sent.ends_with("5242880 bytes, complete: true"), "{sent}");
}

/// REL-14: over HTTP/1 and HTTP/2, with and without a length.
#[rocket::async_test]
async fn curl_reads_the_answer_to_a_large_body() {
    let op = Hostile::start().await;
    let live = live(&op, &[]).await;
    let file = std::env::temp_dir().join(format!("logto-upload-{}", std::process::id()));
    std::fs::write(&file, vec![b'x'; 5 * MIB]).expect("a file of the test");
    let body = format!("@{}", file.display());
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        for length in ["Content-Length: 5242880", "Transfer-Encoding: chunked"] {
            let mut curl = Command::new("curl");
            curl.args(["-sS", "--max-time", "60", "-o", "/dev/null", "-w", "%{http_code}"]);
            curl.args([version, "-H", length, "--data-binary", &body]);
            curl.arg(format!("{}/api", live.url()));
            let Ok(output) = spawn_blocking(move || curl.output()).await.expect("no panic") else {
                return skip("there is no curl");
            };
            let error = String::from_utf8_lossy(&output.stderr);
            let status = String::from_utf8_lossy(&output.stdout);
            assert_eq!((&*status, &*error), ("401", ""), "{version}, {length}");
        }
    }
    std::fs::remove_file(file).expect("the test wrote it");
}

/// Reports that a test is skipped. With `TESTS_REQUIRE_ALL=1` nothing may be missing.
fn skip(reason: &str) {
    let required = std::env::var_os("TESTS_REQUIRE_ALL").is_some_and(|value| value == "1");
    assert!(!required, "TESTS_REQUIRE_ALL is set, and {reason}");
    // Not `eprintln!`, which nobody sees if the test passes.
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use rocket::tokio::net::TcpListener;

use super::reply::says_json;
use super::*;

fn client() -> Result<Http> {
    Http::new(Duration::from_secs(4))
}

#[test]
fn a_refusal_is_named_by_its_code_and_never_quotes_the_answer() {
    let kind = |status, body| Reply::of(status, body).refusal();
    let ended = kind(400, r#"{"code":"oidc.invalid_grant","error":"invalid_grant"}"#);
    assert_eq!(ended.kind(), ErrorKind::SessionEnded);
    let refused = kind(400, r#"{"code":"oidc.invalid_client"}"#);
    assert_eq!(refused.to_string(), "Logto refused the request: invalid_client");
    assert_eq!(kind(403, r#"{"error":"access_denied"}"#).kind(), ErrorKind::Denied);
    assert_eq!(kind(400, r#"{"error":"invalid_target"}"#).kind(), ErrorKind::NotGranted);
    let nonsense = kind(400, r#"{"error":"<script>alert(1)</script>"}"#);
    assert_eq!(nonsense.to_string(), "Logto's answer cannot be understood: it answered 400");
    assert_eq!(kind(404, "Not Found").kind(), ErrorKind::InvalidAnswer);
}

/// H5: a list of a struct's fields, in their order, is not an answer.
#[test]
fn a_list_is_not_an_answer() {
    #[derive(Debug, serde::Deserialize)]
    struct Token {
        #[allow(dead_code, reason = "only that it is there is asked")]
        access_token: String,
    }
    assert!(Reply::of(200, r#"{"access_token":"t","other":[]}"#).json::<Token>("it").is_ok());
    let error = Reply::of(200, r#"["t"]"#).json::<Token>("it").expect_err("a list");
    assert_eq!(error.kind(), ErrorKind::InvalidAnswer);
    assert!(Reply::of(200, r#"{"access_token":"t"}x"#).json::<Token>("it").is_err());
    let refusal = Reply::of(400, r#"["invalid_grant"]"#).refusal();
    assert_eq!(refusal.kind(), ErrorKind::InvalidAnswer);
}

#[test]
fn json_is_what_says_so() {
    for kind in ["application/json", "Application/JSON ; charset=utf-8", "a/jwk-set+json"] {
        assert!(says_json(kind.as_bytes()), "{kind}");
    }
    for kind in ["", "text/html", "text/plain; a=application/json", "application/jsonx"] {
        assert!(!says_json(kind.as_bytes()), "{kind}");
    }
}

#[test]
fn answers_that_mean_not_now_are_transient() {
    for status in [408, 429, 500, 503] {
        let error = Reply::of(status, "{}").json::<()>("it").expect_err("an error");
        assert!(error.is_transient(), "{status}");
    }
    let redirect = Reply::of(302, "").json::<()>("it").expect_err("an error");
    assert_eq!(redirect.kind(), ErrorKind::InvalidAnswer);
}
/// A port that closes every connection, and the number of connections.
async fn rude() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (port, count)
}

/// No handshake, no request: only then is a refresh retried, and a code never.
#[rocket::async_test]
async fn a_form_is_sent_again_only_where_there_was_no_connection() {
    let http = client().expect("a client");
    let (app, form) = (("app", None), [("grant_type", "refresh_token")]);
    for (scheme, again, expected) in
        [("https", true, 2), ("https", false, 1), ("http", true, 1), ("http", false, 1)]
    {
        let (port, count) = rude().await;
        let url = format!("{scheme}://127.0.0.1:{port}/");
        let answer = match again {
            true => http.post_form_again(&url, app, &form).await,
            false => http.post_form(&url, app, &form).await,
        };
        assert!(answer.is_err_and(|error| error.is_transient()));
        assert_eq!(count.load(Ordering::SeqCst), expected, "{scheme}, again: {again}");
    }
}

/// H19: whatever the scheme, and however the address is written.
#[test]
fn only_this_machine_is_reached_without_a_proxy() {
    let http = client().expect("a client");
    let is_direct = |url: &str| std::ptr::eq(http.client(url), &raw const http.direct);
    for host in ["localhost", "LocalHost", "logto.localhost", "127.1.2.3", "[::1]", "2130706433"] {
        for scheme in ["http", "https"] {
            assert!(is_direct(&format!("{scheme}://{host}:3001/oidc/token")), "{host}");
        }
    }
    for host in ["logto.example", "localhost.example", "127.0.0.1.example", "10.0.0.1"] {
        assert!(!is_direct(&format!("http://{host}/")), "{host}");
    }
    assert!(!is_direct("no address"));
}

/// A token request's `Authorization`, and its form.
fn request(app: (&str, Option<&str>)) -> (Option<String>, String) {
    let http = client().expect("a client");
    let form = http.form("https://foo.logto.app/oidc/token", app, &[("code", "a b")]);
    let request = form.build().expect("a request");
    let header = request.headers().get("Authorization");
    let body = request.body().and_then(|body| body.as_bytes()).expect("a form");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (header.map(|value| text(value.as_bytes())), text(body))
}

/// RP-client-secret-basic: RFC 6749 sections 2.3.1 and 3.2.1, the id and secret form-encoded.
#[test]
fn an_application_is_named_in_the_form_only_if_it_has_no_secret() {
    let (header, body) = request(("app:1", Some("s %")));
    assert_eq!((header.as_deref(), &*body), (Some("Basic YXBwJTNBMTpzKyUyNQ=="), "code=a+b"));
    assert_eq!(request(("app:1", None)), (None, "code=a+b&client_id=app%3A1".into()));
}

/// A connection that is refused twice has lost nothing.
#[rocket::async_test]
async fn a_refused_connection_is_a_transient_failure() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/token", port.local_addr().expect("an address"));
    drop(port);
    let http = client().expect("a client");
    let error = http.post_form_again(&url, ("app", None), &[]).await.err().expect("no answer");
    assert!(
        error.is_transient() && error.to_string().ends_with(&format!("no connection to {url}")),
        "{error}"
    );
}

/// A server that answers so many requests on each connection and leaves it open, then closes
/// it at the next one; and the connection of each request.
async fn tired(answers: usize) -> (String, Arc<Mutex<Vec<usize>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    tokio::spawn(async move {
        for connection in 0.. {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut request = [0; 4096];
                for answered in 0.. {
                    if !stream.read(&mut request).await.is_ok_and(|read| read > 0) {
                        return;
                    }
                    seen.lock().expect("requests").push(connection);
                    if answered == answers {
                        return;
                    }
                    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
                    stream.write_all(answer.as_bytes()).await.expect("it reads");
                }
            });
        }
    });
    (url, requests)
}

/// REL-13: it is closed while the request is in flight.
#[rocket::async_test]
async fn a_get_is_sent_again_where_the_connection_breaks_before_any_answer() {
    let (url, seen) = tired(1).await;
    let http = client().expect("a client");
    for _ in 0..2 {
        assert_eq!(http.get(&url).await.expect("an answer").status, 200);
    }
    let (url, again) = tired(0).await;
    let error = http.get_with_token(&url, "token").await.err().expect("no answer");
    assert!(error.is_transient() && error.to_string().ends_with(" broke"), "{error}");
    // The client may open a connection before it sees that the first one is free.
    assert!((2..=3).contains(&seen.lock().expect("requests").len()));
    assert_eq!(again.lock().expect("requests").len(), 2, "once more, and not more often");
}

/// REL-13: the server may have used a code or refresh token before the connection broke.
#[rocket::async_test]
async fn a_form_that_was_sent_is_not_sent_again() {
    let http = client().expect("a client");
    for again in [true, false] {
        let (url, seen) = tired(0).await;
        let (app, form) = (("app", None), [("code", "c")]);
        let answer = match again {
            true => http.post_form_again(&url, app, &form).await,
            false => http.post_form(&url, app, &form).await,
        };
        assert!(answer.is_err_and(|error| error.is_transient()));
        assert_eq!(*seen.lock().expect("requests"), [0], "again: {again}");
    }
}

/// REL-13: Node servers close idle connections after five seconds.
#[rocket::async_test]
async fn a_connection_that_was_idle_for_long_is_not_used_again() {
    const { assert!(IDLE.as_millis() < 5000) };
    let idle = Duration::from_millis(50);
    let (url, seen) = tired(100).await;
    let http = Http::of(Duration::from_secs(4), idle).expect("a client");
    http.get(&url).await.expect("an answer");
    tokio::time::sleep(2 * idle).await;
    let answer = http.post_form(&url, ("app", None), &[]).await.expect("an answer");
    assert_eq!((answer.status, &seen.lock().expect("requests")[..]), (200, &[0, 1][..]));
}

/// H21: what failed, where, and why; nothing of the query, which may contain secrets.
#[rocket::async_test]
async fn a_failure_names_the_address_and_its_causes() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = listener.local_addr().expect("an address");
    drop(listener);
    let http = client().expect("a client");
    let error = http.get(&format!("http://{closed}/oidc/jwks?a=secret")).await;
    let error = error.err().expect("no answer");
    assert!(error.to_string().ends_with(&format!("no connection to http://{closed}/oidc/jwks")));
    let causes = error.causes().expect("causes");
    assert!(causes.contains("Connection refused"), "{causes}");
    assert!(!causes.contains("secret"), "{causes}");

    // No resolver looks up a name of this length.
    let unknown = format!("http://{}.example/", "a".repeat(64));
    let error = http.get(&unknown).await.err().expect("no answer");
    assert!(error.causes().is_some_and(|causes| causes.contains("dns error")), "{error}");
}

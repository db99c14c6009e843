//! The HTTP client, with its limits: four seconds a call, one MiB an answer, no
//! redirects, no proxy for this machine.

mod cached;
mod object;
#[cfg(feature = "testing")]
mod stand_in;

use std::time::Duration;

pub(crate) use self::cached::Cached;
pub(crate) use self::object::object;
#[cfg(feature = "testing")]
pub(crate) use self::stand_in::{InLogtosPlace, StandIn};
use crate::error::{Error, ErrorKind, Result};
use crate::location::is_loopback;

/// Below the five seconds that an operation may take, so that a call which is given
/// up is known to have failed.
const TIMEOUT: Duration = Duration::from_secs(4);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_BODY: usize = 1024 * 1024;

/// Calls Logto.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// Goes through the proxies that the environment names.
    anywhere: reqwest::Client,
    /// Goes through none. On this machine Logto may speak plain http, in which a proxy
    /// would read secrets, codes and tokens.
    loopback: reqwest::Client,
    #[cfg(feature = "testing")]
    stand_in: StandIn,
}

/// An answer of Logto, whatever its status.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whether it says that it is JSON.
    is_json: bool,
    pub(crate) body: Vec<u8>,
}

impl Http {
    pub(crate) fn new() -> Result<Self> {
        let build = |builder: reqwest::ClientBuilder| {
            let failed = |_| Error::new(ErrorKind::Unreachable, "no HTTP client can be made");
            builder.build().map_err(failed)
        };
        Ok(Self {
            anywhere: build(builder())?,
            loopback: build(builder().no_proxy())?,
            #[cfg(feature = "testing")]
            stand_in: StandIn::default(),
        })
    }

    #[cfg(feature = "testing")]
    pub(crate) fn stand_in(&self) -> &StandIn {
        &self.stand_in
    }

    fn client(&self, url: &str) -> &reqwest::Client {
        let is_loopback = url::Url::parse(url).is_ok_and(|url| is_loopback(&url));
        if is_loopback { &self.loopback } else { &self.anywhere }
    }

    pub(crate) async fn get(&self, url: &str) -> Result<Reply> {
        self.send(self.client(url).get(url).header("Accept", "application/json")).await
    }

    pub(crate) async fn get_with_token(&self, url: &str, token: &str) -> Result<Reply> {
        let request = self.client(url).get(url).bearer_auth(token);
        self.send(request.header("Accept", "application/json")).await
    }

    /// Posts a form, authenticated as the application where it has a secret.
    pub(crate) async fn post_form(
        &self,
        url: &str,
        app: (&str, Option<&str>),
        fields: &[(&str, &str)],
    ) -> Result<Reply> {
        self.send(self.form(url, app, fields)).await
    }

    /// As [`post_form()`](Self::post_form), once more where there was no connection:
    /// nothing was sent then, so nothing is done twice.
    pub(crate) async fn post_form_again(
        &self,
        url: &str,
        app: (&str, Option<&str>),
        fields: &[(&str, &str)],
    ) -> Result<Reply> {
        match self.sent(self.form(url, app, fields)).await {
            Err(error) if error.is_connect() && !error.is_timeout() => {
                self.post_form(url, app, fields).await
            }
            answer => read(answer.map_err(|e| unreachable(&e))?).await,
        }
    }

    fn form(
        &self,
        url: &str,
        app: (&str, Option<&str>),
        fields: &[(&str, &str)],
    ) -> reqwest::RequestBuilder {
        let request = self.client(url).post(url);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let (id, secret) = app;
        let own_id = secret.is_none().then_some(("client_id", id));
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .extend_pairs(own_id)
            .finish();
        // RFC 6749 section 2.3.1: both halves are form-encoded first.
        let request = match secret {
            Some(secret) => request.basic_auth(form_encoded(id), Some(form_encoded(secret))),
            None => request,
        };
        request.body(form)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Reply> {
        read(self.sent(request).await.map_err(|e| unreachable(&e))?).await
    }

    /// Every request passes here, or a test would reach Logto.
    async fn sent(&self, request: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
        #[cfg(feature = "testing")]
        let request = {
            let (client, request) = request.build_split();
            let request = request?;
            if let Some(answer) = self.stand_in.answer(&request) {
                return Ok(answer);
            }
            reqwest::RequestBuilder::from_parts(client, request)
        };
        request.send().await
    }
}

impl Reply {
    /// Answers that mean "not now": RFC 9110 section 15, 408, 429 and 5xx.
    pub(crate) fn check_available(&self) -> Result<()> {
        let detail = || format!("it answered {}", self.status);
        match self.status {
            408 | 429 => Err(Error::busy(detail())),
            500.. => Err(Error::new(ErrorKind::Unreachable, detail())),
            _ => Ok(()),
        }
    }

    /// The body of a 200 as `T`.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, what: &str) -> Result<T> {
        self.check_available()?;
        if self.status != 200 {
            return Err(unexpected(self.status));
        }
        if !self.is_json {
            let detail = format!("{what}: their `Content-Type` is not that of JSON");
            return Err(Error::new(ErrorKind::InvalidAnswer, detail));
        }
        // The message of serde_json may quote the body, so it is left out.
        object(&self.body).map_err(|error| {
            let at = format!("{what}, line {} column {}", error.line(), error.column());
            Error::new(ErrorKind::InvalidAnswer, at)
        })
    }

    /// The OAuth error of an answer of 4xx (RFC 6749 section 5.2). Logto's own
    /// errors have only a `code`, as `oidc.invalid_grant`.
    pub(crate) fn refusal(&self) -> Error {
        #[derive(serde::Deserialize)]
        struct Body {
            error: Option<String>,
            code: Option<String>,
            error_description: Option<String>,
        }
        let body = object::<Body>(&self.body).ok();
        let description = body.as_ref().and_then(|body| body.error_description.as_deref());
        let code = body.as_ref().and_then(|b| b.error.as_deref().or(b.code.as_deref()));
        let Some(code) = code.and_then(error_code) else { return unexpected(self.status) };
        let kind = match code {
            "invalid_grant" => ErrorKind::SessionEnded,
            "access_denied" => ErrorKind::Denied,
            "invalid_target" | "insufficient_scope" | "invalid_scope" => ErrorKind::NotGranted,
            _ => ErrorKind::Refused,
        };
        Error::refused(kind, code, description)
    }
}

#[cfg(any(test, feature = "__internal"))]
impl Reply {
    /// An answer of JSON.
    pub(crate) fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, is_json: true, body: body.into() }
    }
}

/// An error code that may be shown: short, and of the characters that the codes
/// of OAuth and Logto are made of. `None` for anything else.
pub(crate) fn error_code(code: &str) -> Option<&str> {
    let code = code.strip_prefix("oidc.").unwrap_or(code);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'.';
    ((1..=64).contains(&code.len()) && code.bytes().all(plain)).then_some(code)
}

fn unexpected(status: u16) -> Error {
    Error::new(ErrorKind::InvalidAnswer, format!("it answered {status}"))
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        // A redirect would carry the client secret and the code to wherever
        // it points (SSRF).
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("logto-rocket/", env!("CARGO_PKG_VERSION")))
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn unreachable(error: &reqwest::Error) -> Error {
    let detail = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    Error::new(ErrorKind::Unreachable, detail)
}

async fn read(mut answer: reqwest::Response) -> Result<Reply> {
    let status = answer.status().as_u16();
    let is_json =
        answer.headers().get("content-type").is_some_and(|kind| says_json(kind.as_bytes()));
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| unreachable(&e))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Error::new(ErrorKind::InvalidAnswer, "it is longer than 1 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, is_json, body })
}

/// `application/json`, `application/jwk-set+json` and the like (RFC 6838 section 4.2.8).
fn says_json(content_type: &[u8]) -> bool {
    let kind = content_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    kind.eq_ignore_ascii_case(b"application/json")
        || kind.last_chunk().is_some_and(|end: &[u8; 5]| end.eq_ignore_ascii_case(b"+json"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rocket::tokio::net::TcpListener;

    use super::*;

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

    /// H5: the fields of a struct, in their order, are no answer.
    #[test]
    fn a_list_is_no_answer() {
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
    /// A port that hangs up on whoever comes, and how often somebody came.
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

    /// No handshake, no request: only then is a refresh sent once more, and a code never.
    #[rocket::async_test]
    async fn a_form_is_sent_again_only_where_there_was_no_connection() {
        let http = Http::new().expect("a client");
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
        let http = Http::new().expect("a client");
        let is_direct = |url: &str| std::ptr::eq(http.client(url), &raw const http.loopback);
        for host in
            ["localhost", "LocalHost", "logto.localhost", "127.1.2.3", "[::1]", "2130706433"]
        {
            for scheme in ["http", "https"] {
                assert!(is_direct(&format!("{scheme}://{host}:3001/oidc/token")), "{host}");
            }
        }
        for host in ["logto.example", "localhost.example", "127.0.0.1.example", "10.0.0.1"] {
            assert!(!is_direct(&format!("http://{host}/")), "{host}");
        }
        assert!(!is_direct("no address"));
    }

    /// What a request for tokens holds: its `Authorization`, and its form.
    fn request(app: (&str, Option<&str>)) -> (Option<String>, String) {
        let http = Http::new().expect("a client");
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

    /// A connection that is refused, once and once more, has lost nothing.
    #[rocket::async_test]
    async fn a_refused_connection_is_a_failure_that_passes() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/token", port.local_addr().expect("an address"));
        drop(port);
        let http = Http::new().expect("a client");
        let error = http.post_form_again(&url, ("app", None), &[]).await.err().expect("no answer");
        assert!(error.is_transient() && error.to_string().ends_with("no connection"), "{error}");
    }
}

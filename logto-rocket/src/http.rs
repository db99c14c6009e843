//! The HTTP client, with its limits: a timeout for each call, one MiB per answer, no
//! redirects, no proxy for this machine.

mod cached;
mod failure;
mod object;
mod reply;
#[cfg(feature = "testing")]
mod stand_in;
#[cfg(test)]
mod tests;

use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use url::Url;

pub(crate) use self::cached::Cached;
pub(crate) use self::object::object;
pub(crate) use self::reply::{Reply, error_code};
#[cfg(feature = "testing")]
pub(crate) use self::stand_in::{InLogtosPlace, StandIn};
use crate::error::{Error, ErrorKind, Result};
use crate::location::is_loopback;

/// How long an idle connection is kept. Node servers such as Logto's close theirs after
/// five seconds, and a request in flight at that moment is lost.
const IDLE: Duration = Duration::from_secs(4);
const MAX_BODY: usize = 1024 * 1024;

/// Calls Logto.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    /// Uses the proxies that the environment names.
    anywhere: reqwest::Client,
    /// Uses no proxy. On this machine Logto may use plain http, and a proxy would read
    /// secrets, codes and tokens.
    direct: reqwest::Client,
    #[cfg(feature = "testing")]
    stand_in: StandIn,
}

impl Http {
    /// A client whose calls take at most `timeout`.
    pub(crate) fn new(timeout: Duration) -> Result<Self> {
        Self::of(timeout, IDLE)
    }

    /// The same, without a proxy for any host.
    pub(crate) fn without_proxies(self) -> Self {
        Self { anywhere: self.direct.clone(), ..self }
    }

    fn of(timeout: Duration, idle: Duration) -> Result<Self> {
        let builder = || builder(timeout).pool_idle_timeout(idle);
        let build = |builder: reqwest::ClientBuilder| {
            let failed =
                |_| Error::new(ErrorKind::Unreachable, "the HTTP client cannot be created");
            builder.build().map_err(failed)
        };
        Ok(Self {
            anywhere: build(builder())?,
            direct: build(builder().no_proxy())?,
            #[cfg(feature = "testing")]
            stand_in: StandIn::default(),
        })
    }

    #[cfg(feature = "testing")]
    pub(crate) fn stand_in(&self) -> &StandIn {
        &self.stand_in
    }

    fn client(&self, url: &str) -> &reqwest::Client {
        let is_loopback = Url::parse(url).is_ok_and(|url| is_loopback(&url));
        if is_loopback { &self.direct } else { &self.anywhere }
    }

    pub(crate) async fn get(&self, url: &str) -> Result<Reply> {
        self.ask(self.client(url).get(url)).await
    }

    pub(crate) async fn get_with_token(&self, url: &str, token: &str) -> Result<Reply> {
        self.ask(self.client(url).get(url).bearer_auth(token)).await
    }

    /// Sends a GET, and retries once if the connection broke before any answer: the other
    /// side may close an idle connection at any time (RFC 9112 section 9.3.1).
    async fn ask(&self, request: RequestBuilder) -> Result<Reply> {
        let request = request.header("Accept", "application/json");
        let again = request.try_clone();
        match (self.sent(request).await, again) {
            (Err(error), Some(again)) if failure::is_broken(&error) => self.send(again).await,
            (answer, _) => read(answer).await,
        }
    }

    /// Posts a form, authenticated as the application if it has a secret.
    pub(crate) async fn post_form(
        &self,
        url: &str,
        app: (&str, Option<&str>),
        fields: &[(&str, &str)],
    ) -> Result<Reply> {
        self.send(self.form(url, app, fields)).await
    }

    /// Like [`post_form()`](Self::post_form), with one retry if there was no connection:
    /// nothing was sent then, so nothing happens twice.
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
            answer => read(answer).await,
        }
    }

    fn form(
        &self,
        url: &str,
        app: (&str, Option<&str>),
        fields: &[(&str, &str)],
    ) -> RequestBuilder {
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

    async fn send(&self, request: RequestBuilder) -> Result<Reply> {
        read(self.sent(request).await).await
    }

    /// Every request goes through here, or a test would reach Logto.
    async fn sent(&self, request: RequestBuilder) -> reqwest::Result<Response> {
        #[cfg(feature = "testing")]
        let request = {
            let (client, request) = request.build_split();
            let request = request?;
            if let Some(answer) = self.stand_in.answer(&request) {
                return Ok(answer);
            }
            RequestBuilder::from_parts(client, request)
        };
        request.send().await
    }
}

fn builder(timeout: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .timeout(timeout)
        // Leaves time for one retry.
        .connect_timeout(timeout * 3 / 4)
        // A redirect would send the client secret and the code wherever it points (SSRF).
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("logto-rocket/", env!("CARGO_PKG_VERSION")))
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn read(answer: reqwest::Result<Response>) -> Result<Reply> {
    let mut answer = answer.map_err(failure::unreachable)?;
    let status = answer.status().as_u16();
    let content_type = answer.headers().get("content-type");
    let is_json = content_type.is_some_and(|kind| reply::says_json(kind.as_bytes()));
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failure::unreachable)? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Error::new(ErrorKind::InvalidAnswer, "it is longer than 1 MiB"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply { status, is_json, body })
}

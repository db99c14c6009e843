//! Configure, build, manage, mount, and write the cookies.

use std::sync::Mutex;

use rocket::fairing::{Fairing, Info, Kind, Result};
use rocket::http::uri::Origin;
use rocket::http::{Cookie, Header, Method, Status};
use rocket::request::Request;
use rocket::response::Responder as _;
use rocket::{Build, Data, Orbit, Response, Rocket};

use crate::answer::{Page, RETRY_AFTER, message};
use crate::config::{Config, check, unknown_variables};
use crate::hooks::{Hooks, NoHooks};
use crate::routes::routes;
use crate::session::store::SessionStore;
use crate::state::Logto;
use crate::state::marker::{Carry, Marker};

/// The fairing that [`Logto::fairing()`] returns.
///
/// It reads the configuration, mounts the routes, manages a [`Logto`] and writes
/// the session's cookies on every answer, also on those of catchers.
pub struct LogtoFairing {
    config: Option<Config>,
    store: Mutex<Option<Box<dyn SessionStore>>>,
    hooks: Mutex<Option<Box<dyn Hooks>>>,
}

impl Logto {
    /// The fairing, configured from `Rocket.toml` and the environment as
    /// [`Config`] says.
    pub fn fairing() -> LogtoFairing {
        LogtoFairing { config: None, store: Mutex::default(), hooks: Mutex::default() }
    }
}

impl LogtoFairing {
    /// Takes the configuration from code; neither `Rocket.toml` nor the
    /// environment is read.
    ///
    /// ```rust
    /// use logto_rocket::{Config, Logto};
    ///
    /// let mut config = Config::new("https://foo.logto.app", "app");
    /// config.base_url = Some("https://app.example.com".into());
    /// let fairing = Logto::fairing().config(config);
    /// # let _ = rocket::build().attach(fairing);
    /// ```
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Keeps sessions in `store` rather than where `session.store` says.
    #[must_use]
    pub fn store(self, store: impl SessionStore) -> Self {
        Self { store: Mutex::new(Some(Box::new(store))), ..self }
    }

    /// Has `hooks` called when users sign in and out, when tokens are refreshed and
    /// when something fails.
    #[must_use]
    pub fn hooks(self, hooks: impl Hooks) -> Self {
        Self { hooks: Mutex::new(Some(Box::new(hooks))), ..self }
    }

    fn build(&self, rocket: &Rocket<Build>) -> std::result::Result<Logto, String> {
        let figment = rocket.figment();
        let config = match &self.config {
            Some(config) => Ok(config.clone()),
            None => Config::extract(figment),
        };
        let checked =
            config.and_then(|config| check(&config, figment)).map_err(|e| e.to_string())?;
        if checked.secrets.random {
            log::warn!(
                "logto: no `cookie_secret` is configured: sessions end when this process does"
            );
        }
        let store = self.store.lock().ok().and_then(|mut store| store.take());
        let hooks = self.hooks.lock().ok().and_then(|mut hooks| hooks.take());
        Logto::new(checked, store, hooks.unwrap_or_else(|| Box::new(NoHooks)))
            .map_err(|error| error.to_string())
    }
}

#[rocket::async_trait]
impl Fairing for LogtoFairing {
    fn info(&self) -> Info {
        let kind = Kind::Ignite | Kind::Liftoff | Kind::Request | Kind::Response | Kind::Singleton;
        Info { name: "Logto", kind }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> Result {
        match self.build(&rocket) {
            Ok(logto) => {
                let base = logto.inner.checked.config.routes.base.clone();
                let routes = routes(&logto);
                Ok(rocket.mount(base, routes).manage(logto))
            }
            Err(message) => {
                log::error!("logto: {message}");
                Err(rocket)
            }
        }
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        let names = unknown_variables();
        if !names.is_empty() {
            log::warn!("logto: not read, as it is no key of logto-rocket: {}", names.join(", "));
        }
        let config = rocket.config();
        if config.log_level == rocket::config::LogLevel::Debug && config.profile != "debug" {
            log::warn!("logto: the log level `debug` prints whole requests, with their cookies");
        }
    }

    /// Remembers HEAD, which handlers see as GET. Takes the callback's query out of the
    /// address: Rocket logs every address, and this one has the code in it.
    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let Some(logto) = Logto::of(request) else { return };
        if request.method() == Method::Head {
            Marker::of(request).came_as_head();
        }
        if request.uri().path() != logto.inner.checked.callback.as_str() {
            return;
        }
        let Some(query) = request.uri().query().map(|query| query.to_string()) else { return };
        let path = request.uri().path().to_string();
        if let Ok(uri) = Origin::parse_owned(path) {
            request.set_uri(uri);
            let _ = Marker::of(request).callback.set(query);
        }
    }

    /// Writes our cookies on every answer. Cookies of the jar are lost when a
    /// catcher answers, and a rotated refresh token must never be lost.
    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(logto) = Logto::of(request) else { return };
        let answer = Marker::of(request).take_answer();
        let mut cookies = answer.transactions;
        match session_cookies(logto, request, answer.carry) {
            Ok(written) => cookies.extend(written),
            Err(error) => {
                log::error!("logto: {error}");
                let page = Page::new(error.status(), "Something went wrong", message(&error));
                if let Ok(page) = page.respond_to(request) {
                    *response = page;
                }
            }
        }
        let writes = !cookies.is_empty();
        for cookie in &cookies {
            response.adjoin_header(cookie);
        }
        if writes || answer.consulted {
            keep_private(response, writes);
        }
        if let Some(failure) = answer.failure
            && response.status() == Status::ServiceUnavailable
            && failure.is_transient()
        {
            response.set_header(Header::new("Retry-After", RETRY_AFTER));
        }
    }
}

/// What the answer does to the session's cookies. A session that was ended since the
/// request began is not carried: the answer of a slow handler would bring it back.
fn session_cookies(
    logto: &Logto,
    request: &Request<'_>,
    carry: Carry,
) -> crate::Result<Vec<Cookie<'static>>> {
    let (sessions, jar) = (&logto.inner.sessions, request.cookies());
    match carry {
        Carry::Nothing => Ok(Vec::new()),
        Carry::Removal => Ok(sessions.remove(jar)),
        Carry::Session(session) => match logto.to_carry(session) {
            Some(session) => sessions.write(jar, &session),
            None => Ok(Vec::new()),
        },
    }
}

/// Keeps caches from giving one user's answer to another. What an application
/// says itself holds if it is as strict, and never on an answer with our cookies.
fn keep_private(response: &mut Response<'_>, writes: bool) {
    let (mut strict, mut varies) = (false, false);
    // One pass: each look-up by name would hash it anew, on every answer.
    for header in response.headers().iter() {
        let names = |word: &str| {
            header.value().split(',').any(|part| part.trim().eq_ignore_ascii_case(word))
        };
        if header.name() == "Cache-Control" {
            strict |= names("no-store") || names("private") && !writes;
        } else if header.name() == "Vary" {
            varies |= names("Cookie");
        }
    }
    if !strict {
        response.set_header(Header::new("Cache-Control", "private, no-store"));
    }
    if !varies {
        response.adjoin_header(Header::new("Vary", "Cookie"));
    }
}

impl std::fmt::Debug for LogtoFairing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogtoFairing").field("config", &self.config).finish_non_exhaustive()
    }
}

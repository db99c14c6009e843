//! Configure, build, manage, mount, and write the cookies.

mod closed;
mod launch;
mod response;
mod scopes;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rocket::fairing::{Fairing, Info, Kind, Result};
use rocket::http::Method;
use rocket::http::uri::Origin;
use rocket::request::Request;
use rocket::{Build, Data, Orbit, Rocket};

use self::response::Last;
use crate::config::{Config, Marks, StoreKind, check, endpoint_of_test, read};
use crate::hooks::{Hooks, NoHooks};
use crate::logto::{Logto, Stores};
use crate::request::RequestState;
#[cfg(feature = "testing")]
use crate::request::Visit;
use crate::routes::{metadata_routes, routes};
use crate::session::store::{AnyStore, SessionStore};

/// The fairing that [`Logto::fairing()`] returns.
///
/// It reads the configuration, mounts the routes, manages a [`Logto`] and writes the
/// session's cookies on every answer, including those of catchers. Attach it once: a second
/// one ends the launch.
///
/// The cookies are written after all other fairings have run, and so are the cache
/// headers of an answer that depends on the session or sets its cookies. It gets
/// `Cache-Control: private, no-store`, unless the application says `no-store` itself, or
/// `private` on an answer that sets none of the cookies. It loses headers for shared
/// caches only, such as `CDN-Cache-Control`.
pub struct LogtoFairing {
    config: Option<Config>,
    store: Option<MakeStore>,
    marks: Option<AnyStore>,
    hooks: Mutex<Option<Box<dyn Hooks>>>,
    /// At or below these paths every route must be protected or public.
    closed: Vec<String>,
}

type MakeStore = Box<dyn Fn(&Rocket<Build>) -> std::result::Result<AnyStore, String> + Send + Sync>;

impl Logto {
    /// The fairing, configured from `Rocket.toml` and the environment as
    /// [`Config`] says.
    pub fn fairing() -> LogtoFairing {
        LogtoFairing {
            config: None,
            store: None,
            marks: None,
            hooks: Mutex::default(),
            closed: Vec::new(),
        }
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

    /// Keeps sessions in `store` instead of where `session.store` says.
    #[must_use]
    pub fn store(self, store: impl SessionStore) -> Self {
        let store: AnyStore = Arc::new(store);
        Self { store: Some(Box::new(move |_| Ok(Arc::clone(&store)))), ..self }
    }

    /// Keeps sessions in the store that `make` builds from the state of other fairings, such
    /// as a connection pool. Attach those fairings first. An error from `make` stops the
    /// launch.
    ///
    /// ```rust
    /// # use logto_rocket::MemoryStore;
    /// use logto_rocket::Logto;
    ///
    /// # struct Pool;
    /// # impl Pool { fn store(&self) -> MemoryStore { MemoryStore::new(10) } }
    /// let fairing = Logto::fairing().store_with(|rocket| {
    ///     let pool = rocket.state::<Pool>().ok_or("attach the pool's fairing before Logto's")?;
    ///     Ok::<_, &str>(pool.store())
    /// });
    /// # let _ = rocket::build().manage(Pool).attach(fairing);
    /// ```
    #[must_use]
    pub fn store_with<S: SessionStore, E: ToString>(
        self,
        make: impl Fn(&Rocket<Build>) -> std::result::Result<S, E> + Send + Sync + 'static,
    ) -> Self {
        let make: MakeStore = Box::new(move |rocket| match make(rocket) {
            Ok(store) => Ok(Arc::new(store)),
            Err(error) => {
                Err(format!("the session store could not be created: {}", error.to_string()))
            }
        });
        Self { store: Some(make), ..self }
    }

    /// Keeps sessions in cookies, and shares through `store` which ones have ended between
    /// the application's instances, as `session.marks = "redis"` does. Each request of a
    /// signed-in user asks the store once.
    ///
    /// The launch fails if the store has no [`shared()`](SessionStore::shared), or if
    /// sessions do not live in cookies.
    #[must_use]
    pub fn marks(self, store: impl SessionStore) -> Self {
        Self { marks: Some(Arc::new(store)), ..self }
    }

    /// Calls `hooks` when users sign in and out, when tokens are refreshed and when
    /// something fails.
    #[must_use]
    pub fn hooks(self, hooks: impl Hooks) -> Self {
        Self { hooks: Mutex::new(Some(Box::new(hooks))), ..self }
    }

    fn build(&self, rocket: &Rocket<Build>) -> std::result::Result<Logto, String> {
        if rocket.state::<Logto>().is_some() {
            return Err("`Logto::fairing()` is attached twice; attach one with all settings".into());
        }
        closed::check(&self.closed)?;
        let figment = rocket.figment();
        if let (Some(config), Some(of_test)) = (&self.config, endpoint_of_test(figment))
            && config.endpoint != of_test
        {
            let message = "a test configured `logto_dev::Provider`, but `LogtoFairing::config()` \
                           names another Logto; let the test choose the configuration";
            return Err(message.into());
        }
        let checked = match &self.config {
            Some(config) => check(config, figment),
            None => read(figment),
        };
        let checked = checked.map_err(|error| error.to_string())?;
        // `logto-dev` forgets its sign-ins with this process too.
        let is_temporary = checked.secrets.random && checked.signs_in;
        if is_temporary && !launch::is_development(figment) {
            log::warn!("logto: no `cookie_secret` is configured: sessions end with this process");
        }
        let store = self.store.as_ref().map(|make| make(rocket)).transpose()?;
        let marks = self.marked(&checked.config, store.is_some())?;
        let hooks = self.hooks.lock().ok().and_then(|mut hooks| hooks.take());
        Logto::new(
            checked,
            Stores { sessions: store, marks },
            hooks.unwrap_or_else(|| Box::new(NoHooks)),
        )
        .map_err(|error| error.to_string())
    }

    fn marked(
        &self,
        config: &Config,
        has_store: bool,
    ) -> std::result::Result<Option<AnyStore>, String> {
        if has_store && config.session.marks != Marks::Process {
            return Err("`session.marks` is for sessions that live in cookies: leave it out, as \
                        `LogtoFairing::store()` already shares which sessions have ended"
                .into());
        }
        let Some(marks) = &self.marks else { return Ok(None) };
        if has_store || config.session.store != StoreKind::Cookie {
            return Err("`LogtoFairing::marks()` is for sessions that live in cookies: a session \
                        store already shares which sessions have ended"
                .into());
        }
        if marks.shared().is_none() {
            return Err("`LogtoFairing::marks()` needs a store that has `shared()`".into());
        }
        Ok(Some(Arc::clone(marks)))
    }
}

#[rocket::async_trait]
impl Fairing for LogtoFairing {
    fn info(&self) -> Info {
        // Not a singleton: Rocket would drop an earlier one, with its hooks and its
        // `deny_unprotected()`, without a word.
        let kind = Kind::Ignite | Kind::Liftoff | Kind::Request | Kind::Shutdown;
        Info { name: "Logto", kind }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> Result {
        launch::warn_of_unread(rocket.figment());
        match self.build(&rocket) {
            Ok(logto) => {
                launch::warn_of_scopes(&logto);
                let base = logto.config().routes.base.clone();
                let (routes, metadata) = (routes(&logto), metadata_routes(&logto));
                let rocket = rocket.mount(base, routes).mount("/", metadata);
                let rocket = rocket.manage(logto).attach(Last::new());
                Ok(closed::close(rocket, self.closed.clone()))
            }
            Err(message) => {
                log::error!("logto: {message}");
                // `logto-dev` notices that it was attached after this fairing, and says
                // so.
                let figment = rocket.figment().clone().merge(("logto_fairing_failed", true));
                Err(rocket.configure(figment))
            }
        }
    }

    async fn on_liftoff(&self, rocket: &Rocket<Orbit>) {
        if let Some(logto) = rocket.state::<Logto>() {
            scopes::learn(rocket, logto);
            launch::say(rocket, logto);
        }
    }

    /// Waits for sessions that a failing store could not save yet, for as long as Rocket
    /// waits for requests: a rotated refresh token must not be lost.
    async fn on_shutdown(&self, rocket: &Rocket<Orbit>) {
        let Some(logto) = rocket.state::<Logto>() else { return };
        let limit = Duration::from_secs(rocket.config().shutdown.grace.into());
        if tokio::time::timeout(limit, logto.all_saved()).await.is_err() {
            log::error!("logto: sessions that the store could not save are lost");
        }
    }

    /// Remembers HEAD, which handlers see as GET. Removes the callback's query from the
    /// address: Rocket logs every address, and this one contains the code.
    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let Some(logto) = Logto::of(request) else { return };
        #[cfg(feature = "testing")]
        if let Some(errand) = RequestState::of(request).errand() {
            errand.run(Visit::of(request)).await;
        }
        if request.method() == Method::Head {
            RequestState::of(request).came_as_head();
        }
        let Some(query) = request.uri().query().filter(|_| logto.signs_in()) else { return };
        // Matched as Rocket does: `//callback/` is the callback too.
        let callback = logto.callback().split('/').filter(|segment| !segment.is_empty());
        if !request.uri().path().segments().eq(callback) {
            return;
        }
        let (path, query) = (request.uri().path().to_string(), query.to_string());
        if let Ok(uri) = Origin::parse_owned(path) {
            request.set_uri(uri);
            RequestState::of(request).take_callback_query(query);
        }
    }
}

impl std::fmt::Debug for LogtoFairing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogtoFairing").field("config", &self.config).finish_non_exhaustive()
    }
}

//! The configuration: the table `[default.logto]` in `Rocket.toml`.

mod check;
mod drain;
mod extract;
mod keys;
mod message;
mod place;
mod problem;
mod redis;
mod resources;
mod routes;
mod secret;
mod session;
mod shape;
mod source;
mod tables;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use crate::options::{self, Prompt, SignInOptions};

pub(crate) use self::check::{Checked, check, read};
pub use self::drain::DrainConfig;
pub use self::problem::ConfigError;
pub use self::redis::{RedisConfig, RedisUrls};
pub use self::resources::Resources;
pub use self::routes::{RoutePath, Routes};
pub use self::secret::{AppSecret, CookieSecrets};
pub use self::session::{Marks, SessionConfig, StoreKind};
#[cfg(feature = "__internal")]
pub(crate) use self::source::Environment;
pub(crate) use self::source::{endpoint_of_test, unknown_variables};
pub(crate) use self::tables::unknown_tables;

/// The configuration.
///
/// It is read from the table `logto` of any profile in `Rocket.toml`, then from
/// the environment, which wins (over all but a `logto_dev::Provider` that a test started):
///
/// ```toml
/// [default.logto]
/// endpoint = "https://foo.logto.app"
/// app_id = "..."
/// app_secret = "..."               # better: LOGTO_APP_SECRET
/// base_url = "https://app.example.com"
/// scopes = ["email", "urn:logto:scope:organizations"]
/// resources = ["https://api.example.com"]      # or a table of names, see Resources
///
/// [default.logto.sign_in]          # SignInOptions
/// first_screen = "register"
///
/// [default.logto.routes]           # Routes
/// base = "/auth"
/// sign_up = false
///
/// [default.logto.session]          # SessionConfig
/// store = "memory"
///
/// [default.logto.session.redis]    # RedisConfig, with store = "redis"
/// url = "redis://localhost:6379"   # better: LOGTO_SESSION_REDIS_URL
///
/// [default.logto.drain]            # DrainConfig
/// max_bytes = 33554432
///
/// [default.logto.machine]          # MachineConfig
/// app_id = "..."
/// app_secret = "..."               # better: LOGTO_MACHINE_APP_SECRET
/// ```
///
/// | environment | key |
/// |---|---|
/// | `LOGTO_ENDPOINT` `LOGTO_INTERNAL_ENDPOINT` `LOGTO_APP_ID` `LOGTO_APP_SECRET` `LOGTO_BASE_URL` | as named |
/// | `LOGTO_COOKIE_SECRET` | `cookie_secret`; several with spaces between them |
/// | `LOGTO_SCOPES` `LOGTO_TRUSTED_ORIGINS` | as named; commas or spaces between items |
/// | `LOGTO_RESOURCES` | the same; an item may have a name, as `items=https://api.example.com` |
/// | `LOGTO_RESOURCE_METADATA` `LOGTO_PROMPT` `LOGTO_INCLUDE_RESERVED_SCOPES` | as named |
/// | `LOGTO_SESSION_STORE` `LOGTO_SESSION_IDLE` `LOGTO_SESSION_ABSOLUTE` `LOGTO_SESSION_PERSISTENT` `LOGTO_SESSION_REVALIDATE` `LOGTO_SESSION_MAX_COOKIE_BYTES` `LOGTO_SESSION_CAPACITY` `LOGTO_SESSION_CACHE_BYTES` `LOGTO_SESSION_LOG_USER_IDS` | under `session` |
/// | `LOGTO_DRAIN_MAX_BYTES` `LOGTO_DRAIN_SECONDS` `LOGTO_DRAIN_REQUESTS` | under `drain` |
/// | `LOGTO_MACHINE_APP_ID` `LOGTO_MACHINE_APP_SECRET` | under `machine` |
/// | `LOGTO_TIMEOUT` `LOGTO_CLOCK_SKEW` `LOGTO_COOKIE_SECURE` | as named |
/// | `LOGTO_DANGER_ALLOW_HTTP` `LOGTO_DANGER_ALLOW_INTERNAL_HTTP` | as named |
/// | `LOGTO_POST_SIGN_OUT_PATH` `LOGTO_APP_NAME` | as named |
///
/// A secret may be in a file, as is usual with Docker and Kubernetes:
/// `LOGTO_APP_SECRET_FILE`, `LOGTO_COOKIE_SECRET_FILE` and `LOGTO_MACHINE_APP_SECRET_FILE`
/// name it. Surrounding whitespace is trimmed. Setting both forms stops the launch, and so
/// does a file that cannot be read.
///
/// Logto's certificate must be from an authority that the operating system trusts. For a private
/// authority, set `SSL_CERT_FILE`, the path of a PEM file, or `SSL_CERT_DIR`, a folder of files
/// named as `c_rehash` names them; they replace those of the system. Requests to other machines go
/// through the proxies of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, except those to
/// an [`internal_endpoint`](Config::internal_endpoint). If Logto cannot be reached, the log has the
/// address and the causes.
///
/// A key that is missing, misspelt, of the wrong type, a placeholder or in contradiction
/// to another stops the launch with a message that names the key, its value unless
/// secret, where it is set, and what to write instead. All problems are reported at once.
///
/// An API that takes access tokens and has no sign-in needs no `app_id`, `base_url` or
/// `cookie_secret`; then no sign-in routes are mounted, and a route that needs a session stops
/// the launch:
///
/// ```toml
/// [default.logto]
/// endpoint = "https://foo.logto.app"
/// resources = ["https://api.example.com"]
/// ```
///
/// In the `debug` profile the launch prints the addresses to register in the Logto Console. It
/// warns of variables and tables that look like ours and that nothing reads, such as
/// `[default.logto-dev]`, and, without `resources`, of scopes that are spelt almost like one of
/// Logto's.
///
/// The chapter [`guide::logto`](crate::guide::logto) goes through a first configuration, and
/// [`guide::configuration`](crate::guide::configuration) has all keys in tables.
///
/// # Example
///
/// ```rust
/// use logto_rocket::Config;
///
/// let figment = rocket::Config::figment()
///     .merge(("logto.endpoint", "https://foo.logto.app/"))
///     .merge(("logto.app_id", "app"))
///     .merge(("logto.base_url", "https://app.example.com"));
///
/// let config = Config::from_figment(&figment)?;
/// assert_eq!(config.session.idle, 7 * 24 * 60 * 60);
/// # Ok::<(), logto_rocket::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The address of Logto. **(required)** A path and a trailing slash are fine; the
    /// issuer is `{endpoint}/oidc`: leave `/oidc` out here.
    #[serde(deserialize_with = "secret::scalar")]
    pub endpoint: String,
    /// The address at which this application reaches Logto, if browsers use another:
    /// `http://logto:3001` in Docker or Kubernetes. **(default: none; `endpoint` is for
    /// both)**
    ///
    /// Requests for metadata, keys, tokens, user info and revocation go here, without a
    /// proxy. Browsers are sent to `endpoint`, and the issuer of all tokens is
    /// `{endpoint}/oidc`: Logto's own variable `ENDPOINT` must be that public address. Plain
    /// http to another host needs `danger_allow_internal_http`.
    #[serde(default, deserialize_with = "secret::some_scalar")]
    pub internal_endpoint: Option<String>,
    /// The id of the application, from its page in the Logto Console. **(required for
    /// sign-in)** OpenID Connect calls it `client_id`. Without it, and with `resources` and no
    /// `app_secret`, there is no sign-in: the application is an API.
    #[serde(default, deserialize_with = "secret::some_scalar")]
    pub app_id: Option<String>,
    /// The secret of the application, from the same page. **(default: none)** A
    /// "traditional web" application has one.
    #[serde(default)]
    pub app_secret: Option<AppSecret>,
    /// The address by which browsers know this application. **(default:
    /// `http://localhost:<port>` in the `debug` profile; required in others)**
    ///
    /// Register `{base_url}/callback` and `{base_url}/` in the Logto Console, and
    /// `{base_url}/backchannel-logout` if sign-outs elsewhere should end sessions here. A
    /// path is the prefix that a proxy strips, written as browsers send it: no empty
    /// segments, no dots, and no needless percent-encoding. Return paths may include it or
    /// not: `/x` and `/app/x` are the same page of `https://app.example.com/app`. The
    /// address is never guessed from a request: clients choose `Host` and `X-Forwarded-*`
    /// themselves; see [`guide::proxy`](crate::guide::proxy). Cookies are named after it: a new
    /// address signs users out once.
    #[serde(default, deserialize_with = "secret::some_scalar")]
    pub base_url: Option<String>,
    /// Other origins whose pages may change something here, like
    /// `https://admin.example.com`. **(default: none)**
    ///
    /// On protected routes and at sign-out, a user's request with a method other than
    /// GET, HEAD or OPTIONS gets 403 Forbidden if a page from an origin other than that
    /// of `base_url` sent it. Pages of an origin listed here can act for your users. Over
    /// plain http, browsers hide the origin of a page with the referrer policy
    /// `no-referrer`: give yours `same-origin`.
    #[serde(default, deserialize_with = "options::texts")]
    pub trusted_origins: Vec<String>,
    /// The secret that seals cookies: one string of at least 32 bytes, or several, the
    /// newest first. **(default: derived from Rocket's `secret_key`; without one, random
    /// in the `debug` profile and required in others)**
    #[serde(default)]
    pub cookie_secret: CookieSecrets,
    /// Whether cookies are for https only. **(default: whether `base_url` is)**
    #[serde(default)]
    pub cookie_secure: Option<bool>,
    /// Scopes beyond the reserved ones: [`UserScope`](crate::UserScope)s and those
    /// of API resources. **(default: none)**
    #[serde(default, deserialize_with = "options::texts")]
    pub scopes: Vec<String>,
    /// API resources whose tokens a session may ask for: a list of indicators, or a table
    /// that gives them names. **(default: none)** A resource that the code names by its
    /// indicator, and only for tokens that requests present, need not be listed.
    #[serde(default)]
    pub resources: Resources,
    /// Whether to publish metadata for each of the `resources` (RFC 9728), so that clients,
    /// such as those of MCP, find out where to get tokens for it. **(default: `false`)**
    ///
    /// The address follows from the indicator. For `https://api.example.com/items` it is
    /// `https://api.example.com/.well-known/oauth-protected-resource/items`: let your proxy
    /// forward it here with its path unchanged, whatever `base_url` and `routes.base` are. It
    /// is also in the `WWW-Authenticate` of refusals by routes with `bearer` for that resource.
    /// An indicator that is not an http or https URL, two with the same path, and an empty
    /// `resources` stop the launch. See [`guide::api`](crate::guide::api#let-clients-find-out).
    #[serde(default)]
    pub resource_metadata: bool,
    /// Whether `openid`, `offline_access` and `profile` are added automatically.
    /// **(default: `true`)** If not, `scopes` must include `openid`.
    #[serde(default = "yes")]
    pub include_reserved_scopes: bool,
    /// What Logto asks of a user who signs in: `none`, `login`, `consent` or
    /// several. **(default: `consent`)** A refresh token needs `consent`.
    #[serde(default = "consent", deserialize_with = "options::names")]
    pub prompt: Vec<Prompt>,
    /// Options for every sign-in. **(default: nothing special)** Its scopes and resources
    /// add to those above, its `prompt` wins over the one above.
    #[serde(default)]
    pub sign_in: SignInOptions,
    /// The routes that the fairing mounts. **(default: all five, at `/`)**
    #[serde(default)]
    pub routes: Routes,
    /// Path on this site to go to after sign-out; register it in the Logto Console as
    /// `{base_url}{path}`. **(default: `/`)**
    #[serde(default = "root")]
    pub post_sign_out_path: String,
    /// The name users know this application by. **(default: none)** The pages at the end
    /// of sign-in, sign-out and failures show it, above the title and in the browser's
    /// tab.
    #[serde(default, deserialize_with = "secret::some_scalar")]
    pub app_name: Option<String>,
    /// Where sessions live, and how long. **(default: in the cookie, 7 days after the
    /// last use and at most 30 days)**
    #[serde(default)]
    pub session: SessionConfig,
    /// How much of a refused request's body is read. **(default: 8 MiB in 10 seconds, for
    /// 64 requests at once)**
    #[serde(default)]
    pub drain: DrainConfig,
    /// The machine-to-machine application that asks for tokens without a user.
    /// **(default: none; `app_id` and `app_secret` are used)**
    #[serde(default)]
    pub machine: Option<MachineConfig>,
    /// Seconds that one call to Logto may take; an operation that needs several may take one
    /// second more in all. What takes longer is answered with 503 Service Unavailable.
    /// **(default: `4`; `1` to `60`)**
    #[serde(default = "four")]
    pub timeout: u64,
    /// Seconds by which the clocks of Logto, this machine and the other instances of this
    /// application may differ: a session that began further in the future is not valid.
    /// **(default: `60`, at most `300`)**
    #[serde(default = "sixty")]
    pub clock_skew: u64,
    /// Whether Logto may be called over plain http on hosts other than this one.
    /// **(default: `false`)** Anyone between the two can then read every token and sign
    /// in as any user.
    #[serde(default)]
    pub danger_allow_http: bool,
    /// Whether [`internal_endpoint`](Self::internal_endpoint) may be plain http on a host
    /// other than this one. **(default: `false`)** Anyone on the network between the two
    /// can then read every token. It allows nothing for `endpoint`.
    #[serde(default)]
    pub danger_allow_internal_http: bool,
}

/// The machine-to-machine application, which has its own page in the Logto Console. Logto
/// issues tokens without a user to no other type of application.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MachineConfig {
    /// Its id. **(required)**
    #[serde(deserialize_with = "secret::scalar")]
    pub app_id: String,
    /// Its secret. **(required)**
    pub app_secret: AppSecret,
}

impl MachineConfig {
    /// The application with this id and secret.
    pub fn new(app_id: impl Into<String>, app_secret: impl Into<String>) -> Self {
        Self { app_id: app_id.into(), app_secret: AppSecret::new(app_secret) }
    }
}

impl Config {
    /// A configuration with defaults for everything but the two required keys.
    pub fn new(endpoint: impl Into<String>, app_id: impl Into<String>) -> Self {
        Self {
            endpoint: endpoint.into(),
            internal_endpoint: None,
            app_id: Some(app_id.into()),
            app_secret: None,
            base_url: None,
            trusted_origins: Vec::new(),
            cookie_secret: CookieSecrets::default(),
            cookie_secure: None,
            scopes: Vec::new(),
            resources: Resources::default(),
            resource_metadata: false,
            include_reserved_scopes: true,
            prompt: consent(),
            sign_in: SignInOptions::default(),
            routes: Routes::default(),
            post_sign_out_path: root(),
            app_name: None,
            session: SessionConfig::default(),
            drain: DrainConfig::default(),
            machine: None,
            timeout: four(),
            clock_skew: sixty(),
            danger_allow_http: false,
            danger_allow_internal_http: false,
        }
    }

    /// A configuration for an API that takes access tokens for these resources and has no
    /// sign-in.
    pub fn api(endpoint: impl Into<String>, resources: impl Into<Resources>) -> Self {
        Self { app_id: None, resources: resources.into(), ..Self::new(endpoint, "") }
    }

    /// Whether there is no sign-in.
    fn is_api(&self) -> bool {
        self.app_id.is_none() && self.app_secret.is_none() && !self.resources.is_empty()
    }

    /// The options for every sign-in, including the top-level keys.
    pub(crate) fn sign_in_options(&self) -> SignInOptions {
        let top = SignInOptions::new()
            .scopes(self.scopes.iter().cloned())
            .resources(self.resources.iter().cloned())
            .prompt(self.prompt.iter().copied());
        top.with(&self.sign_in)
    }
}

fn yes() -> bool {
    true
}

fn consent() -> Vec<Prompt> {
    vec![Prompt::Consent]
}

fn root() -> String {
    "/".into()
}

fn four() -> u64 {
    4
}

fn sixty() -> u64 {
    60
}

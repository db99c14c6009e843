//! What a configuration must fulfil beyond its types, and what follows from it.

use std::time::Duration;

use rocket::figment::{Figment, value::Value};
use url::Url;
use zeroize::Zeroizing;

use super::extract::missing_app_id;
use super::keys::is_secret;
use super::problem::{ConfigError, Problem};
use super::redis::{RedisConfig, is_timeout};
use super::source::{place, with_environment};
use super::{Config, Marks, Routes, StoreKind};
use crate::location::{Site, is_loopback, plain_path};
use crate::scope::requested_scopes;
use crate::seal;
use crate::sender::{Origins, origin_of};
use crate::uri::{is_indicator, is_path};

/// The shortest secret that cookies may be sealed with, in bytes.
const MIN_SECRET: usize = 32;

/// The keys published in Rocket's documentation: everybody has them.
const PUBLISHED_KEYS: [&str; 2] =
    ["hPRYyVRiMyxpw5sBB1XeCMN1kFsDCqKvBi2QJxBVHQk=", "hPrYyЭRiMyµ5sBB1π+CMæ1køFsåqKvBiQJxBVHQk="];

/// A configuration that was found usable, with what follows from it.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) config: Config,
    /// Empty in an API without sign-in.
    pub(crate) app_id: String,
    /// Whether users sign in here.
    pub(crate) signs_in: bool,
    /// `{endpoint}/oidc`.
    pub(crate) issuer: String,
    /// The internal endpoint, without a slash at its end.
    pub(crate) internal_endpoint: Option<String>,
    pub(crate) site: Site,
    pub(crate) origins: Origins,
    /// The path of the callback on this site.
    pub(crate) callback: String,
    pub(crate) secure_cookies: bool,
    pub(crate) secrets: Secrets,
}

/// What cookies are sealed with. Its `Debug` form is redacted.
pub(crate) struct Secrets {
    pub(crate) bytes: Vec<Zeroizing<Vec<u8>>>,
    /// Whether they were made up for this run of the process.
    pub(crate) random: bool,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({}, random: {})", self.bytes.len(), self.random)
    }
}

impl Checked {
    pub(crate) fn clock_skew(&self) -> Duration {
        Duration::from_secs(self.config.clock_skew)
    }

    /// What one call to Logto may take.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.config.timeout)
    }

    pub(crate) fn redirect_uri(&self) -> String {
        self.site.url(&self.callback)
    }

    pub(crate) fn post_sign_out_uri(&self) -> String {
        self.site.url(&self.config.post_sign_out_path)
    }
}

impl Config {
    /// Reads the table `logto` of `figment` and the environment variables
    /// `LOGTO_*`, which win, and checks the whole.
    ///
    /// # Errors
    ///
    /// Any key is missing, unknown, of the wrong type, a placeholder or in
    /// contradiction to another one. The error names them all.
    pub fn from_figment(figment: &Figment) -> Result<Self, ConfigError> {
        let config = Self::extract(figment)?;
        check(&config, figment)?;
        Ok(config)
    }
}

/// Checks `config`; `figment` says where its values stand, which profile is
/// selected and what Rocket's own keys are.
pub(crate) fn check(config: &Config, figment: &Figment) -> Result<Checked, ConfigError> {
    let figment = with_environment(figment);
    let mut check =
        Check { figment: &figment, debug: figment.profile() == "debug", problems: vec![] };

    let endpoint = check.endpoint(config);
    let internal_endpoint = check.internal_endpoint(config);
    let base = check.base_url(config);
    check.trusted_origins(config);
    check.app_id(config);
    check.placeholders(config);
    check.scopes(config);
    check.paths(config);
    check.app_name(config);
    check.numbers(config);
    check.redis(config);
    let secrets = check.secrets(config);
    let secure_cookies = base.as_ref().is_some_and(|base| check.secure(config, base));

    match (endpoint, base, secrets) {
        (Some(endpoint), Some(base), Some(secrets)) if check.problems.is_empty() => Ok(Checked {
            config: config.clone(),
            app_id: config.app_id.clone().unwrap_or_default(),
            signs_in: !config.is_api(),
            callback: config.routes.full(&config.routes.callback),
            issuer: format!("{endpoint}/oidc"),
            internal_endpoint,
            origins: Origins::new(&base, &config.trusted_origins),
            site: Site::new(base),
            secure_cookies,
            secrets,
        }),
        _ => Err(ConfigError::new(check.problems)),
    }
}

struct Check<'f> {
    figment: &'f Figment,
    debug: bool,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn problem(&mut self, key: &str, value: Option<&str>, message: &str, fix: impl Into<String>) {
        self.problems.push(Problem {
            key: key.into(),
            value: value.filter(|_| !is_secret(key)).map(Into::into),
            place: place(self.figment, key),
            message: message.into(),
            fix: fix.into(),
        });
    }

    fn endpoint(&mut self, config: &Config) -> Option<String> {
        self.logto("endpoint", &config.endpoint, ("danger_allow_http", config.danger_allow_http))
    }

    fn internal_endpoint(&mut self, config: &Config) -> Option<String> {
        let allow_http = ("danger_allow_internal_http", config.danger_allow_internal_http);
        self.logto("internal_endpoint", config.internal_endpoint.as_deref()?, allow_http)
    }

    /// An address of Logto, without a slash at its end.
    fn logto(&mut self, key: &str, given: &str, allow_http: (&str, bool)) -> Option<String> {
        const FIX: &str = "write Logto's address, as `https://foo.logto.app`";
        let url = self.address(key, given, FIX)?;
        if url.scheme() == "http" && !is_loopback(&url) && !allow_http.1 {
            let fix =
                format!("write https, or `{} = true` if nobody is between the two", allow_http.0);
            self.problem(key, Some(given), "is plain http to another host", fix);
        }
        let path = url.path().trim_end_matches('/');
        // As it is called in the Console and in other libraries.
        let discovery = path.strip_suffix("/.well-known/openid-configuration").unwrap_or(path);
        if let Some(base) = discovery.strip_suffix("/oidc") {
            let fix = format!("write `{}{base}`", url.origin().ascii_serialization());
            self.problem(key, Some(given), "is the address of Logto's issuer", fix);
        }
        Some(format!("{}{path}", url.origin().ascii_serialization()))
    }

    fn app_id(&mut self, config: &Config) {
        if config.app_id.is_none() && !config.is_api() {
            self.problems.push(missing_app_id(self.figment));
        }
    }

    fn base_url(&mut self, config: &Config) -> Option<Url> {
        const FIX: &str = "write the address that browsers use, as `https://app.example.com`";
        let Some(given) = &config.base_url else {
            // No browser comes back to an API, and none has a cookie of it.
            if self.debug || config.is_api() {
                let port = self.figment.extract_inner("port").unwrap_or(8000_u16);
                return format!("http://localhost:{port}").parse().ok();
            }
            let fix = "set it under `[default.logto]` in Rocket.toml or as LOGTO_BASE_URL";
            self.problem("base_url", None, "is missing outside the `debug` profile", fix);
            return None;
        };
        let url = self.address("base_url", given, FIX)?;
        let (written, plain) = (written_path(given), plain_path(url.path()));
        if !written.is_empty() && written != plain {
            let origin = url.origin().ascii_serialization();
            let fix = format!("write `{origin}{}`", plain.trim_end_matches('/'));
            self.problem("base_url", Some(given), "has a path that browsers send otherwise", fix);
        }
        Some(url)
    }

    /// Written in another way than browsers do, an origin would never be theirs.
    fn trusted_origins(&mut self, config: &Config) {
        for given in &config.trusted_origins {
            let fix = match origin_of(given) {
                Some(origin) if origin == *given => continue,
                Some(origin) => format!("write `{origin}`"),
                None => "write each one in full, as `https://admin.example.com`".into(),
            };
            let message = "is not an origin as browsers send it: scheme, host and port";
            self.problem("trusted_origins", Some(given), message, fix);
        }
    }

    /// An absolute http(s) address without user, query and fragment.
    fn address(&mut self, key: &str, given: &str, fix: &str) -> Option<Url> {
        if is_placeholder(given) {
            return None;
        }
        let url = Url::parse(given).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        });
        if url.is_none() {
            self.problem(key, Some(given), "is not an absolute http or https address", fix);
        }
        url
    }

    fn placeholders(&mut self, config: &Config) {
        let secret = config.app_secret.as_ref().map(super::AppSecret::secret);
        let machine = config.machine.as_ref();
        let given = [
            ("endpoint", Some(config.endpoint.as_str())),
            ("internal_endpoint", config.internal_endpoint.as_deref()),
            ("app_id", config.app_id.as_deref()),
            ("app_secret", secret),
            ("base_url", config.base_url.as_deref()),
            ("machine.app_id", machine.map(|machine| machine.app_id.as_str())),
            ("machine.app_secret", machine.map(|machine| machine.app_secret.secret())),
        ];
        for (key, value) in given {
            if value.is_some_and(is_placeholder) {
                self.problem(key, value, "is empty or a placeholder", "write the real value");
            } else if value.is_some_and(is_wrapped) {
                let fix = "write it as the Logto Console shows it, without anything around it";
                self.problem(key, value, "has quotes, spaces or line breaks around it", fix);
            }
        }
    }

    fn scopes(&mut self, config: &Config) {
        let options = config.sign_in_options();
        let scopes = requested_scopes(config.include_reserved_scopes, &options.scopes);
        if !scopes.iter().any(|scope| scope == "openid") {
            let fix = "add \"openid\", or leave `include_reserved_scopes` on";
            self.problem("scopes", Some(&scopes.join(" ")), "do not have `openid`", fix);
        }
        for name in config.resources.wrong_names() {
            let fix = "write ASCII letters, digits, `-` and `_`";
            self.problem("resources", Some(name), "is not a name for a resource", fix);
        }
        for resource in &options.resources {
            if !is_indicator(resource.as_bytes()) {
                let fix = "write the API identifier from the Logto Console (RFC 8707)";
                let message = "is not an absolute URI without a fragment";
                self.problem("resources", Some(resource), message, fix);
            }
        }
        if let Err(error) = options.checked_extra_params() {
            self.problem(
                "sign_in.extra_params",
                None,
                "holds a parameter that it cannot hold",
                error.to_string(),
            );
        }
    }

    fn paths(&mut self, config: &Config) {
        let routes = &config.routes;
        let mut paths = vec![
            ("routes.base", routes.base.as_str()),
            ("post_sign_out_path", config.post_sign_out_path.as_str()),
        ];
        paths.extend(routes.named().map(|(key, route)| (key, route.path.as_str())));
        paths.extend(
            config.sign_in.post_redirect_path.as_deref().map(|p| ("sign_in.post_redirect_path", p)),
        );
        for (key, path) in paths {
            let is_route = key.starts_with("routes.");
            if !is_path(path.as_bytes()) || is_route && path.contains('?') {
                let fix = "write a path, as `/sign-in`";
                self.problem(key, Some(path), "is not a path of this site", fix);
            } else if is_route {
                self.reachable(key, path);
            }
        }
        self.distinct_routes(routes);
    }

    /// Browsers resolve dots, and Rocket compares what is decoded with the route as it is
    /// written: at another path than a plain one, a route would never be asked for.
    fn reachable(&mut self, key: &str, path: &str) {
        let plain = plain_path(path);
        if plain.contains('%') {
            let fix = "write a path without `%`, as `/sign-in`";
            self.problem(key, Some(path), "is a path that Rocket finds no route at", fix);
        } else if plain != path {
            let fix = format!("write `{plain}`");
            self.problem(key, Some(path), "is a path that browsers send otherwise", fix);
        }
    }

    fn distinct_routes(&mut self, routes: &Routes) {
        let named = routes.named();
        for (at, (key, route)) in named.iter().enumerate() {
            let is_same =
                |other: &str| other.trim_end_matches('/') == route.path.trim_end_matches('/');
            if named[..at].iter().any(|(_, other)| is_same(&other.path)) {
                let path = route.path.clone();
                self.problem(key, Some(&path), "is the path of another route", "write another one");
            }
        }
    }

    fn app_name(&mut self, config: &Config) {
        if config.app_name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            let fix = "write what users call the application, or leave the key out";
            self.problem("app_name", config.app_name.as_deref(), "is empty", fix);
        }
    }

    fn numbers(&mut self, config: &Config) {
        let (session, drain) = (&config.session, &config.drain);
        let limits = [
            ("timeout", config.timeout, 1, 60),
            ("clock_skew", config.clock_skew, 0, 300),
            ("session.idle", session.idle, 1, 400 * 24 * 60 * 60),
            ("session.absolute", session.absolute, 1, 400 * 24 * 60 * 60),
            ("session.revalidate", session.revalidate, 0, 400 * 24 * 60 * 60),
            ("session.max_cookie_bytes", session.max_cookie_bytes, 2000, 39_000),
            ("session.capacity", session.capacity, 1, u64::MAX),
            ("drain.max_bytes", drain.max_bytes, 0, 1024 * 1024 * 1024),
            ("drain.seconds", drain.seconds, 1, 600),
            ("drain.requests", drain.requests, 0, 1_000_000),
        ];
        for (key, value, least, most) in limits {
            if !(least..=most).contains(&value) {
                let fix = format!("write a number from {least} to {most}");
                self.problem(key, Some(&value.to_string()), "is out of range", fix);
            }
        }
    }

    fn redis(&mut self, config: &Config) {
        let session = &config.session;
        let wants = [
            ("session.store", session.store == StoreKind::Redis),
            ("session.marks", session.marks == Marks::Redis),
        ];
        if session.marks == Marks::Redis && session.store != StoreKind::Cookie {
            let fix = "leave it out: the store keeps them beside the sessions";
            self.problem("session.marks", Some("redis"), "is for `store = \"cookie\"`", fix);
        }
        let Some((key, _)) = wants.into_iter().find(|(_, wants)| *wants) else {
            if session.redis.is_some() {
                let fix = "write `store = \"redis\"` under `[default.logto.session]`, or leave \
                           them out";
                self.problem("session.redis", None, "has keys, and nothing is in Redis", fix);
            }
            return;
        };
        if cfg!(not(feature = "redis")) {
            let fix = "write `features = [\"redis\"]` of `logto-rocket` in Cargo.toml";
            self.problem(key, Some("redis"), "needs the feature `redis`", fix);
        }
        self.redis_keys(session.redis.as_ref().unwrap_or(&RedisConfig::default()));
    }

    fn redis_keys(&mut self, redis: &RedisConfig) {
        if redis.url.is_empty() {
            let fix = "set it under `[default.logto.session.redis]` in Rocket.toml or as \
                       LOGTO_SESSION_REDIS_URL in the environment";
            self.problem("session.redis.url", None, "is missing", fix);
        } else if let Some(message) = redis.url.problem() {
            let fix = "write `redis://host:6379`, or `rediss://` for TLS";
            self.problem("session.redis.url", None, message, fix);
        }
        let timeouts = [
            ("session.redis.connect_timeout", redis.connect_timeout),
            ("session.redis.command_timeout", redis.command_timeout),
        ];
        for (key, seconds) in timeouts {
            if !is_timeout(seconds) {
                let fix = "write seconds from 0.05 to 10";
                self.problem(key, Some(&seconds.to_string()), "is out of range", fix);
            }
        }
        if let Some(ca) = &redis.ca
            && let Err(error) = std::fs::read(ca)
        {
            let message = format!("cannot be read: {error}");
            let fix = "name a file in PEM, from where the application is started";
            self.problem("session.redis.ca", Some(&ca.to_string_lossy()), &message, fix);
        }
    }

    fn secure(&mut self, config: &Config, base: &Url) -> bool {
        let https = base.scheme() == "https";
        match config.cookie_secure {
            Some(true) if !https && !is_loopback(base) => {
                let fix = "no browser would send them: make `base_url` https or leave the key out";
                self.problem("cookie_secure", Some("true"), "is on, but `base_url` is http", fix);
                true
            }
            Some(false) if https => {
                let fix = "they would go over plain http too: leave the key out";
                self.problem(
                    "cookie_secure",
                    Some("false"),
                    "is off, but `base_url` is https",
                    fix,
                );
                false
            }
            given => given.unwrap_or(https),
        }
    }

    fn secrets(&mut self, config: &Config) -> Option<Secrets> {
        const FIX: &str = "write at least 32 random bytes, as `openssl rand -base64 32` prints";
        let given = config.cookie_secret.bytes();
        let is_placeholder = |secret: &[u8]| std::str::from_utf8(secret).is_ok_and(is_placeholder);
        if given.iter().any(|secret| is_placeholder(secret)) {
            self.problem("cookie_secret", None, "is empty or a placeholder", FIX);
            return None;
        }
        if let Some(weak) = given.iter().find(|secret| is_weak(secret)) {
            let message = format!("has {} bytes, or all of them are the same", weak.len());
            self.problem("cookie_secret", None, &message, FIX);
            return None;
        }
        if !given.is_empty() {
            return Some(Secrets { bytes: given, random: false });
        }
        if let Some(key) = self.rocket_secret() {
            return Some(Secrets { bytes: vec![key.into()], random: false });
        }
        if self.debug || config.is_api() {
            return Some(Secrets {
                bytes: vec![seal::random::<32>().to_vec().into()],
                random: true,
            });
        }
        let message = "is missing outside the `debug` profile, and so is a usable `secret_key`";
        self.problem("cookie_secret", None, message, FIX);
        None
    }

    /// Rocket's `secret_key` where it was really set. With the feature `secrets`
    /// and no key, the figment holds 32 zero bytes.
    fn rocket_secret(&self) -> Option<Vec<u8>> {
        let key = match self.figment.find_value("secret_key").ok()? {
            Value::String(_, text) if !PUBLISHED_KEYS.contains(&text.as_str()) => text.into_bytes(),
            Value::Array(_, list) => {
                list.iter().map(|byte| byte.deserialize().ok()).collect::<Option<_>>()?
            }
            _ => return None,
        };
        (!is_weak(&key)).then_some(key)
    }
}

/// The path in an address, as it stands there.
fn written_path(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.find('/').map_or("", |at| &rest[at..])
}

fn is_weak(secret: &[u8]) -> bool {
    secret.len() < MIN_SECRET || secret.iter().all(|byte| byte == &secret[0])
}

/// Whether something came along when a value was copied or read from a file: neither ids nor
/// secrets of Logto's have it, and a callback would fail with `invalid_client`.
fn is_wrapped(value: &str) -> bool {
    value.trim().len() < value.len()
        || value.chars().any(char::is_control)
        || ['"', '\'', '`'].iter().any(|quote| value.starts_with(*quote) || value.ends_with(*quote))
}

/// Whether a value is what an example has in its place. Ids such as `app-id` are
/// somebody's real ones.
fn is_placeholder(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    let inner = value.trim_start_matches("https://").trim_start_matches("http://");
    inner.is_empty()
        || inner.starts_with("...")
        || inner.starts_with('<') && inner.ends_with('>')
        || inner.starts_with("your-")
        || inner.starts_with("replace-with-")
}

//! The keys below `session.redis`.

use std::fmt;
use std::path::PathBuf;
#[cfg(feature = "redis")]
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use url::Url;

use super::secret::{self, AppSecret};

/// The Redis or Valkey that instances share: `[default.logto.session.redis]`.
///
/// ```toml
/// [default.logto.session]
/// store = "redis"
///
/// [default.logto.session.redis]
/// url = "rediss://redis.internal:6379"
/// username = "app"
/// ```
///
/// ```sh
/// LOGTO_SESSION_REDIS_PASSWORD_FILE=/run/secrets/redis-password
/// ```
///
/// See the chapter [`guide::growing`](crate::guide::growing).
///
/// Redis 6.2 or later, or any Valkey; no module is needed. The user needs the commands `GET`,
/// `GETRANGE`, `MGET`, `SET`, `DEL`, `EXISTS`, `ZADD`, `ZREM`, `ZRANGE`, `ZREVRANGE`,
/// `ZREMRANGEBYSCORE`, `PEXPIREAT`, `TIME`, `EVAL` and `INFO`, in a Cluster `CLUSTER` and `PING`
/// too, and access to the keys that begin with [`prefix`](Self::prefix), such as `~logto:*`.
///
/// TLS uses rustls. The crate `redis` 1.8 accepts neither a crypto provider nor a rustls
/// configuration: it uses the default provider of the process. With `rediss://`, aws-lc-rs is
/// installed as that default when the store is created at launch, unless the application has
/// installed another: to use yours, call its `install_default()` first.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RedisConfig {
    /// The address: `redis://host:port/database`, with TLS `rediss://`; several addresses, in
    /// a list, are nodes of one Cluster. **(required)**
    ///
    /// The port is 6379 and the database 0 unless given; a Cluster has no databases. The
    /// environment variable is `LOGTO_SESSION_REDIS_URL`, with spaces between several, and
    /// `LOGTO_SESSION_REDIS_URL_FILE` names a file that contains it. The address may
    /// contain user and password; neither is ever shown.
    pub url: RedisUrls,
    /// The Redis ACL user. **(default: the URL's, or Redis's user `default`)**
    #[serde(deserialize_with = "secret::some_scalar")]
    pub username: Option<String>,
    /// The password. **(default: the URL's, or none)** Also
    /// `LOGTO_SESSION_REDIS_PASSWORD`, or a file that `LOGTO_SESSION_REDIS_PASSWORD_FILE`
    /// names.
    pub password: Option<AppSecret>,
    /// A PEM file with the certificates that verify `rediss://` servers. **(default:
    /// those that this machine trusts)** It replaces them.
    pub ca: Option<PathBuf>,
    /// Seconds that connecting may take, with fractions. **(default: `0.5`; `0.05` to
    /// `10`)** While Redis is down, a new attempt begins a quarter of a second after each
    /// one, in the background: requests have Redis back after at most this time plus that
    /// quarter.
    pub connect_timeout: f64,
    /// Seconds that Redis may take to answer a command, with fractions. **(default: `0.5`;
    /// `0.05` to `10`)** A slower command counts as an outage: from then on all requests
    /// that need Redis fail immediately, until it answers again.
    pub command_timeout: f64,
    /// The prefix of all keys. **(default: `logto:`)** Applications with different
    /// prefixes can share a Redis; instances of one application need the same.
    #[serde(deserialize_with = "secret::scalar")]
    pub prefix: String,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: RedisUrls(Vec::new()),
            username: None,
            password: None,
            ca: None,
            connect_timeout: 0.5,
            command_timeout: 0.5,
            prefix: "logto:".into(),
        }
    }
}

impl RedisConfig {
    /// A Redis at this address, or a Cluster at these, with defaults for the rest.
    pub fn new(url: impl Into<RedisUrls>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    #[cfg(feature = "redis")]
    pub(crate) fn connect_timeout(&self) -> Duration {
        seconds(self.connect_timeout)
    }

    #[cfg(feature = "redis")]
    pub(crate) fn command_timeout(&self) -> Duration {
        seconds(self.command_timeout)
    }
}

/// Whether this number of seconds is a valid timeout.
pub(super) fn is_timeout(seconds: f64) -> bool {
    (0.05..=10.0).contains(&seconds)
}

/// Clamped, as code may set any number.
#[cfg(feature = "redis")]
fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(if seconds.is_nan() { 0.5 } else { seconds.clamp(0.05, 10.0) })
}

/// The addresses of a Redis, or of the nodes of a Cluster. Its `Debug` form has hosts and
/// ports only.
///
/// ```rust
/// let urls = logto_rocket::RedisUrls::from("redis://app:secret@localhost:6379");
/// assert_eq!(format!("{urls:?}"), "RedisUrls(localhost:6379)");
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct RedisUrls(Vec<AppSecret>);

impl RedisUrls {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The problem with the addresses, if any; it repeats none of them.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let urls: Option<Vec<Url>> = self.0.iter().map(|url| url.secret().parse().ok()).collect();
        let Some(urls) = urls else { return Some("is not an address") };
        if urls.is_empty() {
            return Some("is missing");
        }
        let is_redis =
            |url: &Url| matches!(url.scheme(), "redis" | "rediss" | "valkey" | "valkeys");
        if !urls.iter().all(|url| is_redis(url) && url.has_host()) {
            return Some("is not a Redis address");
        }
        let is_plain = |url: &Url| url.query().is_none() && url.fragment().is_none();
        if !urls.iter().all(is_plain) {
            return Some("has a query or a fragment, which is not read");
        }
        let database = |url: &Url| url.path().trim_matches('/').to_owned();
        let is_number = |text: &str| text.is_empty() || text.parse::<u16>().is_ok();
        if !urls.iter().all(|url| is_number(&database(url))) {
            return Some("has a path that is not a database number");
        }
        let is_other =
            |url: &Url| url.scheme() != urls[0].scheme() || url.password() != urls[0].password();
        if urls.len() > 1 && urls.iter().any(|url| is_other(url) || !database(url).is_empty()) {
            return Some(
                "has nodes of a Cluster with different schemes or passwords, or a database",
            );
        }
        None
    }

    #[cfg(feature = "redis")]
    pub(crate) fn urls(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AppSecret::secret)
    }

    /// Hosts and ports, for messages.
    pub(crate) fn addresses(&self) -> String {
        let address = |url: &AppSecret| {
            let url: Url = url.secret().parse().ok()?;
            Some(format!("{}:{}", url.host_str()?, url.port().unwrap_or(6379)))
        };
        let shown = self.0.iter().map(|url| address(url).unwrap_or_else(|| "?".into()));
        shown.collect::<Vec<_>>().join(", ")
    }
}

impl From<&str> for RedisUrls {
    fn from(url: &str) -> Self {
        [url].into()
    }
}

impl From<String> for RedisUrls {
    fn from(url: String) -> Self {
        [url].into()
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for RedisUrls {
    fn from(urls: [S; N]) -> Self {
        Self(urls.into_iter().map(AppSecret::new).collect())
    }
}

impl<S: Into<String>> FromIterator<S> for RedisUrls {
    fn from_iter<I: IntoIterator<Item = S>>(urls: I) -> Self {
        Self(urls.into_iter().map(AppSecret::new).collect())
    }
}

impl fmt::Debug for RedisUrls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrls({})", self.addresses())
    }
}

impl<'de> Deserialize<'de> for RedisUrls {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Urls;

        impl<'de> Visitor<'de> for Urls {
            type Value = RedisUrls;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, url: &str) -> Result<Self::Value, E> {
                Ok(url.into())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut urls = Vec::new();
                while let Some(url) = list.next_element()? {
                    urls.push(url);
                }
                Ok(RedisUrls(urls))
            }
        }
        deserializer.deserialize_any(Urls)
    }
}

//! The keys below `session`.

use serde::Deserialize;

use super::RedisConfig;

/// Where sessions live, and how long.
///
/// See the chapter [`guide::sessions`](crate::guide::sessions).
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Where sessions live. **(default: `cookie`)**
    pub store: StoreKind,
    /// Where to record which cookie sessions have ended. **(default: `process`)** Only with
    /// `store = "cookie"`: other stores keep it with the sessions.
    pub marks: Marks,
    /// The Redis of `store = "redis"` or `marks = "redis"`. **(default: none; required with
    /// either)**
    pub redis: Option<RedisConfig>,
    /// Seconds a session lives after its last use. **(default: `604800`, 7 days; `1` to
    /// `34560000`, 400 days, the longest that browsers keep a cookie)**
    pub idle: u64,
    /// Seconds a session lives in total, at most. **(default: `2592000`, 30 days; `1` to
    /// `34560000`)**
    pub absolute: u64,
    /// Whether the browser keeps the session's cookie when it is closed. **(default:
    /// `true`)** If not, the cookie has no `Max-Age`, and the user signs in again after
    /// closing the browser. A browser that restores its tabs keeps it anyway, and a copy of
    /// the cookie stays valid for as long as `idle` and `absolute` say.
    pub persistent: bool,
    /// Seconds after which Logto is asked whether a session is still valid, by a refresh
    /// before the request is admitted: Logto does not announce that a user was suspended
    /// or deleted, or may no longer use the application. If Logto does not answer, or
    /// refuses for a reason unrelated to the user, the request is admitted. **(default:
    /// `3600`, an hour; `0`: never)** Needs a refresh token.
    pub revalidate: u64,
    /// Bytes that our cookies may take together in a request: those of the session and of
    /// sign-ins in progress. **(default: `6000`; `2000` to `39000`)**
    ///
    /// Servers in front refuse long headers, on every page and at sign-out too: nginx refuses
    /// a line of more than 8 KiB unless `large_client_header_buffers` says otherwise. The
    /// oldest sign-ins in progress are dropped first; a new one is always kept, with up to 2
    /// KiB on top. A sign-in whose session would take more is refused with 500 Internal
    /// Server Error and a page that says so, and the log names the largest claims. A session
    /// that grows beyond the limit at a refresh continues without the claims that grow with
    /// the user: `organizations`, `organization_roles`, `organization_data`, `roles`,
    /// `identities` and `custom_data` are absent then, never stale. Sessions in a store have
    /// no such limit.
    pub max_cookie_bytes: u64,
    /// The most sessions that the memory store keeps; the least used go first.
    /// **(default: `100000`)**
    pub capacity: u64,
    /// Bytes of memory for opened sessions, so that they need not be decrypted and read
    /// again; an ordinary one takes about 6 KiB. The least used go first, and a session
    /// that has ended goes at once. **(default: `67108864`, 64 MiB; `0`: none are kept)**
    pub cache_bytes: u64,
    /// Whether log lines about sign-in, sign-out and ended sessions include the user's id
    /// (`sub`). **(default: `false`)**
    pub log_user_ids: bool,
}

impl Default for SessionConfig {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            store: StoreKind::Cookie,
            marks: Marks::Process,
            redis: None,
            idle: 7 * DAY,
            absolute: 30 * DAY,
            persistent: true,
            revalidate: 60 * 60,
            max_cookie_bytes: 6000,
            capacity: 100_000,
            cache_bytes: 64 * 1024 * 1024,
            log_user_ids: false,
        }
    }
}

/// Where sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoreKind {
    /// `cookie`: sealed in the browser's cookie. Needs nothing, survives restarts.
    Cookie,
    /// `memory`: in this process, bounded. Lost when it ends.
    Memory,
    /// `redis`: in a Redis or Valkey, for any number of instances. Needs
    /// [`SessionConfig::redis`] and the feature `redis`, without which the launch fails.
    Redis,
}

/// Where to record which cookie sessions have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Marks {
    /// `process`: in this process. Each instance knows the sessions that ended at itself,
    /// until it stops.
    Process,
    /// `redis`: in a Redis or Valkey, for all instances and across restarts. Needs
    /// [`SessionConfig::redis`] and the feature `redis`, without which the launch fails. Its
    /// `maxmemory-policy` must be `noeviction`: with another one, requests that need the marks
    /// are answered with 503 Service Unavailable.
    Redis,
}

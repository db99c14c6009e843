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
    /// Where it is kept which sessions in cookies have ended. **(default: `process`)** Only
    /// with `store = "cookie"`: a store keeps it beside the sessions.
    pub marks: Marks,
    /// The Redis of `store = "redis"` or `marks = "redis"`. **(default: none; required with
    /// either)**
    pub redis: Option<RedisConfig>,
    /// Seconds a session lives after its last use. **(default: `604800`, 7 days;
    /// `1` to `34560000`, 400 days, which browsers keep a cookie at most)**
    pub idle: u64,
    /// Seconds a session lives at most. **(default: `2592000`, 30 days; `1` to
    /// `34560000`)**
    pub absolute: u64,
    /// Whether the browser keeps the session's cookie when it is closed. **(default:
    /// `true`)** If not, the cookie has no `Max-Age`, and the user signs in again after the
    /// browser was closed. One that restores its tabs keeps it all the same, and a copy of it
    /// is good for as long as `idle` and `absolute` say.
    pub persistent: bool,
    /// Seconds after which Logto is asked whether a session still holds, by a
    /// refresh before the request is admitted: Logto tells nobody that a user was
    /// suspended or deleted, or may no longer use the application. Where Logto does not
    /// answer, or refuses for a reason that is not the user's, the request is admitted.
    /// **(default: `3600`, an hour; `0`: never)** Needs a refresh token.
    pub revalidate: u64,
    /// Bytes that our cookies may take together in a request: those of the session and of
    /// sign-ins under way. **(default: `6000`; `2000` to `39000`)**
    ///
    /// Servers in front refuse long headers, on every page and at sign-out too: nginx a line
    /// of more than 8 KiB, as long as `large_client_header_buffers` says nothing else. The
    /// oldest sign-ins under way give way first; one that begins is always kept, with up to
    /// 2 KiB on top. A sign-in whose session would take more is refused with 500 Internal
    /// Server Error and a page that says so, and the log names the largest claims. A session
    /// that grows beyond the limit at a refresh goes on without the claims that grow with the
    /// user: `organizations`, `organization_roles`, `organization_data`, `roles`,
    /// `identities` and `custom_data` are absent then, never old. Sessions in a store have
    /// no such limit.
    pub max_cookie_bytes: u64,
    /// Sessions that the memory store keeps at most; the least used go first.
    /// **(default: `100000`)**
    pub capacity: u64,
    /// Bytes of memory that sessions may take which were opened before, so that the same
    /// ones need not be decrypted and read again; an ordinary one takes some 6 KiB. The
    /// least used go first, and a session that has ended goes at once. **(default:
    /// `67108864`, 64 MiB; `0`: none are kept)**
    pub cache_bytes: u64,
    /// Whether the lines of the log that say that a user signed in or out, or that a
    /// session was ended, name the user's id (`sub`). **(default: `false`)**
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
    /// `memory`: in this process, bounded. Ends with it.
    Memory,
    /// `redis`: in a Redis or Valkey, for any number of instances. Needs the feature `redis`,
    /// without which the launch ends, and [`SessionConfig::redis`].
    Redis,
}

/// Where it is kept which sessions in cookies have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Marks {
    /// `process`: in this process. Each instance knows what ended at itself, until it ends.
    Process,
    /// `redis`: in a Redis or Valkey, for all instances and over restarts. Needs the feature
    /// `redis`, without which the launch ends, and [`SessionConfig::redis`]. Its
    /// `maxmemory-policy` must be `noeviction`: with another one, requests that need the marks
    /// are answered with 503 Service Unavailable.
    Redis,
}

//! The keys that the environment may set, and how each is read: figment would turn the
//! secret `0012345` into a number and require brackets around lists.

/// How a value from the environment is read.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// As it is.
    Text,
    /// As a TOML list, or plain, with commas or spaces between its items.
    List,
    /// Split at spaces.
    Texts,
    /// As a TOML number or boolean.
    Literal,
}

/// Environment variable without `LOGTO_`, key below `logto`, form.
pub(super) const KEYS: &[(&str, &str, Form)] = &[
    ("ENDPOINT", "endpoint", Form::Text),
    ("INTERNAL_ENDPOINT", "internal_endpoint", Form::Text),
    ("APP_ID", "app_id", Form::Text),
    ("APP_SECRET", "app_secret", Form::Text),
    ("BASE_URL", "base_url", Form::Text),
    ("TRUSTED_ORIGINS", "trusted_origins", Form::List),
    ("COOKIE_SECRET", "cookie_secret", Form::Texts),
    ("COOKIE_SECURE", "cookie_secure", Form::Literal),
    ("SCOPES", "scopes", Form::List),
    ("RESOURCES", "resources", Form::List),
    ("RESOURCE_METADATA", "resource_metadata", Form::Literal),
    ("INCLUDE_RESERVED_SCOPES", "include_reserved_scopes", Form::Literal),
    ("PROMPT", "prompt", Form::List),
    ("POST_SIGN_OUT_PATH", "post_sign_out_path", Form::Text),
    ("APP_NAME", "app_name", Form::Text),
    ("SESSION_STORE", "session.store", Form::Text),
    ("SESSION_MARKS", "session.marks", Form::Text),
    ("SESSION_REDIS_URL", "session.redis.url", Form::Texts),
    ("SESSION_REDIS_USERNAME", "session.redis.username", Form::Text),
    ("SESSION_REDIS_PASSWORD", "session.redis.password", Form::Text),
    ("SESSION_REDIS_CA", "session.redis.ca", Form::Text),
    ("SESSION_REDIS_CONNECT_TIMEOUT", "session.redis.connect_timeout", Form::Literal),
    ("SESSION_REDIS_COMMAND_TIMEOUT", "session.redis.command_timeout", Form::Literal),
    ("SESSION_REDIS_PREFIX", "session.redis.prefix", Form::Text),
    ("SESSION_IDLE", "session.idle", Form::Literal),
    ("SESSION_ABSOLUTE", "session.absolute", Form::Literal),
    ("SESSION_PERSISTENT", "session.persistent", Form::Literal),
    ("SESSION_REVALIDATE", "session.revalidate", Form::Literal),
    ("SESSION_MAX_COOKIE_BYTES", "session.max_cookie_bytes", Form::Literal),
    ("SESSION_CAPACITY", "session.capacity", Form::Literal),
    ("SESSION_CACHE_BYTES", "session.cache_bytes", Form::Literal),
    ("SESSION_LOG_USER_IDS", "session.log_user_ids", Form::Literal),
    ("DRAIN_MAX_BYTES", "drain.max_bytes", Form::Literal),
    ("DRAIN_SECONDS", "drain.seconds", Form::Literal),
    ("DRAIN_REQUESTS", "drain.requests", Form::Literal),
    ("MACHINE_APP_ID", "machine.app_id", Form::Text),
    ("MACHINE_APP_SECRET", "machine.app_secret", Form::Text),
    ("TIMEOUT", "timeout", Form::Literal),
    ("CLOCK_SKEW", "clock_skew", Form::Literal),
    ("DANGER_ALLOW_HTTP", "danger_allow_http", Form::Literal),
    ("DANGER_ALLOW_INTERNAL_HTTP", "danger_allow_internal_http", Form::Literal),
];

/// Whether this key is a secret, which may come from a file.
pub(super) fn is_secret(key: &str) -> bool {
    SECRETS.contains(&key)
}

const SECRETS: [&str; 5] = [
    "app_secret",
    "cookie_secret",
    "machine.app_secret",
    "session.redis.url",
    "session.redis.password",
];

/// What must be a table, the outer ones first.
pub(super) const TABLES: [&str; 7] =
    ["session", "session.redis", "drain", "machine", "routes", "sign_in", "sign_in.extra_params"];

/// Whether a message may repeat the value of this key. A secret may also stand at the wrong
/// key: in the place of a table, next to where it belongs, or in an address.
pub(super) fn may_show(key: &str, value: &str) -> bool {
    let hidden = ["session.redis", "sign_in.extra_params"];
    !key.is_empty()
        && !TABLES.contains(&key)
        && !SECRETS.into_iter().chain(hidden).any(|outer| is_within(key, outer))
        && !value.contains('@')
}

/// Whether `key` is `outer` or below it.
pub(super) fn is_within(key: &str, outer: &str) -> bool {
    key.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The key of the list that `key` is an item of: an item has a number as its key.
pub(super) fn list_of(key: &str) -> Option<&str> {
    let (list, item) = key.rsplit_once('.')?;
    item.parse::<usize>().is_ok().then_some(list)
}

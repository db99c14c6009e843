//! What Redis's errors mean, and what to do about them. Nothing of theirs is repeated but a
//! code: Redis repeats arguments in some, a password among them.

use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// A command that failed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// What happened, and what to do.
    pub(super) message: String,
    /// Whether everything else would fail too.
    pub(super) is_outage: bool,
    /// Whether the connection ended, perhaps long before.
    pub(super) is_dropped: bool,
}

impl Failure {
    pub(super) fn outage(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_outage: true, is_dropped: false }
    }

    pub(super) fn late(limit: Duration) -> Self {
        Self::outage(format!("no answer within {} ms", limit.as_millis()))
    }

    /// One of this command alone.
    fn refused(message: impl Into<String>) -> Self {
        Self { is_outage: false, ..Self::outage(message) }
    }
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::Server(kind) => of_server(kind),
            ErrorKind::Extension => of_code(error.code().unwrap_or_default()),
            ErrorKind::AuthenticationFailed => Self::outage(REFUSED_USER),
            ErrorKind::RESP3NotSupported => {
                Self::outage("it does not know RESP3; Redis 6.2 or later, or Valkey is needed")
            }
            ErrorKind::ClusterConnectionNotFound => {
                Self::outage("no node of the Cluster has these keys; are all slots served?")
            }
            ErrorKind::Io => {
                Self { is_dropped: error.is_connection_dropped(), ..Self::outage(of_io(&error)) }
            }
            ErrorKind::InvalidClientConfig => Self::outage("the configuration cannot be used"),
            _ => Self::refused(format!("an answer that is none ({})", error.category())),
        }
    }
}

const REFUSED_USER: &str = "it refuses the user or the password; set `session.redis.username` \
                            and `session.redis.password`";

fn of_server(kind: ServerErrorKind) -> Failure {
    match kind {
        ServerErrorKind::BusyLoading => Failure::outage("it loads its data (LOADING)"),
        ServerErrorKind::ReadOnly => Failure::outage(READ_ONLY),
        ServerErrorKind::MasterDown => Failure::outage("its master is down (MASTERDOWN)"),
        ServerErrorKind::ClusterDown => {
            Failure::outage("its Cluster is down (CLUSTERDOWN): slots are served by no node")
        }
        ServerErrorKind::Moved | ServerErrorKind::Ask => Failure::refused(
            "it is a node of a Cluster (MOVED); write several addresses of it in \
             `session.redis.url`",
        ),
        ServerErrorKind::NoPerm => Failure::refused(
            "its ACL does not allow the user a command or a key (NOPERM); see `RedisConfig`",
        ),
        other => Failure::refused(format!("it refuses a command ({other:?})")),
    }
}

/// What a replica says, and what is said of one.
pub(super) const READ_ONLY: &str =
    "it is a read-only replica; `session.redis.url` must lead to the master";

fn of_code(code: &str) -> Failure {
    match code {
        "OOM" => Failure::refused(
            "it is full (OOM), and `maxmemory-policy` is `noeviction`, which is right: raise \
             `maxmemory`",
        ),
        "MISCONF" => Failure::refused("it cannot save to its disk and takes no writes (MISCONF)"),
        "NOREPLICAS" => Failure::refused(
            "it has fewer replicas than `min-replicas-to-write` and takes no writes (NOREPLICAS)",
        ),
        "NOAUTH" | "WRONGPASS" => Failure::outage(REFUSED_USER),
        "BUSY" => Failure::outage("a script runs there and does not end (BUSY)"),
        code => Failure::refused(format!("it refuses a command ({code})")),
    }
}

/// The system's message: of a connection that was refused, a name that is not known, or a
/// certificate that is not believed.
fn of_io(error: &RedisError) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let source = std::error::Error::source(error).map(ToString::to_string);
    let said = source.as_deref().or(error.detail()).unwrap_or("the connection ended");
    // What a server says of a command that it does not know repeats the command.
    said.split("args").next().unwrap_or_default().to_owned()
}

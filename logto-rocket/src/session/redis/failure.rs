//! What Redis's errors mean, and what to do about them. Only their code is repeated: in
//! some, Redis repeats arguments, including a password.

use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// A command that failed.
#[derive(Clone, Debug)]
pub(super) struct RedisFailure {
    /// What happened, and what to do.
    pub(super) message: String,
    /// Whether everything else would fail too.
    pub(super) is_outage: bool,
    /// Whether the connection was closed, perhaps long before.
    pub(super) is_dropped: bool,
}

impl RedisFailure {
    pub(super) fn outage(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_outage: true, is_dropped: false }
    }

    pub(super) fn late(limit: Duration) -> Self {
        Self::outage(format!("no answer within {} ms", limit.as_millis()))
    }

    /// A failure of this command alone.
    fn refused(message: impl Into<String>) -> Self {
        Self { is_outage: false, ..Self::outage(message) }
    }
}

impl From<RedisError> for RedisFailure {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            // Up to Redis 6.2 a script's error has the error that ended it in its text.
            ErrorKind::Server(ServerErrorKind::ResponseError) => {
                let said = error.detail().unwrap_or_default();
                let code = CODES.iter().find(|code| said.contains(&format!("-{code} ")));
                of_code(code.copied().unwrap_or("ERR"))
            }
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
            _ => Self::refused(format!("an invalid answer ({})", error.category())),
        }
    }
}

/// Refusals that a script may meet.
const CODES: [&str; 4] = ["OOM", "READONLY", "MISCONF", "NOREPLICAS"];

const REFUSED_USER: &str = "it rejects the user or the password; set `session.redis.username` \
                            and `session.redis.password`";

fn of_server(kind: ServerErrorKind) -> RedisFailure {
    match kind {
        ServerErrorKind::BusyLoading => RedisFailure::outage("it is loading its data (LOADING)"),
        ServerErrorKind::ReadOnly => RedisFailure::outage(READ_ONLY),
        ServerErrorKind::MasterDown => RedisFailure::outage("its master is down (MASTERDOWN)"),
        ServerErrorKind::ClusterDown => {
            RedisFailure::outage("its Cluster is down (CLUSTERDOWN): some slots have no node")
        }
        ServerErrorKind::Moved | ServerErrorKind::Ask => RedisFailure::refused(
            "it is a node of a Cluster (MOVED); list several of its addresses in \
             `session.redis.url`",
        ),
        ServerErrorKind::NoPerm => RedisFailure::refused(
            "its ACL does not allow the user a command or a key (NOPERM); see `RedisConfig`",
        ),
        other => RedisFailure::refused(format!("it refuses a command ({other:?})")),
    }
}

/// The message about a replica.
pub(super) const READ_ONLY: &str =
    "it is a read-only replica; `session.redis.url` must lead to the master";

fn of_code(code: &str) -> RedisFailure {
    match code {
        "OOM" => RedisFailure::refused(
            "it is full (OOM), and `maxmemory-policy` is `noeviction`, which is right: raise \
             `maxmemory`",
        ),
        "MISCONF" => {
            RedisFailure::refused("it cannot save to its disk and accepts no writes (MISCONF)")
        }
        "NOREPLICAS" => RedisFailure::refused(
            "it has fewer replicas than `min-replicas-to-write` and accepts no writes (NOREPLICAS)",
        ),
        "READONLY" => RedisFailure::outage(READ_ONLY),
        "NOAUTH" | "WRONGPASS" => RedisFailure::outage(REFUSED_USER),
        "BUSY" => RedisFailure::outage("a script is running there and does not end (BUSY)"),
        "ERR" => RedisFailure::refused(
            "it refuses a command (ERR); does its ACL allow the user everything that `RedisConfig` lists?",
        ),
        code => RedisFailure::refused(format!("it refuses a command ({code})")),
    }
}

/// The system's message about a refused connection, an unknown name, or an untrusted
/// certificate.
fn of_io(error: &RedisError) -> String {
    if error.is_timeout() {
        return "no answer in time".into();
    }
    let source = std::error::Error::source(error).map(ToString::to_string);
    let said = source.as_deref().or(error.detail()).unwrap_or("the connection ended");
    // A server's message about an unknown command repeats the command.
    said.split("args").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(answer: &str) -> RedisFailure {
        let value = redis::parse_redis_value(format!("{answer}\r\n").as_bytes());
        value.and_then(redis::Value::extract_error).expect_err(answer).into()
    }

    /// REL-20: which of them would affect every command.
    #[test]
    fn an_answer_that_affects_every_command_is_an_outage_and_others_are_not() {
        for (answer, part) in [
            ("-LOADING Redis is loading the dataset in memory", "LOADING"),
            ("-READONLY You can't write against a read only replica.", "master"),
            (
                "-ERR Error running script (call to f_0): @user_script:1: -READONLY You can't \
                 write against a read only replica.",
                "master",
            ),
            ("-MASTERDOWN Link with MASTER is down", "MASTERDOWN"),
            ("-CLUSTERDOWN Hash slot not served", "CLUSTERDOWN"),
            ("-NOAUTH Authentication required.", "session.redis.password"),
            ("-BUSY Redis is busy running a script.", "BUSY"),
        ] {
            let failure = failure(answer);
            assert!(failure.is_outage && failure.message.contains(part), "{failure:?}");
        }
        for (answer, part) in [
            ("-OOM command not allowed when used memory > 'maxmemory'.", "raise `maxmemory`"),
            (
                "-ERR Error running script (call to f_0): @user_script:1: -OOM command not \
                 allowed when used memory > 'maxmemory'.",
                "raise `maxmemory`",
            ),
            ("-MISCONF Redis is configured to save RDB snapshots", "disk"),
            ("-NOREPLICAS Not enough good replicas to write.", "min-replicas-to-write"),
            ("-MOVED 3999 127.0.0.1:6381", "several of its addresses"),
            ("-NOPERM this user has no permissions", "ACL"),
            ("-WRONGTYPE Operation against a key", "WRONGTYPE"),
            ("-ERR unknown command", "ACL"),
        ] {
            let failure = failure(answer);
            assert!(!failure.is_outage && failure.message.contains(part), "{failure:?}");
        }
    }

    /// S35: Redis repeats the arguments of an unknown command.
    #[test]
    fn nothing_that_a_server_says_is_repeated() {
        let answer = "-ERR unknown command `HELLO`, with args beginning with: `3`, `hunter2`";
        assert!(!failure(answer).message.contains("hunter2"));
    }
}

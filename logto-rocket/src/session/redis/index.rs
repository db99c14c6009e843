//! The sessions of a name: a sorted set of session keys, each with its expiry in milliseconds by
//! Redis's own clock. Redis 6.2 has no `PEXPIREAT .. GT`, so one script does it.

use std::time::Duration;

use redis::Cmd;

use super::millis;

/// How much longer an entry lives than its session: the session is written later, and its
/// time starts then.
const SLACK: Duration = Duration::from_secs(60);

/// Removes expired entries, adds the session (never shortening its time), and lets the set
/// live as long as its last entry.
const ADD: &str = "local time = redis.call('TIME') \
    local now = time[1] * 1000 + math.floor(time[2] / 1000) \
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now)) \
    redis.call('ZADD', KEYS[1], 'GT', string.format('%.0f', now + ARGV[2]), ARGV[1]) \
    local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES') \
    return redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', last[2]))";

/// Adds a session that lives for `ttl`.
pub(super) fn add(name: &str, member: &str, ttl: Duration) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(ADD).arg(1).arg(name).arg(member).arg(millis(ttl.saturating_add(SLACK)));
    command
}

/// Removes a session.
pub(super) fn remove(name: &str, member: &str) -> Cmd {
    let mut command = redis::cmd("ZREM");
    command.arg(name).arg(member);
    command
}

/// All sessions of a name.
pub(super) fn members(name: &str) -> Cmd {
    let mut command = redis::cmd("ZRANGE");
    command.arg(name).arg(0).arg(-1);
    command
}

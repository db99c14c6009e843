//! Sessions in a Redis or Valkey.

mod breaker;
mod commands;
mod connection;
mod failure;
mod index;
mod server;
mod shared;
mod target;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rocket::futures::future::join_all;

use self::commands::Commands;
use self::value::SessionValue;
use super::store::{Saved, SessionKey, SessionStore, Shared, StoredSession, Version};
use crate::config::RedisConfig;
use crate::error::{Error, Result};
use crate::seal;

/// Replaces a value if it has the version that was read. One key, as in all scripts: in a
/// Cluster others are elsewhere.
const SAVE: &str = "if redis.call('GETRANGE', KEYS[1], 0, 7) == ARGV[1] then \
                    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) return 1 end return 0";

/// How many sessions to read at once when finding a user's.
const AT_ONCE: usize = 64;

/// A [`SessionStore`] in a Redis or Valkey, one server or a Cluster, for any number of
/// instances. It is [`Shared`] too. Needs the feature `redis`.
///
/// Chosen with `session.store = "redis"` and the keys of [`RedisConfig`]. It connects on
/// first use: the launch does not need Redis. A request of a signed-in user costs one round
/// trip, over one connection that all requests share.
///
/// The contents are sealed, and keys and names are hashes: a dump neither signs anyone in nor
/// identifies users. Everything expires. A user's sessions are found by an index, a sorted set
/// for each name; it is written first, and `find` trusts only the sessions themselves, so no
/// step has to change several keys atomically.
///
/// # When Redis fails
///
/// The first command without an answer in time, or a failed connection, opens a circuit
/// breaker: then everything that needs Redis fails at once with 503 Service Unavailable, until
/// a background probe, four times a second, is answered. In a Cluster only the keys of lost
/// nodes fail. The log says once that Redis is down, and why, and once that it is back.
///
/// | Redis | this store |
/// |---|---|
/// | is down, hangs, or loads its data | fails at once, until it answers |
/// | is a replica | fails at once, until the address leads to its master |
/// | is full with `noeviction`, cannot save to its disk, or lacks replicas | reads and deletes; other writes fail |
/// | evicts (`maxmemory-policy`) | works, and the log has an error: sessions end early |
///
/// # Example
///
/// ```rust,no_run
/// use logto_rocket::{Logto, RedisConfig, RedisStore};
///
/// # fn app() -> logto_rocket::Result<rocket::Rocket<rocket::Build>> {
/// let store = RedisStore::new(RedisConfig::new("redis://localhost:6379"))?;
/// # Ok(
/// rocket::build().attach(Logto::fairing().store(store))
/// # ) }
/// ```
pub struct RedisStore {
    commands: Arc<Commands>,
    prefix: String,
    /// Whether nothing may be missing, as with marks.
    is_for_marks: bool,
}

impl RedisStore {
    /// A store at the addresses of `config`. It connects on first use.
    ///
    /// # Errors
    ///
    /// An address is not valid, or the file of [`ca`](RedisConfig::ca) cannot be used; the
    /// causes say which. With `rediss://`, aws-lc-rs becomes the process's default rustls
    /// provider if the application has chosen none.
    // By value, as every other constructor takes its configuration.
    #[allow(clippy::needless_pass_by_value)]
    pub fn new(config: RedisConfig) -> Result<Self> {
        let commands = Commands::new(&config).map_err(Error::store)?;
        Ok(Self { commands, prefix: config.prefix, is_for_marks: false })
    }

    /// The same, for marks of sessions that are elsewhere: if Redis evicts, a missing mark
    /// proves nothing, so reads fail.
    pub(crate) fn for_marks(config: RedisConfig) -> Result<Self> {
        Ok(Self { is_for_marks: true, ..Self::new(config)? })
    }

    fn session(&self, key: &SessionKey) -> String {
        format!("{}s:{}", self.prefix, key.to_text())
    }

    fn name(&self, name: &str) -> String {
        format!("{}n:{name}", self.prefix)
    }

    /// Adds the session to the index before storing it: an entry without a session is
    /// harmless, but a session without an entry would survive when its user is signed out
    /// everywhere.
    async fn add(&self, key: &SessionKey, names: &[String], ttl: Duration) -> Result<()> {
        let member = key.to_text();
        let adds = names.iter().map(|name| {
            let name = self.name(name);
            let command = index::add(&name, &member, ttl);
            async move { self.commands.write::<()>(&name, command).await }
        });
        join_all(adds).await.into_iter().collect()
    }

    /// The sessions that the index has for a name; some may have had it only earlier.
    async fn members(&self, name: &str) -> Result<Vec<SessionKey>> {
        let name = self.name(name);
        let members: Vec<String> = self.commands.read(&name, index::members(&name)).await?;
        Ok(members.iter().filter_map(|member| SessionKey::from_text(member)).collect())
    }
}

#[rocket::async_trait]
impl SessionStore for RedisStore {
    async fn create(
        &self,
        key: &SessionKey,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Version> {
        self.add(key, &session.names, ttl).await?;
        let (name, version) = (self.session(key), seal::random());
        let value = value::written(version, &session)?;
        let mut command = redis::cmd("SET");
        command.arg(&name).arg(value).arg("NX").arg("PX").arg(millis(ttl));
        match self.commands.write::<Option<String>>(&name, command).await? {
            Some(_) => Ok(i64::from_le_bytes(version).into()),
            None => Err(Error::store("a session has this key already")),
        }
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
        let name = self.session(key);
        let mut command = redis::cmd("GET");
        command.arg(&name);
        let Some(bytes) = self.commands.read::<Option<Vec<u8>>>(&name, command).await? else {
            return Ok(None);
        };
        let SessionValue { version, data, .. } = SessionValue::read(&bytes)?;
        Ok(Some((data.to_vec(), version.into())))
    }

    async fn save(
        &self,
        key: &SessionKey,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        // Not one of our versions.
        let Some(read) = read.number() else { return Ok(Saved::No) };
        self.add(key, &session.names, ttl).await?;
        let (name, version) = (self.session(key), seal::random());
        let mut command = redis::cmd("EVAL");
        command.arg(SAVE).arg(1).arg(&name).arg(&read.to_le_bytes());
        command.arg(value::written(version, &session)?).arg(millis(ttl));
        Ok(match self.commands.write::<bool>(&name, command).await? {
            true => Saved::Yes(i64::from_le_bytes(version).into()),
            false => Saved::No,
        })
    }

    async fn delete(&self, key: &SessionKey, names: &[String]) -> Result<()> {
        let name = self.session(key);
        let mut command = redis::cmd("DEL");
        command.arg(&name);
        // Twice is as good as once.
        self.commands.read::<()>(&name, command).await?;
        let member = key.to_text();
        let removals = names.iter().map(|name| {
            let name = self.name(name);
            let command = index::remove(&name, &member);
            async move { self.commands.read::<()>(&name, command).await }
        });
        // The session has ended: a leftover entry leads nowhere, and expires.
        join_all(removals).await;
        Ok(())
    }

    async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>> {
        let members = join_all(names.iter().map(|name| self.members(name))).await;
        let members: Result<Vec<_>> = members.into_iter().collect();
        let mut keys = members?.concat();
        keys.sort_unstable();
        keys.dedup();
        let mut found = Vec::new();
        for keys in keys.chunks(AT_ONCE) {
            let sessions: Vec<_> = keys.iter().map(|key| self.session(key)).collect();
            for (key, bytes) in keys.iter().zip(self.commands.get_all(&sessions).await?) {
                let Some(bytes) = bytes else { continue };
                if SessionValue::read(&bytes)?.names.iter().any(|name| names.contains(name)) {
                    found.push(*key);
                }
            }
        }
        Ok(found)
    }

    fn shared(&self) -> Option<&dyn Shared> {
        Some(self)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("at", &self.commands.addresses())
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// A time to live as Redis accepts it: at least a millisecond, and without overflow there.
fn millis(ttl: Duration) -> u64 {
    const CENTURY: u128 = 100 * 365 * 24 * 60 * 60 * 1000;
    u64::try_from(ttl.as_millis().clamp(1, CENTURY)).unwrap_or(1)
}

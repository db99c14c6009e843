//! Sends commands, and stops sending if Redis does not answer.

use std::mem;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use redis::{Cmd, FromRedisValue};
use rocket::futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::breaker::Breakers;
use super::connection::{AT_ONCE, Link};
use super::failure::RedisFailure;
use crate::config::RedisConfig;
use crate::error::{Error, Result};

/// How long Redis is left alone after a failed probe.
const WINDOW: Duration = Duration::from_millis(250);

/// The number of parts of a Cluster that can fail separately.
const GROUPS: usize = 16;

/// Values requested in one command, or concurrently in a Cluster.
const VALUES: usize = 64;

pub(super) struct Commands {
    link: Link,
    addresses: String,
    limit: Duration,
    places: Semaphore,
    breakers: Breakers,
}

impl Commands {
    pub(super) fn new(config: &RedisConfig) -> std::result::Result<Arc<Self>, String> {
        let link = Link::new(config)?;
        let groups = if link.is_cluster() { GROUPS } else { 1 };
        Ok(Arc::new(Self {
            addresses: config.url.addresses(),
            limit: config.command_timeout(),
            places: Semaphore::new(AT_ONCE),
            breakers: Breakers::new(groups),
            link,
        }))
    }

    pub(super) fn addresses(&self) -> &str {
        &self.addresses
    }

    /// Whether Redis evicts unexpired values, as far as known.
    pub(super) fn evicts(&self) -> bool {
        self.link.known.evicts()
    }

    /// Sends a command that may be sent twice, and resends it if the connection turns out to
    /// be closed.
    pub(super) async fn read<T: FromRedisValue>(
        self: &Arc<Self>,
        key: &str,
        command: Cmd,
    ) -> Result<T> {
        let group = self.breakers.group(key);
        match self.attempt(group, key, &command).await {
            Err(failure) if failure.is_dropped => {
                self.attempt(group, key, &command).await.map_err(|it| self.error(&it))
            }
            result => result.map_err(|it| self.error(&it)),
        }
    }

    /// Sends a command once.
    pub(super) async fn write<T: FromRedisValue>(
        self: &Arc<Self>,
        key: &str,
        command: Cmd,
    ) -> Result<T> {
        self.attempt(self.breakers.group(key), key, &command).await.map_err(|it| self.error(&it))
    }

    /// The values of these keys, in their order.
    pub(super) async fn get_all(self: &Arc<Self>, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut values = Vec::with_capacity(keys.len());
        for keys in keys.chunks(VALUES) {
            match self.link.is_cluster() {
                true => {
                    let reads = keys.iter().map(|key| {
                        let mut command = redis::cmd("GET");
                        command.arg(key);
                        self.read(key, command)
                    });
                    let read: Result<Vec<_>> = join_all(reads).await.into_iter().collect();
                    values.extend(read?);
                }
                false => {
                    let mut command = redis::cmd("MGET");
                    command.arg(keys);
                    values.extend(self.read::<Vec<Option<Vec<u8>>>>(&keys[0], command).await?);
                }
            }
        }
        Ok(values)
    }

    async fn attempt<T: FromRedisValue>(
        self: &Arc<Self>,
        group: usize,
        key: &str,
        command: &Cmd,
    ) -> std::result::Result<T, RedisFailure> {
        if let Some(why) = self.breakers.why(group) {
            // There is one, unless its runtime has ended.
            self.probe();
            return Err(RedisFailure::outage(&*why));
        }
        self.check_in_time();
        let result = self.ask(command).await;
        if let Err(failure) = &result
            && failure.is_outage
            && !failure.is_dropped
        {
            self.breakers.open(group, &failure.message, key);
            self.probe();
        }
        result
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> std::result::Result<T, RedisFailure> {
        let mut connection = self.link.get().await?;
        let answer = async {
            let _place = self.places.acquire().await;
            connection.ask(command).await
        };
        let Ok(answer) = timeout(self.limit, answer).await else {
            return Err(RedisFailure::late(self.limit));
        };
        answer.map_err(|error| {
            let mut failure = RedisFailure::from(error);
            // A Cluster's connections reconnect on their own.
            failure.is_dropped &=
                !self.link.is_cluster() || failure.message.contains("redis_cluster");
            if failure.is_dropped {
                self.link.forget(&connection);
            }
            failure
        })
    }

    fn error(&self, failure: &RedisFailure) -> Error {
        Error::store(format!("Redis at {}: {}", self.addresses, failure.message))
    }

    /// Finds out, in its own task, when Redis answers again.
    fn probe(self: &Arc<Self>) {
        if self.breakers.take_probe() {
            let mut probe = Prober { commands: Arc::downgrade(self), last: 0, is_down: false };
            tokio::spawn(async move { while !probe.is_over().await {} });
        }
    }

    /// Checks once whether Redis answers commands on this key.
    async fn answers(&self, key: &str) -> std::result::Result<(), RedisFailure> {
        if !self.link.is_cluster() {
            // A new connection: the old one may lead to a server that is gone.
            self.link.forget_all();
        }
        let mut command = redis::cmd("EXISTS");
        command.arg(key);
        self.ask(&command).await
    }

    /// Checks, once a minute, whether Redis still keeps its values.
    fn check_in_time(self: &Arc<Self>) {
        if self.link.known.is_due(Instant::now()) {
            let commands = Arc::clone(self);
            tokio::spawn(async move { commands.link.check_again().await });
        }
    }
}

/// The right to probe, one group after the other.
struct Prober {
    commands: Weak<Commands>,
    last: usize,
    /// Whether it failed before, and this was logged.
    is_down: bool,
}

impl Prober {
    /// Tries one group. If it answers, the next one follows at once: it may be on the same
    /// node. Any answer will do: a refused command says nothing about others.
    async fn is_over(&mut self) -> bool {
        let Some(commands) = self.commands.upgrade() else { return true };
        let Some((group, key)) = commands.breakers.next(self.last) else {
            if mem::take(&mut self.is_down) {
                log::info!("logto: Redis is back: {}", commands.addresses);
            }
            return true;
        };
        self.last = group;
        match commands.answers(&key).await {
            Err(failure) if failure.is_outage => {
                commands.breakers.open(group, &failure.message, &key);
                if !mem::replace(&mut self.is_down, true) {
                    log::error!(
                        "logto: Redis is down: {}: {}",
                        commands.addresses,
                        failure.message
                    );
                }
            }
            _ => {
                commands.breakers.close(group);
                return false;
            }
        }
        // The store may no longer be in use when it is over.
        drop(commands);
        sleep(WINDOW).await;
        false
    }
}

/// The runtime may end first, as in tests: then the next request probes.
impl Drop for Prober {
    fn drop(&mut self) {
        if let Some(commands) = self.commands.upgrade() {
            commands.breakers.return_probe();
        }
    }
}

//! Sends commands, and stops sending where Redis does not answer.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use redis::{Cmd, FromRedisValue};
use rocket::futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::breaker::Breaker;
use super::connection::{AT_ONCE, Link};
use super::failure::Failure;
use crate::config::RedisConfig;
use crate::error::{Error, Result};

/// How long Redis is left alone after a probe that failed.
const WINDOW: Duration = Duration::from_millis(250);

/// The slots of a Cluster are in so many groups, each with a breaker: nodes have ranges of
/// slots, and one that is lost must not stop the others.
const GROUPS: usize = 16;
const SLOTS: usize = 16_384;

/// Values that are asked for in one command, or at once in a Cluster.
const VALUES: usize = 64;

pub(super) struct Client {
    link: Link,
    addresses: String,
    limit: Duration,
    places: Semaphore,
    breakers: Vec<Breaker>,
    /// How many breakers are open and have a probe that failed.
    down: Mutex<usize>,
}

impl Client {
    pub(super) fn new(config: &RedisConfig) -> std::result::Result<Arc<Self>, String> {
        let link = Link::new(config)?;
        let groups = if link.is_cluster() { GROUPS } else { 1 };
        Ok(Arc::new(Self {
            addresses: config.url.addresses(),
            limit: config.command_timeout(),
            places: Semaphore::new(AT_ONCE),
            breakers: (0..groups).map(|_| Breaker::default()).collect(),
            down: Mutex::default(),
            link,
        }))
    }

    pub(super) fn addresses(&self) -> &str {
        &self.addresses
    }

    /// Whether Redis throws away what has not expired, as far as it was asked.
    pub(super) fn evicts(&self) -> bool {
        self.link.known.evicts()
    }

    /// Sends a command that may be sent twice: where the connection turns out to have ended,
    /// it is.
    pub(super) async fn read<T: FromRedisValue>(
        self: &Arc<Self>,
        key: &str,
        command: Cmd,
    ) -> Result<T> {
        let group = self.group(key);
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
        self.attempt(self.group(key), key, &command).await.map_err(|it| self.error(&it))
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
    ) -> std::result::Result<T, Failure> {
        if let Some(why) = self.breakers[group].why() {
            // There is one, unless the runtime that it was in has ended.
            self.probe(group, key);
            return Err(Failure::outage(&*why));
        }
        self.check_in_time();
        let result = self.ask(command).await;
        if let Err(failure) = &result
            && failure.is_outage
            && !failure.is_dropped
        {
            self.breakers[group].open(&failure.message);
            self.probe(group, key);
        }
        result
    }

    async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> std::result::Result<T, Failure> {
        let mut connection = self.link.get().await?;
        let answer = async {
            let _place = self.places.acquire().await;
            connection.ask(command).await
        };
        let Ok(answer) = timeout(self.limit, answer).await else {
            return Err(Failure::late(self.limit));
        };
        answer.map_err(|error| {
            let mut failure = Failure::from(error);
            // The connections of a Cluster see to themselves.
            failure.is_dropped &=
                !self.link.is_cluster() || failure.message.contains("redis_cluster");
            if failure.is_dropped {
                self.link.forget(&connection);
            }
            failure
        })
    }

    fn error(&self, failure: &Failure) -> Error {
        Error::store(format!("Redis at {}: {}", self.addresses, failure.message))
    }

    /// Finds out, in a task of its own, when Redis answers again.
    fn probe(self: &Arc<Self>, group: usize, key: &str) {
        if !self.breakers[group].probe() {
            return;
        }
        let mut probe = Probe { client: Arc::downgrade(self), group, is_down: false };
        let key = key.to_owned();
        tokio::spawn(async move { while !probe.is_over(&key).await {} });
    }

    /// One look whether Redis answers what is asked about this key.
    async fn answers(&self, key: &str) -> std::result::Result<(), Failure> {
        if !self.link.is_cluster() {
            // A new connection: the old one may lead to where nobody is any more.
            self.link.forget_all();
        }
        let mut command = redis::cmd("EXISTS");
        command.arg(key);
        self.ask(&command).await
    }

    /// Looks, once a minute, whether Redis still keeps what it has.
    fn check_in_time(self: &Arc<Self>) {
        if self.link.known.is_due() {
            let client = Arc::clone(self);
            tokio::spawn(async move { client.link.check_again().await });
        }
    }

    fn group(&self, key: &str) -> usize {
        usize::from(crc16(key.as_bytes())) % SLOTS * self.breakers.len() / SLOTS
    }
}

/// The right to probe, and what was said of it.
struct Probe {
    client: Weak<Client>,
    group: usize,
    /// Whether it failed before.
    is_down: bool,
}

impl Probe {
    /// Tries once, and waits for the next time where there will be one.
    async fn is_over(&mut self, key: &str) -> bool {
        let Some(client) = self.client.upgrade() else { return true };
        let result = client.answers(key).await;
        let is_over = self.take(&client, result);
        // Nobody may use the store any more.
        drop(client);
        if !is_over {
            sleep(WINDOW).await;
        }
        is_over
    }

    /// Takes in how it went, and tells the operator once. Any answer will do: what is refused to
    /// one command says nothing of others.
    fn take(&mut self, client: &Client, result: std::result::Result<(), Failure>) -> bool {
        let breaker = &client.breakers[self.group];
        let mut down = client.down.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(failure) = result.err().filter(|failure| failure.is_outage) else {
            breaker.close();
            if mem::take(&mut self.is_down) {
                *down -= 1;
                if *down == 0 {
                    log::info!("logto: Redis is back: {}", client.addresses);
                }
            }
            return true;
        };
        breaker.open(&failure.message);
        if !mem::replace(&mut self.is_down, true) {
            *down += 1;
            if *down == 1 {
                log::error!("logto: Redis is down: {}: {}", client.addresses, failure.message);
            }
        }
        false
    }
}

/// The runtime may end first, as in tests: then the next request probes.
impl Drop for Probe {
    fn drop(&mut self) {
        let Some(client) = self.client.upgrade() else { return };
        client.breakers[self.group].probed();
        if self.is_down {
            *client.down.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        }
    }
}

/// CRC-16/XMODEM, as a Cluster takes it of a key.
fn crc16(key: &[u8]) -> u16 {
    key.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| match crc & 0x8000 {
            0 => crc << 1,
            _ => (crc << 1) ^ 0x1021,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value that the specification of Redis Cluster gives.
    #[test]
    fn slots_are_those_of_a_cluster() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(crc16(b""), 0);
    }
}

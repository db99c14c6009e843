//! The connection: made on first use, by one caller for all who wait, and again after it
//! closed.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, PushInfo, PushKind, RedisResult, Value};
use tokio::time::timeout;

use super::failure::{READ_ONLY, RedisFailure};
use super::server::{Server, ServerNotes};
use super::target::Target;
use crate::config::RedisConfig;

/// Commands that may wait for answers at the same time; others queue.
pub(super) const AT_ONCE: usize = 1024;

/// A connection, which all requests share.
#[derive(Clone)]
pub(super) struct Connection {
    id: u64,
    channel: Channel,
    /// Whether Redis closed it.
    is_closed: Arc<AtomicBool>,
}

#[derive(Clone)]
enum Channel {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    pub(super) async fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match &mut self.channel {
            Channel::Server(server) => command.query_async(server).await,
            Channel::Cluster(cluster) => command.query_async(cluster).await,
        }
    }

    /// The INFO of the server, or of all masters of the Cluster.
    pub(super) async fn info(&mut self) -> RedisResult<Server> {
        let mut command = redis::cmd("INFO");
        command.arg("memory");
        match &mut self.channel {
            Channel::Server(server) => {
                let memory: String = command.query_async(server).await?;
                let replication: String =
                    redis::cmd("INFO").arg("replication").query_async(server).await?;
                Ok(Server::read(&format!("{memory}\n{replication}")))
            }
            Channel::Cluster(cluster) => {
                let masters = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
                Ok(Server::read(&text(&cluster.route_command(command, masters).await?)))
            }
        }
    }
}

/// The text of an answer from several servers.
fn text(value: &Value) -> String {
    match value {
        Value::Map(entries) => entries.iter().map(|(_, value)| text(value)).collect(),
        Value::Array(values) => values.iter().map(text).collect(),
        Value::BulkString(bytes) => format!("{}\n", String::from_utf8_lossy(bytes)),
        Value::VerbatimString { text, .. } => format!("{text}\n"),
        _ => String::new(),
    }
}

/// Makes the connection and keeps it.
pub(super) struct Link {
    target: Target,
    limit: Duration,
    current: Mutex<Option<Connection>>,
    /// One attempt at a time.
    turn: tokio::sync::Mutex<()>,
    /// How many attempts there were, and how the last one failed.
    attempts: Mutex<(u64, Option<RedisFailure>)>,
    last_id: AtomicU64,
    pub(super) known: ServerNotes,
}

impl Link {
    /// # Errors
    ///
    /// An address or the file of certificates cannot be used.
    pub(super) fn new(config: &RedisConfig) -> Result<Self, String> {
        Ok(Self {
            target: Target::new(config)?,
            limit: config.connect_timeout(),
            current: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            attempts: Mutex::default(),
            last_id: AtomicU64::default(),
            known: ServerNotes::new(config.url.addresses()),
        })
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.target, Target::Cluster(_))
    }

    /// The connection, if there is one.
    fn at_hand(&self) -> Option<Connection> {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().filter(|it| !it.is_closed.load(Ordering::Acquire)).cloned()
    }

    fn attempts(&self) -> (u64, Option<RedisFailure>) {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The connection, made if there is none. Callers that wait for another's attempt share
    /// its failure: a thousand requests are not a thousand attempts.
    pub(super) async fn get(&self) -> Result<Connection, RedisFailure> {
        if let Some(connection) = self.at_hand() {
            return Ok(connection);
        }
        let before = self.attempts().0;
        let _turn = self.turn.lock().await;
        if let Some(connection) = self.at_hand() {
            return Ok(connection);
        }
        if let (number, Some(failure)) = self.attempts()
            && number != before
        {
            return Err(failure);
        }
        let result = self.connect().await.map_err(|it| RedisFailure { is_dropped: false, ..it });
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        *attempts = (attempts.0 + 1, result.as_ref().err().cloned());
        drop(attempts);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = result.as_ref().ok().cloned();
        result
    }

    async fn connect(&self) -> Result<Connection, RedisFailure> {
        let is_closed = Arc::<AtomicBool>::default();
        let channel = match &self.target {
            Target::Server(client) => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(None)
                    .set_response_timeout(None)
                    .set_pipeline_buffer_size(AT_ONCE)
                    .set_push_sender(tells_the_end(Arc::clone(&is_closed)));
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                Channel::Server(within(self.limit, connection).await?)
            }
            Target::Cluster(client) => {
                Channel::Cluster(within(self.limit * 2, client.get_async_connection()).await?)
            }
        };
        let id = self.last_id.fetch_add(1, Ordering::Relaxed);
        let mut connection = Connection { id, channel, is_closed };
        self.check(&mut connection).await?;
        Ok(connection)
    }

    /// Checks the server before it is used. A server that says nothing is accepted; if nodes of
    /// a Cluster are lost, the others are.
    async fn check(&self, connection: &mut Connection) -> Result<(), RedisFailure> {
        match within(self.limit, connection.info()).await {
            Ok(server) if server.is_replica => Err(RedisFailure::outage(READ_ONLY)),
            Ok(server) => {
                self.known.take(server);
                Ok(())
            }
            Err(failure) if failure.is_outage && !self.is_cluster() => Err(failure),
            Err(failure) => {
                self.known.cannot_be_read(&failure.message);
                Ok(())
            }
        }
    }

    /// Checks again, if there is a connection.
    pub(super) async fn check_again(&self) {
        if let Some(mut connection) = self.at_hand()
            && self.check(&mut connection).await.is_err()
        {
            self.forget(&connection);
        }
    }

    /// Drops this connection, unless there is another one already.
    pub(super) fn forget(&self, connection: &Connection) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current.take_if(|it| it.id == connection.id);
    }

    /// Drops any connection.
    pub(super) fn forget_all(&self) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Notices that Redis closed an idle connection: otherwise the next command would fail, and a
/// write cannot be sent twice.
fn tells_the_end(is_closed: Arc<AtomicBool>) -> impl Fn(PushInfo) -> Result<(), ()> {
    move |push| {
        if push.kind == PushKind::Disconnection {
            is_closed.store(true, Ordering::Release);
        }
        Ok(())
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = RedisResult<T>>,
) -> Result<T, RedisFailure> {
    match timeout(limit, work).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(RedisFailure::late(limit)),
    }
}

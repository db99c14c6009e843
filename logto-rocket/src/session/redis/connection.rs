//! The connection: made when it is first needed, by one caller for all who wait, and anew when
//! it ended.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Cmd, FromRedisValue, IntoConnectionInfo as _, ProtocolVersion, PushInfo,
    PushKind, RedisResult, TlsCertificates, Value,
};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::time::timeout;

use super::failure::{READ_ONLY, RedisFailure};
use super::server::{Server, ServerNotes};
use crate::config::RedisConfig;

/// Commands that wait for their answers at once; others wait for one of these.
pub(super) const AT_ONCE: usize = 1024;

/// A connection, which all requests share.
#[derive(Clone)]
pub(super) struct Connection {
    id: u64,
    kind: Channel,
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
        match &mut self.kind {
            Channel::Server(server) => command.query_async(server).await,
            Channel::Cluster(cluster) => command.query_async(cluster).await,
        }
    }

    /// What the server says of itself, or all masters of the Cluster.
    pub(super) async fn info(&mut self) -> RedisResult<Server> {
        let mut command = redis::cmd("INFO");
        command.arg("memory");
        match &mut self.kind {
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

/// All that an answer of several servers says.
fn text(value: &Value) -> String {
    match value {
        Value::Map(entries) => entries.iter().map(|(_, value)| text(value)).collect(),
        Value::Array(values) => values.iter().map(text).collect(),
        Value::BulkString(bytes) => format!("{}\n", String::from_utf8_lossy(bytes)),
        Value::VerbatimString { text, .. } => format!("{text}\n"),
        _ => String::new(),
    }
}

enum Target {
    Server(redis::Client),
    Cluster(ClusterClient),
}

/// Makes the connection and keeps it.
pub(super) struct Link {
    target: Target,
    is_tls: bool,
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
        let cannot = |error: redis::RedisError| {
            // Not its text: it may have the address, with the password.
            format!("`session.redis` cannot be used ({})", error.category())
        };
        let certificates = config.ca.as_deref().map(certificates).transpose()?;
        let mut nodes = Vec::new();
        for url in config.url.urls() {
            let node = url.into_connection_info().map_err(cannot)?;
            let mut settings = node.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
            settings = settings.set_skip_set_lib_name();
            if let Some(username) = &config.username {
                settings = settings.set_username(username);
            }
            if let Some(password) = &config.password {
                settings = settings.set_password(password.secret());
            }
            nodes.push(node.set_redis_settings(settings).set_tcp_settings(no_delay()));
        }
        let is_tls =
            config.url.urls().any(|url| url.starts_with("rediss:") || url.starts_with("valkeys:"));
        if certificates.is_some() && !is_tls {
            return Err("`session.redis.ca` is for `rediss://`".into());
        }
        let limit = config.connect_timeout();
        let target = match (nodes.len(), certificates) {
            (0, _) => return Err("`session.redis.url` is missing".into()),
            (1, None) => Target::Server(redis::Client::open(nodes.remove(0)).map_err(cannot)?),
            (1, Some(certificates)) => {
                let client = redis::Client::build_with_tls(nodes.remove(0), certificates);
                Target::Server(client.map_err(cannot)?)
            }
            (_, certificates) => {
                let mut cluster = ClusterClient::builder(nodes)
                    .use_protocol(ProtocolVersion::RESP3)
                    .tcp_settings(no_delay())
                    // Nodes that are lost are not to use up the whole time.
                    .connection_timeout(limit / 2)
                    .response_timeout(config.command_timeout())
                    // The circuit breaker tries again; here it is for keys that moved.
                    .retries(2)
                    .min_retry_wait(10)
                    .max_retry_wait(50);
                if let Some(certificates) = certificates {
                    cluster = cluster.certs(certificates);
                }
                Target::Cluster(cluster.build().map_err(cannot)?)
            }
        };
        Ok(Self {
            target,
            is_tls,
            limit,
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

    /// The connection, which is made if there is none. Who waits for an attempt of somebody
    /// else shares its failure: a thousand requests are no thousand attempts.
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
        if self.is_tls && CryptoProvider::get_default().is_none() {
            // The crate takes the one of the process, and panics where there are several to
            // choose from. An application that chose has its own.
            let _ = aws_lc_rs::default_provider().install_default();
        }
        let is_closed = Arc::<AtomicBool>::default();
        let kind = match &self.target {
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
        let mut connection = Connection { id, kind, is_closed };
        self.check(&mut connection).await?;
        Ok(connection)
    }

    /// Looks at the server before it is used. One that does not say anything is taken as it is;
    /// where nodes of a Cluster are lost, the others are.
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

    /// Looks again, where a connection is at hand.
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

    /// Drops whatever connection there is.
    pub(super) fn forget_all(&self) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

fn no_delay() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

/// Takes in that Redis closed the connection while nobody used it: else the next command would
/// fail, and one that writes cannot be sent twice.
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

/// # Errors
///
/// The file cannot be read, or has no certificate.
fn certificates(ca: &Path) -> Result<TlsCertificates, String> {
    let file = ca.display();
    let pem = fs::read(ca).map_err(|e| format!("`session.redis.ca` names {file}: {e}"))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => {
            Ok(TlsCertificates { client_tls: None, root_cert: Some(pem) })
        }
        _ => Err(format!("`session.redis.ca` names {file}, which has no certificate in PEM")),
    }
}

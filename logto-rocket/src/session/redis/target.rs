//! Where a connection leads, and which certificates it trusts.

use std::fs;
use std::path::Path;

use redis::cluster::ClusterClient;
use redis::io::tcp::TcpSettings;
use redis::{
    Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion, RedisError,
    TlsCertificates,
};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::config::RedisConfig;

/// One server, or the nodes of a Cluster.
pub(super) enum Target {
    Server(Box<Client>),
    Cluster(Box<ClusterClient>),
}

impl Target {
    /// # Errors
    ///
    /// An address or the file of certificates cannot be used.
    pub(super) fn new(config: &RedisConfig) -> Result<Self, String> {
        if let Some(problem) = config.url.problem() {
            return Err(format!("`session.redis.url` {problem}"));
        }
        let nodes: Result<Vec<_>, _> = config.url.urls().map(|url| node(url, config)).collect();
        let mut nodes = nodes?;
        let is_tls = nodes.iter().any(|it| matches!(it.addr(), ConnectionAddr::TcpTls { .. }));
        let certificates = config.ca.as_deref().map(certificates).transpose()?;
        if certificates.is_some() && !is_tls {
            return Err("`session.redis.ca` is for `rediss://`".into());
        }
        if is_tls {
            choose_provider();
        }
        match (nodes.len(), certificates) {
            (1, None) => Client::open(nodes.remove(0)).map(|it| Self::Server(Box::new(it))),
            (1, Some(it)) => {
                Client::build_with_tls(nodes.remove(0), it).map(|it| Self::Server(Box::new(it)))
            }
            (_, certificates) => {
                cluster(nodes, certificates, config).map(|it| Self::Cluster(Box::new(it)))
            }
        }
        .map_err(|error| unusable(&error))
    }
}

/// Not the error's text: it may have the address, with the password.
fn unusable(error: &RedisError) -> String {
    format!("`session.redis` cannot be used ({})", error.category())
}

fn node(url: &str, config: &RedisConfig) -> Result<ConnectionInfo, String> {
    let node = url.into_connection_info().map_err(|error| unusable(&error))?;
    let settings = node.redis_settings().clone().set_skip_set_lib_name();
    // RESP3 reports the end of an idle connection.
    let mut settings = settings.set_protocol(ProtocolVersion::RESP3);
    if let Some(username) = &config.username {
        settings = settings.set_username(username);
    }
    if let Some(password) = &config.password {
        settings = settings.set_password(password.secret());
    }
    Ok(node.set_redis_settings(settings).set_tcp_settings(no_delay()))
}

fn no_delay() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

fn cluster(
    nodes: Vec<ConnectionInfo>,
    certificates: Option<TlsCertificates>,
    config: &RedisConfig,
) -> Result<ClusterClient, RedisError> {
    let cluster = ClusterClient::builder(nodes)
        .use_protocol(ProtocolVersion::RESP3)
        .tcp_settings(no_delay())
        // Lost nodes must not use up all the time.
        .connection_timeout(config.connect_timeout() / 2)
        .response_timeout(config.command_timeout())
        // The circuit breaker tries again; here it is for keys that moved.
        .retries(2)
        .min_retry_wait(10)
        .max_retry_wait(50);
    match certificates {
        Some(certificates) => cluster.certs(certificates).build(),
        None => cluster.build(),
    }
}

/// Installs the TLS provider: the crate uses only the process's default, and panics if there
/// are several to choose from. An application's own choice stays.
fn choose_provider() {
    if CryptoProvider::get_default().is_none() {
        // Another thread may have just chosen one.
        let _ = aws_lc_rs::default_provider().install_default();
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
        _ => Err(format!("`session.redis.ca` names {file}, which has no PEM certificate")),
    }
}

//! A certificate of the test's own, and a client that trusts it.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rocket::tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::server::Nginx;

/// A certificate for one host, as nginx reads it, and for a client to trust.
pub(crate) struct Trust {
    pub(crate) certificate: String,
    pub(crate) key: String,
    host: ServerName<'static>,
    connector: TlsConnector,
}

impl Trust {
    pub(crate) fn of(host: &str) -> Self {
        let made = generate_simple_self_signed([host.to_owned()]);
        let CertifiedKey { cert, signing_key } = made.expect("a certificate");
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).expect("a certificate");
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().expect("versions of TLS");
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        Self {
            certificate: cert.pem(),
            key: signing_key.serialize_pem(),
            host: ServerName::try_from(host.to_owned()).expect("a name"),
            connector: TlsConnector::from(Arc::new(config)),
        }
    }

    pub(crate) async fn connect(&self, nginx: &Nginx) -> TlsStream<UnixStream> {
        let stream = nginx.connect().await.expect("it listens");
        self.connector.connect(self.host.clone(), stream).await.expect("it is trusted")
    }
}

//! Whose certificates are believed. Its second half runs in a process of its own, which trusts
//! the authority of the test and nobody else.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::{env, fs};

use logto_tests::{Browser, app};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::TcpListener;
use serde_json::json;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// The variable that rustls reads the trusted certificates from.
const TRUSTED: &str = "SSL_CERT_FILE";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// A certificate for `name`, good until `year`, of `authority` or of its own.
fn server(name: &str, year: i32, authority: Option<&Authority>) -> ServerConfig {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(year, 1, 1);
    let certificate = match authority {
        Some(authority) => params.signed_by(&key, authority),
        None => params.self_signed(&key),
    };
    let chain = vec![certificate.expect("a certificate").der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key in its form");
    ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).expect("they fit")
}

/// Serves the metadata of a Logto under this certificate; returns its endpoint.
async fn serve(config: ServerConfig) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("https://localhost:{}", listener.local_addr().expect("a port").port());
    let issuer = format!("{endpoint}/oidc");
    let metadata = json!({
        "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"), "userinfo_endpoint": format!("{issuer}/me"),
        "jwks_uri": format!("{issuer}/jwks"),
    })
    .to_string();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    rocket::tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not believe us hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{metadata}", metadata.len());
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    endpoint
}

fn figment(endpoint: &str) -> Figment {
    Figment::from(rocket::Config::debug_default())
        .merge(("log_level", "off"))
        .merge(("logto.endpoint", endpoint))
        .merge(("logto.app_id", "app"))
}

/// Whether a sign-in begins at a Logto under this certificate.
async fn begins(config: ServerConfig) -> bool {
    let endpoint = serve(config).await;
    let browser = Browser::open(app(figment(&endpoint))).await;
    let answer = browser.visit("/sign-in").await;
    match answer.status {
        Status::SeeOther => answer.location().starts_with(&format!("{endpoint}/oidc/auth?")),
        status => {
            assert_eq!((status, answer.cookies.len()), (Status::ServiceUnavailable, 0));
            false
        }
    }
}

/// H6: self-signed, of a stranger's authority, of another host, and out of date.
#[rocket::async_test]
async fn certificates_are_checked() {
    let authority = authority();
    let Some(trusted) = env::var_os(TRUSTED).filter(|_| env::var_os("CHILD").is_some()) else {
        return in_a_process_of_its_own("certificates_are_checked");
    };
    fs::write(PathBuf::from(trusted), authority.pem()).expect("a file of the test");
    assert!(begins(server("localhost", 2120, Some(&authority))).await, "the right one");
    assert!(!begins(server("localhost", 2120, None)).await, "self-signed");
    assert!(!begins(server("localhost", 2120, Some(&self::authority()))).await, "a stranger's");
    assert!(!begins(server("evil.example", 2120, Some(&authority))).await, "of another host");
    assert!(!begins(server("localhost", 2021, Some(&authority))).await, "out of date");
}

/// The trusted certificates are those of a file, which a process reads once.
fn in_a_process_of_its_own(test: &str) {
    let name = format!("logto-rocket-tls-{}.pem", std::process::id());
    let file = env::temp_dir().join(name);
    let output = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", test, "--nocapture"])
        .env(TRUSTED, &file)
        .env("CHILD", "1")
        .output()
        .expect("it runs");
    fs::remove_file(&file).expect("the test wrote it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// H6: plain http is for this machine, unless somebody says that it is not dangerous.
#[rocket::async_test]
async fn plain_http_to_another_host_ends_the_launch() {
    let launches = async |figment: Figment| {
        let rocket = rocket::custom(figment).attach(logto_rocket::Logto::fairing());
        // An error that nobody looks at panics.
        rocket.ignite().await.map_err(|error| error.kind().to_string()).is_ok()
    };
    for endpoint in ["http://logto.example", "http://192.168.1.7:3001", "http://localhost.example"]
    {
        assert!(!launches(figment(endpoint)).await, "{endpoint}");
        let allowed = figment(endpoint).merge(("logto.danger_allow_http", true));
        assert!(launches(allowed).await, "{endpoint}");
    }
    for endpoint in ["http://localhost:3001", "http://127.0.0.1:3001", "http://[::1]:3001"] {
        assert!(launches(figment(endpoint)).await, "{endpoint}");
    }
    for endpoint in
        ["ftp://logto.example", "file:///etc", "logto.example", "https://u:p@logto.example"]
    {
        let figment = figment(endpoint).merge(("logto.danger_allow_http", true));
        assert!(!launches(figment).await, "{endpoint}");
    }
}

//! Whose certificates are trusted. The second half runs in a process of its own, which trusts
//! only the test's own authority.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::{env, fs};

use logto_tests::{Browser, app};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::TcpListener;
use serde_json::json;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{self, ServerConfig};

/// The variables that rustls reads the trusted certificates from: a file, or a folder whose
/// files have the names that `c_rehash` gives them.
const TRUSTED: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

/// A certificate for `name`, valid until `year`, from `authority` or self-signed.
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
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.expect("versions of TLS").with_no_client_auth();
    builder.with_single_cert(chain, key).expect("they fit")
}

/// Serves a Logto's metadata under this certificate; returns its endpoint.
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
            // A client that does not trust us hangs up.
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

/// H6: self-signed, from a stranger's authority, for another host, and expired.
#[rocket::async_test]
async fn certificates_are_checked() {
    let authority = authority("trusted");
    if !trusts(&authority, "certificates_are_checked") {
        return;
    }
    assert!(begins(server("localhost", 2120, Some(&authority))).await, "the right one");
    assert!(!begins(server("localhost", 2120, None)).await, "self-signed");
    assert!(
        !begins(server("localhost", 2120, Some(&self::authority("a stranger")))).await,
        "a stranger's"
    );
    assert!(!begins(server("evil.example", 2120, Some(&authority))).await, "of another host");
    assert!(!begins(server("localhost", 2021, Some(&authority))).await, "out of date");
}

/// H21: a stranger's certificate, one for another host, nobody there, and a dead proxy.
#[rocket::async_test]
async fn the_log_says_why_logto_was_not_reached() {
    let authority = authority("trusted");
    if !trusts(&authority, "the_log_says_why_logto_was_not_reached") {
        return;
    }
    capture();
    let strangers = serve(server("localhost", 2120, Some(&self::authority("a stranger")))).await;
    let others = serve(server("evil.example", 2120, Some(&authority))).await;
    let out_of_date = serve(server("localhost", 2021, Some(&authority))).await;
    let nobody = "https://localhost:1".to_owned();
    let proxied = "https://logto.example".to_owned();
    for (endpoint, reasons) in [
        (strangers, &["UnknownIssuer", "SSL_CERT_FILE"][..]),
        (others, &["not valid for name \"localhost\"", "evil.example"]),
        (out_of_date, &["expired"]),
        (nobody, &["Connection refused"]),
        (proxied, &["Connection refused", "the variable HTTPS_PROXY names a proxy"]),
    ] {
        let browser = Browser::open(app(figment(&endpoint).merge(("log_level", "normal")))).await;
        assert_eq!(browser.visit("/sign-in").await.status, Status::ServiceUnavailable);
        let log = LOG.lock().expect("the log").join("\n");
        LOG.lock().expect("the log").clear();
        let address = format!("no connection to {endpoint}/oidc/.well-known/openid-configuration");
        for part in reasons.iter().copied().chain([address.as_str()]) {
            assert!(log.contains(part), "{part:?} is not in: {log}");
        }
    }
}

/// What was logged.
static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn capture() {
    struct Logger;
    impl log::Log for Logger {
        fn enabled(&self, _: &log::Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &log::Record<'_>) {
            LOG.lock().expect("the log").push(record.args().to_string());
        }
        fn flush(&self) {}
    }
    log::set_boxed_logger(Box::new(Logger)).expect("the first one");
    log::set_max_level(log::LevelFilter::Warn);
}

/// Whether this process trusts `authority`. A process reads trusted certificates once, so this
/// first runs `test` in another process, once for each variable.
fn trusts(authority: &Authority, test: &str) -> bool {
    let Some(variable) = env::var_os("CHILD") else {
        TRUSTED.iter().for_each(|variable| in_a_process_of_its_own(test, variable));
        return false;
    };
    let place = PathBuf::from(env::var_os(&variable).expect("it was set"));
    let file = if variable == TRUSTED[0] { place } else { place.join("0123abcd.0") };
    fs::write(file, authority.pem()).expect("a file of the test");
    true
}

fn in_a_process_of_its_own(test: &str, variable: &str) {
    let name = format!("logto-rocket-tls-{}-{test}-{variable}", std::process::id());
    let place = env::temp_dir().join(name);
    if variable == TRUSTED[1] {
        fs::create_dir(&place).expect("a folder of the test");
    }
    let output = Command::new(env::current_exe().expect("this test"))
        .args(["--exact", test, "--nocapture"])
        .env_remove(TRUSTED[0])
        .env_remove(TRUSTED[1])
        .env(variable, &place)
        .env("CHILD", variable)
        .env("HTTPS_PROXY", "http://localhost:1")
        .output()
        .expect("it runs");
    let removed = if place.is_dir() { fs::remove_dir_all(&place) } else { fs::remove_file(&place) };
    removed.expect("the test wrote it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// REL-17: these tests are also built with ring, like an application whose own client uses it:
/// rustls then picks no provider by itself.
#[rocket::async_test]
async fn two_crypto_providers_do_no_harm() {
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
    let chosen = std::panic::catch_unwind(ServerConfig::builder);
    assert!(chosen.is_err(), "rustls does not choose");
    let _ = rustls::crypto::ring::default_provider();
    assert!(!begins(server("localhost", 2120, None)).await, "a client is made, and works");
}

/// H6: plain http is for this machine, unless the configuration accepts the danger.
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

//! `rediss://`, with a certificate authority of its own.

use std::fs;
use std::path::{Path, PathBuf};

use logto_rocket::{RedisConfig, RedisStore, contract};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::server::{Redis, free_port};
use crate::{causes, data};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority")
}

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    fs::write(&file, text).expect("a file of the test");
    file
}

/// S35: `ca` says whose certificates are trusted, and without it the system does.
#[rocket::async_test]
async fn a_server_is_trusted_that_the_configured_authority_vouches_for() {
    let port = free_port().to_string();
    let settings = ["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no"];
    let names = [
        "--tls-cert-file",
        "cert.pem",
        "--tls-key-file",
        "key.pem",
        "--tls-ca-cert-file",
        "ca.pem",
    ];
    let Some(mut redis) = Redis::prepare(&[&settings[..], &names[..]].concat()) else { return };
    let ours = authority();
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &ours).expect("a certificate");
    let folder = redis.folder().to_owned();
    write(&folder, "cert.pem", &certificate.pem());
    write(&folder, "key.pem", &key.serialize_pem());
    let ca = write(&folder, "ca.pem", &ours.pem());
    let other = write(&folder, "other.pem", &authority().pem());
    redis.launch();
    let url = format!("rediss://localhost:{port}");
    let store = |url: &str, ca: Option<&PathBuf>| {
        let mut config = RedisConfig::new(url);
        config.ca = ca.cloned();
        RedisStore::new(config)
    };
    let right = store(&url, Some(&ca)).expect("a store");
    crate::until("redis-server listens", || async { data(&right, "a").await.ok() }).await;
    contract::check(&right).await.expect("the contract is kept");
    for ca in [None, Some(&other)] {
        let error = data(&store(&url, ca).expect("a store"), "a").await.expect_err("not believed");
        assert!(causes(&error).contains("certificate"), "{}", causes(&error));
    }
    let address = format!("rediss://127.0.0.1:{port}");
    let error = data(&store(&address, Some(&ca)).expect("a store"), "a").await;
    assert!(causes(&error.expect_err("another name")).contains("certificate"));
    // Contradictory settings end the launch.
    let plain = store("redis://localhost", Some(&ca)).expect_err("there is no TLS");
    assert!(causes(&plain).contains("rediss://"), "{}", causes(&plain));
    let empty = write(&folder, "empty.pem", "");
    let empty = store(&url, Some(&empty)).expect_err("no certificate");
    assert!(causes(&empty).contains("no PEM certificate"), "{}", causes(&empty));
}

//! A provider that other machines can reach.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};

use logto_dev::Provider;
use reqwest::header::ORIGIN;
use rocket::async_test;

use crate::support::{Answer, App, decode, text};

/// A name that leads nowhere.
const NOWHERE: &str = "https://login.invalid";

#[async_test]
async fn a_provider_uses_the_endpoint_it_is_given() {
    let app = App::with(Provider::builder().endpoint(format!("{NOWHERE}/"))).await;
    assert_eq!(app.provider.endpoint(), NOWHERE);
    assert_eq!(app.provider.issuer(), format!("{NOWHERE}/oidc"));
    let callback = app.provider.approve(&app.url(&[]), "alice").await.expect("a callback");
    assert!(callback.contains("iss=https%3A%2F%2Flogin.invalid%2Foidc"), "{callback}");
}

/// Browsers and the application know it by another address than it listens on.
#[async_test]
async fn tokens_and_metadata_name_the_endpoint_that_was_set() {
    let port = free_port();
    let builder = Provider::builder().port(port).endpoint(NOWHERE);
    let app = App::with(builder).await;
    let local = format!("http://127.0.0.1:{port}");
    let get = async |path: &str| {
        Answer::of(app.http.get(format!("{local}{path}")).send().await.expect("an answer")).await
    };
    let metadata = get("/oidc/.well-known/openid-configuration").await.ok();
    for name in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"] {
        assert!(metadata[name].as_str().expect(name).starts_with(NOWHERE), "{metadata}");
    }
    let change = async |origin: &str| {
        let form = app.http.post(format!("{local}/user/suspend")).header(ORIGIN, origin);
        let form = form.header("Content-Type", "application/x-www-form-urlencoded");
        form.body("username=bob").send().await.expect("an answer").status().as_u16()
    };
    assert_eq!(change(NOWHERE).await, 303);
    assert_eq!(change(&local).await, 403);
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[async_test]
async fn a_provider_on_all_addresses_answers_at_each_and_is_named_by_loopback() {
    let app = App::with(Provider::builder().address(Ipv4Addr::UNSPECIFIED)).await;
    let endpoint = app.provider.endpoint().to_string();
    assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");
    let tokens = app.sign_in("alice", &[]).await;
    assert_eq!(decode(&text(&tokens, "id_token")).1["iss"], format!("{endpoint}/oidc"));
    // All of 127.0.0.0/8 is this machine, and nothing else listens on 127.0.0.2.
    let other = endpoint.replace("127.0.0.1", "127.0.0.2");
    assert!(app.http.get(&other).send().await.expect("an answer").status().is_success());
    let default = Provider::start().await;
    let other = default.endpoint().replace("127.0.0.1", "127.0.0.2");
    assert!(app.http.get(&other).send().await.is_err());
}

#[async_test]
async fn an_ipv6_address_is_in_brackets() {
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        return println!("skipped: this machine has no IPv6");
    }
    let app = App::with(Provider::builder().address(Ipv6Addr::LOCALHOST)).await;
    assert!(app.provider.endpoint().starts_with("http://[::1]:"), "{:?}", app.provider);
    app.sign_in("alice", &[]).await;
}

#[async_test]
async fn a_port_that_was_set_is_kept_and_one_that_is_taken_is_named() {
    let port = free_port();
    let provider = Provider::builder().port(port).start().await;
    assert_eq!(provider.endpoint(), format!("http://127.0.0.1:{port}"));
    let second = rocket::tokio::spawn(Provider::builder().port(port).start()).await;
    let panic = second.expect_err("the port is taken").into_panic();
    let message = panic.downcast_ref::<String>().expect("a message");
    assert!(message.contains(&format!("cannot start on 127.0.0.1:{port}")), "{message}");
}

#[async_test]
#[should_panic(expected = "write one, such as `http://192.168.1.5:3001`")]
async fn an_endpoint_with_a_path_does_not_start() {
    Provider::builder().endpoint("https://example.com/logto").start().await;
}

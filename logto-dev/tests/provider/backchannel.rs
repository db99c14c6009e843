use std::time::{Duration, Instant};

use logto_dev::{Builder, Generation, Provider};
use rocket::async_test;
use serde_json::{Value, json};

use crate::browser::{Browser, HOME};
use crate::listener::Listener;
use crate::support::{App, decode, keys, text};

/// Signs alice in and out, and returns the ID token's claims and those of the
/// logout tokens.
async fn sign_out(builder: Builder) -> (Value, Vec<Value>) {
    let listener = Listener::start().await;
    let app = App::with(builder.backchannel_logout_uri(listener.url("/logout"))).await;
    let mut browser = Browser::new(&app);
    let tokens = browser.sign_in("alice", &[]).await;
    let client = format!("client_id={}&{HOME}", app.provider.app_id());
    let [_, confirmed] = browser.sign_out(&client).await;
    assert_eq!(confirmed.header("location"), Some("http://localhost:8000/"));
    let told = listener.received().into_iter().map(|request| {
        assert_eq!(request.path, "/logout");
        decode(request.body.strip_prefix("logout_token=").expect("a logout token")).1
    });
    (decode(&text(&tokens, "id_token")).1, told.collect())
}

#[async_test]
async fn the_application_is_told_which_session_ended() {
    let (session, told) = sign_out(Provider::builder()).await;
    assert_eq!(told.len(), 1);
    for name in ["iss", "sub", "aud", "sid"] {
        assert_eq!(told[0][name], session[name], "{name}");
    }
    assert_eq!(told[0].get("nonce"), None);
}

#[async_test]
async fn without_a_required_session_no_token_names_it() {
    let builder = Provider::builder().backchannel_logout_session_required(false);
    let (session, told) = sign_out(builder).await;
    assert_eq!((session.get("sid"), told[0].get("sid")), (None, None));
    assert_eq!(told[0]["sub"], session["sub"]);
}

#[async_test]
async fn without_a_registered_uri_nobody_is_told() {
    let app = App::with(Provider::builder().backchannel_logout_uri("")).await;
    let tokens = app.sign_in("alice", &[]).await;
    assert_eq!(decode(&text(&tokens, "id_token")).1.get("sid"), None);
    let introspected = app.introspect(&text(&tokens, "access_token")).await.ok();
    assert_eq!(introspected.get("sid"), None);
}

#[async_test]
async fn a_sign_out_continues_whatever_the_application_answers() {
    let app = App::start().await;
    let refusing = Listener::answering("400 Bad Request").await;
    for uri in [refusing.url("/"), "http://127.0.0.1:1/".to_string()] {
        app.provider.backchannel_logout_uri(uri);
        let mut browser = Browser::new(&app);
        browser.sign_in("alice", &[]).await;
        let [_, confirmed] = browser.sign_out("").await;
        assert_eq!(confirmed.status, 303);
        let silent = browser.location(&[("prompt", "none")]).await;
        assert!(silent.contains("error=login_required"), "{silent}");
    }
    assert_eq!(refusing.received().len(), 1);
}

#[async_test]
async fn an_application_that_does_not_answer_is_given_up() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let uri = format!("http://{}/", silent.local_addr().expect("an address"));
    let app = App::with(Provider::builder().backchannel_logout_uri(uri)).await;
    let mut browser = Browser::new(&app);
    browser.sign_in("alice", &[]).await;
    let before = Instant::now();
    browser.sign_out("").await;
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
}

#[async_test]
async fn nobody_is_told_of_a_sign_out_without_a_session_or_a_confirmation() {
    let listener = Listener::start().await;
    let app = App::with(Provider::builder().backchannel_logout_uri(listener.url("/"))).await;
    Browser::new(&app).sign_out("").await;
    let mut browser = Browser::new(&app);
    browser.sign_in("alice", &[]).await;
    browser.ask_to_sign_out("").await;
    app.provider.suspend("alice");
    assert_eq!(listener.received().len(), 0, "Logto tells of sign-outs, and of no suspension");
}

#[async_test]
async fn a_logout_token_for_tests_is_like_the_real_one() {
    for (generation, end) in [(Generation::V1_42, Some(120)), (Generation::V1_37, None)] {
        let provider = Provider::builder().generation(generation).start().await;
        let (header, claims) = decode(&provider.logout_token("alice", "s1"));
        assert_eq!(header["typ"], "logout+jwt");
        assert_eq!((&claims["sid"], &claims["aud"]), (&json!("s1"), &json!(provider.app_id())));
        let life = claims["exp"].as_u64().map(|exp| exp - claims["iat"].as_u64().expect("a time"));
        assert_eq!(life, end);
        let (_, all) = decode(&provider.logout_token("alice", None));
        assert!(!keys(&all).contains("sid"));
        let event = "http://schemas.openid.net/event/backchannel-logout";
        assert_eq!(all["events"], json!({ event: {} }));
        assert_ne!(all["jti"], claims["jti"]);
    }
}

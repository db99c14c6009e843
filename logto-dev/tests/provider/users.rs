use std::time::{Duration, Instant};

use logto_dev::{MachineApp, Provider, User};
use rocket::async_test;

use crate::support::{App, Captures, decode, query, text};

#[async_test]
async fn cancelling_returns_access_denied() {
    let app = App::start().await;
    let callback = app.provider.cancel(&app.url(&[])).await.expect("a callback");
    assert_eq!(query(&callback, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(&callback, "state").as_deref(), Some("st-1"));
    assert_eq!(query(&callback, "iss"), Some(app.provider.issuer()));
}

#[async_test]
async fn signing_up_creates_a_user() {
    let app = App::start().await;
    let url = app.url(&[("first_screen", "register")]);
    let callback = app.provider.sign_up(&url, "dave").await.expect("a callback");
    let tokens = app.redeem(&query(&callback, "code").expect("a code"), &[]).await.ok();
    let (_, claims) = decode(&text(&tokens, "id_token"));
    assert_eq!(claims["username"], "dave");
    assert!(claims["email"].is_null());
    let dave = app.provider.user("dave").expect("a new user");
    assert_eq!(claims["sub"], dave.sub());
    assert_eq!(app.sign_in("dave", &[]).await["token_type"], "Bearer");
}

#[async_test]
async fn signing_up_needs_a_free_and_proper_name() {
    let app = App::start().await;
    for (name, reason) in
        [("alice", "taken"), ("1st", "does not begin with a digit"), ("<b>", "letters")]
    {
        let error = app.provider.sign_up(&app.url(&[]), name).await.expect_err(name);
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[async_test]
async fn only_known_users_sign_in() {
    let app = App::start().await;
    let error = app.provider.approve(&app.url(&[]), "mallory").await.expect_err("no such user");
    assert!(error.to_string().contains("no such user"), "{error}");
    let error = app.provider.approve("https://example.com/", "alice").await.expect_err("no URL");
    assert!(error.to_string().contains("no authorization URL"), "{error}");
}

#[async_test]
async fn a_user_in_code_has_what_was_set() {
    let carol = User::new("carol").id("c1").name("Carol").email("carol@example.com").role("chef");
    let app = App::with(Provider::builder().user(carol)).await;
    let tokens = app.sign_in("carol", &[]).await;
    let (_, claims) = decode(&text(&tokens, "id_token"));
    assert_eq!((&claims["sub"], &claims["name"]), (&"c1".into(), &"Carol".into()));
    assert_eq!((&claims["email_verified"], &claims["roles"][0]), (&true.into(), &"chef".into()));
}

#[async_test]
async fn a_picture_that_is_a_path_is_drawn_by_the_provider() {
    let builder = Provider::builder()
        .user(User::new("eve").name("<script>").picture("/avatars/eve.svg"))
        .user(User::new("carol").picture("https://example.com/carol.png"));
    let app = App::with(builder).await;
    for (username, initial) in [("alice", ">A</text>"), ("eve", ">&lt;</text>")] {
        let tokens = app.sign_in(username, &[]).await;
        let picture = text(&decode(&text(&tokens, "id_token")).1, "picture");
        let path = format!("/avatars/{username}.svg");
        assert_eq!(picture, format!("{}{path}", app.provider.endpoint()));
        let info = app.user_info(&text(&tokens, "access_token")).await.ok();
        assert_eq!(info["picture"], picture);
        let avatar = app.get(&path).await;
        assert_eq!(
            (avatar.status.as_u16(), avatar.header("content-type")),
            (200, Some("image/svg+xml"))
        );
        assert!(
            avatar.body.starts_with("<svg ") && avatar.body.contains(initial),
            "{}",
            avatar.body
        );
    }
    let (_, carol) = decode(&text(&app.sign_in("carol", &[]).await, "id_token"));
    assert_eq!(carol["picture"], "https://example.com/carol.png");
    for path in ["/avatars/nobody.svg", "/avatars/alice.png", "/avatars/alice"] {
        assert_eq!(app.get(path).await.status, 404, "{path}");
    }
}

#[async_test]
async fn suspending_a_user_ends_their_tokens() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let tokens = app.sign_in("alice", &[]).await;
    let bob = app.sign_in("bob", &[]).await;
    app.provider.suspend("alice");
    let refreshed = app.refresh(&text(&tokens, "refresh_token"), &[]).await;
    assert_eq!(refreshed.json(), captures.of("suspended refresh")[1]);
    let info = app.user_info(&text(&tokens, "access_token")).await;
    assert_eq!(info.status, 401);
    let error = app.provider.approve(&app.url(&[]), "alice").await.expect_err("suspended");
    assert!(error.to_string().contains("suspended"), "{error}");
    app.refresh(&text(&bob, "refresh_token"), &[]).await.ok();
    app.provider.reinstate("alice");
    app.sign_in("alice", &[]).await;
}

#[async_test]
async fn deleting_a_user_ends_their_tokens() {
    let app = App::start().await;
    let tokens = app.sign_in("alice", &[]).await;
    app.provider.delete("alice");
    assert_eq!(app.refresh(&text(&tokens, "refresh_token"), &[]).await.status, 400);
    assert_eq!(app.user_info(&text(&tokens, "access_token")).await.status, 401);
    assert!(app.provider.approve(&app.url(&[]), "alice").await.is_err());
}

#[async_test]
async fn revoking_a_user_s_grants_lets_them_sign_in_again() {
    let app = App::start().await;
    let tokens = app.sign_in("alice", &[]).await;
    app.provider.revoke("alice");
    assert_eq!(app.refresh(&text(&tokens, "refresh_token"), &[]).await.status, 400);
    app.sign_in("alice", &[]).await;
}

#[async_test]
async fn a_stopped_provider_answers_nobody_and_resumes_where_it_was() {
    let app = App::start().await;
    let tokens = app.sign_in("alice", &[]).await;
    let url = format!("{}/oidc/jwks", app.provider.endpoint());
    let before = Instant::now();
    app.provider.stop().await;
    assert!(before.elapsed() < Duration::from_secs(1), "{:?}", before.elapsed());
    // Not over a kept connection, which may only then turn out to be closed.
    assert!(reqwest::get(&url).await.expect_err("a closed port").is_connect());
    assert!(app.provider.approve(&app.url(&[]), "alice").await.is_err());
    app.provider.resume().await.expect("the port is free");
    app.refresh(&text(&tokens, "refresh_token"), &[]).await.ok();
    app.sign_in("bob", &[]).await;
}

#[test]
fn a_provider_needs_no_network_of_the_caller_s_runtime() {
    let runtime = rocket::tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let provider = runtime.block_on(Provider::start());
    let url = format!(
        "{}/oidc/auth?client_id={}&response_type=code&scope=openid&redirect_uri={}",
        provider.endpoint(),
        provider.app_id(),
        crate::support::CALLBACK,
    );
    let callback = runtime.block_on(provider.approve(&url, "alice"));
    assert!(callback.expect("a callback").contains("code="));
}

#[async_test]
async fn nothing_prints_a_secret() {
    let builder = Provider::builder().app("the-app", "the-secret");
    assert!(!format!("{builder:?}").contains("the-secret"));
    let provider = builder.start().await;
    let printed = format!("{provider:?}");
    assert!(printed.contains("the-app") && !printed.contains("the-secret"), "{printed}");
    let machine = format!("{:?}", MachineApp::new("robot", "the-secret").role("cook"));
    assert!(machine.contains("robot") && !machine.contains("the-secret"), "{machine}");
}

#[async_test]
#[should_panic(expected = "no requests to `tokens`")]
async fn counting_an_unknown_endpoint_panics() {
    let _ = Provider::start().await.count("tokens");
}

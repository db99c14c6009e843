//! `logto_dev::Provider::sign_in()`: a whole sign-in in one call.

use logto_dev::Provider;
use logto_rocket::Logto;
use logto_tests::app;
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::local::{asynchronous, blocking};

async fn me(client: &asynchronous::Client) -> Status {
    client.get("/api/me").dispatch().await.status()
}

#[rocket::async_test]
async fn a_sign_in_is_one_call_and_ends_at_the_page_that_it_began_at() {
    let provider = Provider::start().await;
    let client = asynchronous::Client::tracked(app(provider.figment())).await.unwrap();
    assert_eq!(provider.sign_in(&client, "alice").await, "/");
    assert_eq!(me(&client).await, Status::Ok);
    provider.sign_in(&client, "bob").await;
    let name = client.get("/api/me").dispatch().await.into_string().await.unwrap();
    assert!(name.contains("bob") && !name.contains("alice"), "{name}");

    let stranger = asynchronous::Client::tracked(app(provider.figment())).await.unwrap();
    let page = provider.sign_in_at(&stranger, "/pages/7?tab=a", "alice").await;
    assert_eq!((page.as_str(), me(&stranger).await), ("/pages/7?tab=a", Status::Ok));
}

#[rocket::async_test]
async fn the_configured_routes_and_the_prefix_of_a_proxy_are_known() {
    let provider = Provider::builder()
        .base_url("https://app.example.com/shop")
        .redirect_uri("https://app.example.com/shop/auth/callback")
        .start()
        .await;
    let figment = provider.figment().merge(("logto.routes.base", "/auth/"));
    let figment = figment.merge(("logto.routes.sign_in", "/enter"));
    let client = asynchronous::Client::tracked(app(figment)).await.unwrap();
    assert_eq!(provider.sign_in(&client, "alice").await, "/");
    assert_eq!(me(&client).await, Status::Ok);
    let page = provider.sign_in_at(&client, "/auth/enter?return_to=/pages/7", "bob").await;
    assert_eq!(page, "/pages/7");
}

#[test]
fn a_blocking_client_signs_in_too() {
    let provider = rocket::execute(Provider::start());
    let client = blocking::Client::tracked(app(provider.figment())).unwrap();
    assert_eq!(provider.sign_in_blocking(&client, "alice"), "/");
    assert_eq!(client.get("/api/me").dispatch().status(), Status::Ok);
}

fn walk(figment: impl Fn(&Provider) -> Figment, username: &str) {
    let provider = rocket::execute(Provider::start());
    let client = blocking::Client::tracked(app(figment(&provider))).unwrap();
    provider.sign_in_blocking(&client, username);
}

#[test]
#[should_panic(expected = "signing in as nobody: ")]
fn an_unknown_user_is_named() {
    walk(Provider::figment, "nobody");
}

#[test]
#[should_panic(
    expected = "/sign-in does not lead to a sign-in: the application answers 404 Not Found"
)]
fn an_application_without_the_route_is_named() {
    walk(|provider| provider.figment().merge(("logto.routes.sign_in", false)), "alice");
}

#[test]
#[should_panic(expected = "/oidc/auth")]
fn an_application_of_another_logto_is_named() {
    let other = rocket::execute(Provider::start());
    let endpoint = other.endpoint().to_owned();
    walk(|provider| provider.figment().merge(("logto.endpoint", &endpoint)), "alice");
}

#[test]
#[should_panic(expected = "open it with `Client::tracked()`")]
fn a_client_that_keeps_no_cookies_is_named() {
    let provider = rocket::execute(Provider::start());
    let client = blocking::Client::untracked(app(provider.figment())).unwrap();
    provider.sign_in_blocking(&client, "alice");
}

#[test]
#[should_panic(expected = "the application refuses the sign-in with 502")]
fn an_application_that_refuses_is_named() {
    let rocket = |provider: &Provider| {
        let figment = provider.figment().merge(("logto.app_secret", "a wrong one"));
        rocket::custom(figment).attach(Logto::fairing())
    };
    let provider = rocket::execute(Provider::start());
    let client = blocking::Client::tracked(rocket(&provider)).unwrap();
    provider.sign_in_blocking(&client, "alice");
}

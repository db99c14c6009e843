//! What the README promises, with a provider instead of Logto.

// The program itself: its routes and `rocket()` are private.
include!("../src/main.rs");

use logto_dev::Provider;
use rocket::local::asynchronous::Client;

const PROGRAM: &str = include_str!("../src/main.rs");

async fn client(provider: &Provider) -> Client {
    Client::tracked(provider.configure(rocket())).await.expect("it launches")
}

async fn text(client: &Client, path: &str) -> String {
    client.get(path).dispatch().await.into_string().await.unwrap_or_default()
}

#[test]
fn the_program_is_that_of_the_readme_and_one_line() {
    let readme = include_str!("../../../README.md");
    let first = readme.split("```rust\n").nth(1).and_then(|block| block.split("```").next());
    let plain = |program: &str| program.split_whitespace().collect::<String>();
    let line = ".attach(logto_dev::Provider::fairing())";
    assert_eq!(PROGRAM.matches(line).count(), 1);
    assert_eq!(plain(&PROGRAM.replace(line, "")), plain(first.expect("a program")));
}

#[rocket::async_test]
async fn the_readmes_steps_lead_where_it_says() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    assert_eq!(text(&client, "/").await, "Hello, stranger!");
    assert_eq!(provider.sign_in_at(&client, "/profile", "alice").await, "/profile");
    assert_eq!(text(&client, "/profile").await, "Hello, Alice Lidell!");
    let id = provider.user("alice").expect("a user").sub().to_owned();
    assert_eq!(text(&client, "/").await, format!("Hello, {id}!"));
    client.get("/sign-out").dispatch().await;
    assert_eq!(text(&client, "/").await, "Hello, stranger!");
}

#[rocket::async_test]
async fn bob_who_has_no_name_is_greeted_by_his_username() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    provider.sign_in(&client, "bob").await;
    assert_eq!(text(&client, "/profile").await, "Hello, bob!");
}

#[rocket::async_test]
async fn it_runs_with_a_look_alike_and_without_a_rocket_toml() {
    assert!(!std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Rocket.toml").exists());
    let figment = rocket::figment::Figment::from(rocket::Config::debug_default());
    let rocket = rocket().configure(figment.merge(("log_level", "off")));
    let client = Client::tracked(rocket).await.expect("it launches");
    let begun = client.get("/sign-in").dispatch().await;
    let location = begun.headers().get_one("Location").expect("it leads to the look-alike");
    assert!(location.starts_with("http://127.0.0.1:"), "{location}");
    for mounted in ["/sign-in", "/sign-up", "/callback", "/sign-out", "/backchannel-logout"] {
        assert!(client.rocket().routes().any(|route| route.uri == mounted), "{mounted}");
    }
}

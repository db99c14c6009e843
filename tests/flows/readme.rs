//! The code of the README, as it stands there.

#![allow(clippy::unwrap_used, dead_code)]

mod testing;

use logto_dev::Provider;
use logto_rocket::{Audience, Error, Logto, LogtoClient, User, authenticated};
use logto_tests::Browser;
use rocket::local::asynchronous::Client;
use rocket::{get, launch, routes};

#[get("/")]
fn home(user: Option<&User>) -> String {
    format!("Hello, {}!", user.map_or("stranger", User::subject))
}

#[authenticated(redirect)]
#[get("/profile")]
fn profile(user: &User) -> String {
    format!("Hello, {}!", user.name().unwrap_or("stranger"))
}

#[get("/items/<organization>")]
async fn items(organization: &str, logto: LogtoClient<'_>) -> Result<String, Error> {
    let api = Audience::resource("https://api.example.com").in_organization(organization);
    let Some(token) = logto.access_token(api).await? else { return Ok("sign in".into()) };
    Ok(format!("may read: {}", token.has_scope("read:items")))
}

#[launch]
fn rocket() -> _ {
    rocket::build().attach(Logto::fairing()).mount("/", routes![home, profile])
}

#[rocket::async_test]
async fn alice_sees_her_name() {
    let provider = Provider::start().await;
    let client = Client::tracked(provider.configure(rocket())).await.unwrap();
    provider.sign_in(&client, "alice").await;
    assert!(client.get("/profile").dispatch().await.into_string().await.unwrap().contains("Alice"));
}

#[rocket::async_test]
async fn alice_may_read_items_in_acme() {
    let provider = Provider::start().await;
    let figment = provider
        .figment()
        .merge(("logto.scopes", ["read:items", "urn:logto:scope:organizations"]))
        .merge(("logto.resources", ["https://api.example.com"]));
    let rocket = rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![items]);
    let browser = Browser::open(rocket).await;
    browser.sign_in(&provider, "/sign-in").await;
    assert_eq!(browser.visit("/items/8wz3nrme4n02").await.body, "may read: true");
}

/// Every block of the README's Rust is a part of these files.
#[test]
fn the_code_of_the_readme_is_this_code() {
    let readme = include_str!("../../README.md");
    let here = concat!(include_str!("readme.rs"), include_str!("readme/testing.rs"));
    let blocks: Vec<_> = readme.split("```rust\n").skip(1).collect();
    assert_eq!(blocks.len(), 4);
    for block in blocks {
        let code = block.split("```").next().unwrap_or_default();
        let items = code.split("\n\n").filter(|item| !item.starts_with("use "));
        for item in items {
            assert!(here.contains(item.trim_end()), "not in tests/flows/readme.rs:\n{item}");
        }
    }
}

//! The README's code, as it stands there.

#![allow(clippy::unwrap_used, dead_code)]

mod testing;

use std::path::Path;

use logto_dev::Provider;
use logto_rocket::{Config, Logto, User, authenticated};
use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use rocket::local::asynchronous::Client;
use rocket::{get, launch, routes};

const README: &str = include_str!("../../README.md");

#[get("/")]
fn home(user: Option<&User>) -> String {
    format!("Hello, {}!", user.map_or("stranger", User::subject))
}

#[authenticated(redirect)]
#[get("/profile")]
fn profile(user: &User) -> String {
    format!("Hello, {}!", user.display_name())
}

#[authenticated(redirect, roles("admin"))]
#[get("/admin")]
fn admin(user: &User) -> String {
    format!("{} may do everything.", user.display_name())
}

#[launch]
fn rocket() -> _ {
    rocket::build().attach(Logto::fairing()).mount("/", routes![home, profile])
}

/// The README's application, with a provider of the test.
#[rocket::async_test]
async fn alice_sees_her_name() {
    let provider = Provider::start().await;
    let client = Client::tracked(provider.configure(rocket())).await.unwrap();
    provider.sign_in(&client, "alice").await;
    assert!(client.get("/profile").dispatch().await.into_string().await.unwrap().contains("Alice"));
}

#[rocket::async_test]
async fn a_page_for_admins_is_for_nobody_else() {
    let provider = Provider::start().await;
    let figment = provider.figment().merge(("logto.scopes", ["roles"]));
    let rocket = rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![admin]);
    let client = Client::tracked(rocket).await.unwrap();
    provider.sign_in(&client, "alice").await;
    assert_eq!(client.get("/admin").dispatch().await.status().code, 403);
    provider.set_roles("alice", ["admin"]);
    provider.sign_in(&client, "alice").await;
    let page = client.get("/admin").dispatch().await;
    assert_eq!(page.into_string().await.unwrap(), "Alice Lidell may do everything.");
}

#[test]
fn the_configuration_of_the_readme_launches() {
    let block = README.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let written = Toml::string(&block.replace("...", "given")).nested();
    for profile in ["debug", "release"] {
        let figment = Figment::from(rocket::Config::default())
            .merge(&written)
            .join(("logto.cookie_secret", "a secret of at least 32 random bytes"));
        let config = Config::from_figment(&figment.select(profile)).unwrap();
        let base_url = config.base_url.unwrap();
        assert_eq!(base_url == "https://app.example.com", profile == "release", "{base_url}");
    }
}

/// crates.io resolves no relative link of this file, which is next to the packages.
#[test]
fn the_links_of_the_readme_lead_to_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let here = "https://github.com/logto-rocket/logto-rocket/blob/main/";
    let links: Vec<_> = README.split(here).skip(1).collect();
    assert!(links.len() > 10);
    for link in links {
        let path = link.split([')', '\n']).next().unwrap();
        assert!(root.join(path).is_file(), "{path}");
    }
    assert_eq!(README.matches("](").count(), README.matches("](https://").count());
}

/// Every Rust block of the README is a part of these files.
#[test]
fn the_code_of_the_readme_is_this_code() {
    let here = concat!(include_str!("readme.rs"), include_str!("readme/testing.rs"));
    let blocks: Vec<_> = README.split("```rust\n").skip(1).collect();
    assert_eq!(blocks.len(), 3);
    for block in blocks {
        let code = block.split("```").next().unwrap_or_default();
        let items = code.split("\n\n").filter(|item| !item.starts_with("use "));
        for item in items {
            assert!(here.contains(item.trim_end()), "not in tests/flows/readme.rs:\n{item}");
        }
    }
}

//! What the README promises, with a provider instead of Logto.

use std::sync::Arc;

use logto_dev::Provider;
use logto_rocket::{Logto, MemoryStore};
use rocket::http::{Header, Status};
use rocket::local::asynchronous::{Client, LocalResponse};

use crate::application;

/// A browser: each has its own cookies and instance, and they share a store.
async fn browser(provider: &Provider, store: &Arc<MemoryStore>) -> Client {
    let logto = Logto::fairing().store(Arc::clone(store));
    Client::tracked(application(provider.figment(), logto)).await.expect("it launches")
}

async fn sign_in(provider: &Provider, client: &Client, user: &str, agent: &'static str) {
    let response = client.get("/sign-in?return_to=/devices").dispatch().await;
    let callback = provider.approve(location(&response), user).await.expect("a known user");
    let callback = callback.strip_prefix("http://localhost:8000").expect("it is this site");
    let request = client.get(callback.to_owned()).header(Header::new("User-Agent", agent));
    assert!(location(&request.dispatch().await).ends_with("/devices"));
}

fn location<'a>(response: &'a LocalResponse<'_>) -> &'a str {
    assert_eq!(response.status(), Status::SeeOther);
    response.headers().get_one("Location").expect("303 has a location")
}

async fn devices(client: &Client) -> String {
    let response = client.get("/devices").dispatch().await;
    assert_eq!(response.status(), Status::Ok);
    response.into_string().await.expect("a page")
}

/// Where the button leads that signs the other session out.
fn button(page: &str) -> &str {
    let from = page.find("/devices/").expect("there is another session");
    &page[from..][..page[from..].find('"').expect("the end of an attribute")]
}

#[rocket::async_test]
async fn a_session_that_is_ended_is_signed_out_at_its_next_request() {
    let (provider, store) = (Provider::start().await, Arc::new(MemoryStore::new(10)));
    let (laptop, phone) = (browser(&provider, &store).await, browser(&provider, &store).await);
    sign_in(&provider, &laptop, "alice", "Laptop").await;
    sign_in(&provider, &phone, "alice", "Phone").await;

    let page = devices(&laptop).await;
    assert!(page.contains("Laptop (this browser)") && page.contains("Phone<br>"), "{page}");
    assert!(devices(&phone).await.contains("Phone (this browser)"));
    let ended = laptop.post(button(&page).to_owned()).dispatch().await;
    assert_eq!(location(&ended), "/devices");

    assert!(!devices(&laptop).await.contains("Phone"));
    let response = phone.get("/devices").dispatch().await;
    assert!(location(&response).contains("/sign-in"));
    let again = laptop.post(button(&page).to_owned()).dispatch().await;
    assert_eq!(again.status(), Status::NotFound);
}

#[rocket::async_test]
async fn another_user_and_another_site_end_nothing() {
    let (provider, store) = (Provider::start().await, Arc::new(MemoryStore::new(10)));
    let (laptop, phone) = (browser(&provider, &store).await, browser(&provider, &store).await);
    sign_in(&provider, &laptop, "alice", "Laptop").await;
    sign_in(&provider, &phone, "alice", "Phone").await;
    let button = button(&devices(&laptop).await).to_owned();

    let from_elsewhere = Header::new("Sec-Fetch-Site", "cross-site");
    let forged = laptop.post(button.clone()).header(from_elsewhere).dispatch().await;
    assert_eq!(forged.status(), Status::Forbidden);
    let other = browser(&provider, &store).await;
    sign_in(&provider, &other, "bob", "Other").await;
    assert_eq!(other.post(button).dispatch().await.status(), Status::NotFound);
    assert!(!devices(&other).await.contains("Phone"));
    assert!(devices(&phone).await.contains("Phone (this browser)"));
}

#[rocket::async_test]
async fn a_browsers_name_is_never_markup() {
    let (provider, store) = (Provider::start().await, Arc::new(MemoryStore::new(10)));
    let client = browser(&provider, &store).await;
    sign_in(&provider, &client, "alice", "<script>alert(1)</script>").await;
    let page = devices(&client).await;
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
}

#[rocket::async_test]
async fn the_sample_keeps_sessions_in_memory_by_itself() {
    let provider = Provider::start().await;
    let rocket = application(provider.figment(), Logto::fairing());
    let client = Client::tracked(rocket).await.expect("it launches");
    let home = client.get("/").dispatch().await.into_string().await.expect("a page");
    assert!(home.contains("/sign-in?return_to=/devices"), "{home}");
    sign_in(&provider, &client, "alice", "Laptop").await;
    assert!(devices(&client).await.contains("Laptop (this browser)"));
    let out = client.post("/sign-out").dispatch().await;
    assert!(location(&out).starts_with(&provider.issuer()));
}

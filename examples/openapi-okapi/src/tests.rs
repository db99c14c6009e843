//! What the document says, and that the application does it.

use logto_dev::Provider;
use logto_rocket::testing::{TestClient, TestUser};
use rocket::http::{Accept, ContentType, Header, Status};
use rocket::local::asynchronous::Client;
use rocket::serde::json::{Value, json};

use crate::rocket;

async fn client() -> (Provider, Client) {
    let provider = Provider::start().await;
    let client = Client::tracked(provider.configure(rocket())).await.expect("it launches");
    (provider, client)
}

async fn document(client: &Client) -> Value {
    client.get("/openapi.json").dispatch().await.into_json().await.expect("JSON")
}

/// The statuses that the document has for an operation.
fn statuses(operation: &Value) -> Vec<&str> {
    let responses = operation["responses"].as_object().expect("responses");
    let mut statuses: Vec<_> = responses.keys().map(String::as_str).collect();
    statuses.sort_unstable();
    statuses
}

#[rocket::async_test]
async fn the_document_has_each_protected_route_with_its_answers() {
    let (_provider, client) = client().await;
    let document = document(&client).await;
    let paths = document["paths"].as_object().expect("paths");
    assert_eq!(paths.len(), 3, "{paths:?}");
    assert_eq!(statuses(&paths["/profile"]["get"]), ["200", "303", "401"]);
    assert_eq!(statuses(&paths["/api/me"]["get"]), ["200", "401"]);
    assert_eq!(statuses(&paths["/api/notes/{id}"]["put"]), ["200", "401", "403"]);
}

#[rocket::async_test]
async fn the_session_is_the_security_of_each_route_and_no_parameter() {
    let (_provider, client) = client().await;
    let document = document(&client).await;
    let scheme = &document["components"]["securitySchemes"]["session"];
    assert_eq!((&scheme["type"], &scheme["in"]), (&json!("apiKey"), &json!("cookie")));
    for (path, method) in [("/profile", "get"), ("/api/me", "get"), ("/api/notes/{id}", "put")] {
        let operation = &document["paths"][path][method];
        assert_eq!(operation["security"], json!([{ "session": [] }]), "{path}");
    }
    let note = &document["paths"]["/api/notes/{id}"]["put"];
    assert_eq!(note["parameters"].as_array().map(Vec::len), Some(1), "{note}");
    assert_eq!(note["parameters"][0]["name"], "id");
    assert!(document["paths"]["/api/me"]["get"]["parameters"].is_null());
}

#[rocket::async_test]
async fn an_ignored_guard_leaves_path_and_parameters_but_no_security() {
    let (_provider, client) = client().await;
    let document = document(&client).await;
    let note = &document["paths"]["/api/notes/{id}"]["get"];
    assert_eq!(note["parameters"][0]["name"], "id");
    assert!(note["security"].is_null(), "{note}");
    assert_eq!(statuses(note), ["200"]);
    assert_eq!(client.get("/api/notes/1").dispatch().await.status(), Status::Unauthorized);
}

#[rocket::async_test]
async fn a_stranger_gets_what_the_document_says() {
    let (_provider, client) = client().await;
    let page = client.get("/profile").header(Accept::HTML).dispatch().await;
    assert_eq!(page.status(), Status::SeeOther);
    for request in [client.get("/profile"), client.get("/api/me"), client.put("/api/notes/1")] {
        let request = request.header(Accept::JSON);
        assert_eq!(request.dispatch().await.status(), Status::Unauthorized);
    }
}

#[rocket::async_test]
async fn alice_signs_in_and_reaches_every_documented_route() {
    let (provider, client) = client().await;
    provider.sign_in(&client, "alice").await;
    let document = document(&client).await;
    let name = document["components"]["securitySchemes"]["session"]["name"].clone();
    let name = name.as_str().expect("the cookie has a name");
    assert!(client.cookies().iter().any(|cookie| cookie.name().starts_with(name)), "{name}");

    for path in ["/profile", "/api/me"] {
        let page = client.get(path).dispatch().await.into_string().await.unwrap_or_default();
        assert!(page.contains("Alice"), "{path}: {page}");
    }
    let note = client.put("/api/notes/1").header(ContentType::JSON).body(r#"{"text":"Tea"}"#);
    assert_eq!(note.dispatch().await.status(), Status::Ok);
    assert_eq!(client.get("/api/notes/1").dispatch().await.status(), Status::Ok);
}

#[rocket::async_test]
async fn a_page_of_another_origin_gets_the_documented_403() {
    let (_provider, client) = client().await;
    client.sign_in_as(TestUser::new("alice")).await;
    let note = client.put("/api/notes/1").header(ContentType::JSON).body(r#"{"text":"Tea"}"#);
    let note = note.header(Header::new("Origin", "https://elsewhere.example"));
    assert_eq!(note.dispatch().await.status(), Status::Forbidden);
}

//! What the documents of utoipa and rocket_okapi say alike, and that the application does it.

use logto_dev::Provider;
use logto_rocket::testing::{TestClient, TestRequest, TestToken, TestUser};
use rocket::http::{Accept, ContentType, Header, Status};
use rocket::local::asynchronous::Client;
use rocket::serde::json::{Value, json};

use crate::rocket;

pub(crate) async fn client() -> (Provider, Client) {
    let provider = Provider::start().await;
    let client = Client::tracked(provider.configure(rocket())).await.expect("it launches");
    (provider, client)
}

pub(crate) async fn document(client: &Client) -> Value {
    client.get("/openapi.json").dispatch().await.into_json().await.expect("JSON")
}

/// The statuses that the document has for an operation.
pub(crate) fn statuses(operation: &Value) -> Vec<&str> {
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
    assert_eq!(paths.len(), 4, "{paths:?}");
    assert_eq!(statuses(&paths["/profile"]["get"]), ["200", "303", "401"]);
    assert_eq!(statuses(&paths["/api/me"]["get"]), ["200", "401"]);
    assert_eq!(statuses(&paths["/api/notes"]["get"]), ["200", "401", "403", "503"]);
    assert_eq!(statuses(&paths["/api/notes/{id}"]["put"]), ["204", "401", "403"]);
}

#[rocket::async_test]
async fn the_session_is_the_security_of_its_routes_and_no_parameter() {
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
async fn the_route_for_tokens_asks_for_the_scopes_that_are_documented() {
    let (_provider, client) = client().await;
    let document = document(&client).await;
    let operation = &document["paths"]["/api/notes"]["get"];
    assert_eq!(operation["security"], json!([{ "token": ["read:notes"] }]));
    assert!(operation["parameters"].is_null(), "{operation}");

    let scopes = operation["security"][0]["token"].as_array().expect("scopes");
    let scopes: Vec<_> = scopes.iter().filter_map(Value::as_str).collect();
    let get = |token| client.get("/api/notes").bearer(token).dispatch();
    let token = TestToken::for_resource("https://notes.example.com");
    let refused = get(token.clone()).await;
    assert_eq!(refused.status(), Status::Forbidden);
    let scope = format!("scope=\"{}\"", scopes.join(" "));
    let challenge = refused.headers().get_one("WWW-Authenticate").unwrap_or_default();
    assert!(challenge.ends_with(&scope), "{challenge}");
    let token = scopes.into_iter().fold(token, TestToken::scope);
    assert_eq!(get(token).await.status(), Status::Ok);
}

#[rocket::async_test]
async fn a_stranger_gets_what_the_document_says() {
    let (_provider, client) = client().await;
    let page = client.get("/profile").header(Accept::HTML).dispatch().await;
    assert_eq!(page.status(), Status::SeeOther);
    let gets = ["/profile", "/api/me", "/api/notes"].map(|path| client.get(path));
    for request in gets.into_iter().chain([client.put("/api/notes/1")]) {
        let request = request.header(Accept::JSON);
        assert_eq!(request.dispatch().await.status(), Status::Unauthorized);
    }
}

#[rocket::async_test]
async fn alice_signs_in_and_reaches_every_route_for_sessions() {
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
    assert_eq!(note.dispatch().await.status(), Status::NoContent);
}

#[rocket::async_test]
async fn a_page_of_another_origin_gets_the_documented_403() {
    let (_provider, client) = client().await;
    client.sign_in_as(TestUser::new("alice")).await;
    let note = client.put("/api/notes/1").header(ContentType::JSON).body(r#"{"text":"Tea"}"#);
    let note = note.header(Header::new("Origin", "https://elsewhere.example"));
    assert_eq!(note.dispatch().await.status(), Status::Forbidden);
}

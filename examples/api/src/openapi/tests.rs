//! What the document says, and that the routes do it.

use std::collections::BTreeSet;

use rocket::http::{ContentType, Method};
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::serde::json::{Value, json};

use crate::tests::{ACME, bearer, open};
use crate::{pages, routes};

async fn document(client: &Client) -> Value {
    client.get("/openapi.json").dispatch().await.into_json().await.expect("JSON")
}

struct Operation {
    method: Method,
    path: String,
    scopes: Vec<String>,
    statuses: BTreeSet<String>,
}

impl Operation {
    /// The request, with a token for what the path names.
    async fn send<'c>(&self, client: &'c Client, scopes: &[String]) -> LocalResponse<'c> {
        let organization = self.path.contains("{org}").then_some(ACME);
        let token = bearer(client, &scopes.join(" "), organization).await;
        self.request(client).header(token).dispatch().await
    }

    fn request<'c>(&self, client: &'c Client) -> rocket::local::asynchronous::LocalRequest<'c> {
        let path = self.path.replace("{org}", ACME).replace("{id}", "1");
        let body = r#"{"name":"Rope"}"#;
        client.req(self.method, path).header(ContentType::JSON).body(body)
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let entries = |value: &Value| value.as_object().expect("an object").clone();
    let of_path = |(path, methods)| {
        entries(&methods).into_iter().map(move |(method, operation)| Operation {
            method: method.to_uppercase().parse().expect("a method"),
            path: String::clone(&path),
            scopes: rocket::serde::json::from_value(operation["security"][0]["token"].clone())
                .expect("scopes"),
            statuses: entries(&operation["responses"])
                .into_iter()
                .map(|(status, _)| status)
                .collect(),
        })
    };
    entries(&document["paths"]).into_iter().flat_map(of_path).collect()
}

/// Whether it is one of the statuses of the operation, and which.
fn documented(operation: &Operation, response: &LocalResponse<'_>) -> u16 {
    let status = response.status().code;
    let Operation { method, path, statuses, .. } = operation;
    assert!(statuses.contains(&status.to_string()), "{method} {path}: {status}");
    status
}

fn challenge<'r>(response: &'r LocalResponse<'_>) -> Option<&'r str> {
    response.headers().get_one("WWW-Authenticate")
}

#[rocket::async_test]
async fn the_document_has_every_route_of_the_api() {
    let (_provider, client) = open().await;
    let document = document(&client).await;
    let found: BTreeSet<_> = operations(&document)
        .into_iter()
        .map(|found| format!("{} {}", found.method, found.path))
        .collect();
    let path = |route: &rocket::Route| route.uri.path().replace('<', "{").replace('>', "}");
    let routes = routes::api();
    let expected = routes.iter().map(|route| format!("{} {}", route.method, path(route)));
    assert_eq!(found, expected.collect());
    let create = &document["paths"]["/items"]["post"];
    let body = &create["requestBody"]["content"]["application/json"]["schema"]["$ref"];
    assert_eq!(body, "#/components/schemas/NewItem", "{create}");
    assert!(create["parameters"].is_null(), "{create}");
}

#[rocket::async_test]
async fn a_bearer_token_is_the_security_of_every_operation() {
    let (_provider, client) = open().await;
    let document = document(&client).await;
    let schemes = document["components"]["securitySchemes"].as_object().expect("schemes");
    assert_eq!(schemes.len(), 1);
    let scheme = &schemes["token"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&json!("http"), &json!("bearer")));
    assert_eq!(scheme["bearerFormat"], "JWT");
    for operation in operations(&document) {
        let write = !matches!(operation.method, Method::Get);
        assert_eq!(operation.scopes, [if write { "write:items" } else { "read:items" }]);
        for status in ["401", "403", "503"] {
            assert!(operation.statuses.contains(status), "{} {status}", operation.path);
        }
    }
}

#[rocket::async_test]
async fn each_operation_asks_for_the_scopes_that_are_documented() {
    let (_provider, client) = open().await;
    let operations = operations(&document(&client).await);
    let all: BTreeSet<_> = operations.iter().flat_map(|found| found.scopes.clone()).collect();
    for operation in &operations {
        let stranger = operation.request(&client).dispatch().await;
        assert_eq!(documented(operation, &stranger), 401);
        assert_eq!(challenge(&stranger), Some("Bearer"));

        let others: Vec<_> =
            all.iter().filter(|scope| !operation.scopes.contains(scope)).cloned().collect();
        let refused = operation.send(&client, &others).await;
        assert_eq!(documented(operation, &refused), 403);
        let scopes = operation.scopes.join(" ");
        let expected = format!("Bearer error=\"insufficient_scope\", scope=\"{scopes}\"");
        assert_eq!(challenge(&refused), Some(&*expected));

        let admitted = operation.send(&client, &operation.scopes).await;
        let status = documented(operation, &admitted);
        assert!((200..300).contains(&status), "{} {status}", operation.path);
    }
}

#[rocket::async_test]
async fn without_the_keys_of_logto_each_operation_answers_503_with_the_documented_body() {
    let (provider, client) = open().await;
    let document = document(&client).await;
    let token = bearer(&client, "read:items write:items", None).await;
    provider.stop().await;
    for operation in operations(&document) {
        let response = operation.request(&client).header(token.clone()).dispatch().await;
        assert_eq!(documented(&operation, &response), 503);
        assert_eq!(challenge(&response), None);
        let body: Value = response.into_json().await.expect("JSON");
        assert!(body["error"].is_string(), "{body}");
    }
    let schema = &document["components"]["schemas"]["Refusal"];
    assert_eq!(schema["properties"]["error"]["type"], "string", "{schema}");
}

#[rocket::async_test]
async fn the_page_shows_every_operation_to_everybody() {
    let (_provider, client) = open().await;
    let page = client.get("/docs").dispatch().await.into_string().await.expect("a page");
    // Rocket escapes slashes too.
    let page = page.replace("&#x2F;", "/");
    for operation in operations(&document(&client).await) {
        let heading = format!("<h2>{} {}</h2>", operation.method, operation.path);
        let (_, section) = page.split_once(&heading).expect("its heading");
        let (section, _) = section.split_once("</ul>").expect("its answers");
        assert!(
            section.contains(&format!(">Scopes: {}</p>", operation.scopes.join(", "))),
            "{section}"
        );
        let listed = |status: &String| section.contains(&format!("<li>{status}: "));
        assert!(operation.statuses.iter().all(listed), "{section}");
    }
}

#[test]
fn whatever_the_document_says_is_text_on_the_page() {
    let hostile = "<script>&";
    let operation = json!({
        "summary": hostile,
        "description": hostile,
        "security": [{ hostile: [hostile] }],
        "responses": { hostile: { "description": hostile } },
    });
    let page = pages::docs(&json!({ "paths": { hostile: { hostile: operation } } })).0;
    assert!(!page.to_lowercase().contains("<script"), "{page}");
    assert_eq!(page.matches("&lt;script&gt;&amp;").count(), 6, "{page}");
    assert_eq!(page.matches("&lt;SCRIPT&gt;&amp;").count(), 1, "{page}");
}

//! What only this document says. `shared` has what it shares with utoipa's.

#[path = "../../openapi-utoipa/src/tests/shared.rs"]
mod shared;

use rocket::http::Status;

use self::shared::{client, document, statuses};

#[rocket::async_test]
async fn the_scheme_of_tokens_is_the_discovery_document_of_the_configured_endpoint() {
    let (provider, client) = client().await;
    let document = document(&client).await;
    let scheme = &document["components"]["securitySchemes"]["token"];
    assert_eq!(scheme["type"], "openIdConnect");
    let url = format!("{}/oidc/.well-known/openid-configuration", provider.endpoint());
    assert_eq!(scheme["openIdConnectUrl"], url);
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

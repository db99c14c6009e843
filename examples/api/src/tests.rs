//! Who may do what, with a provider instead of Logto.

use logto_dev::{MachineApp, Provider};
use rocket::http::{Accept, ContentType, Header, Status};
use rocket::local::asynchronous::{Client, LocalResponse};

use crate::application;

pub(crate) const ACME: &str = "8wz3nrme4n02";
const GLOBEX: &str = "nyb79mqzrg8c";

pub(crate) async fn open() -> (Provider, Client) {
    let machine = MachineApp::new("machine", "secret").role("items-admin");
    let machine = machine.organization(ACME, ["editor"]).organization(GLOBEX, ["admin"]);
    let provider = Provider::builder().machine_app(machine).start().await;
    let client = Client::tracked(application(provider.figment())).await.expect("it launches");
    (provider, client)
}

/// A header with the machine's token, for the organization if there is one.
pub(crate) async fn bearer(
    client: &Client,
    scopes: &str,
    organization: Option<&str>,
) -> Header<'static> {
    let audience = logto_rocket::Audience::resource("https://api.example.com");
    let audience = match organization {
        Some(id) => audience.in_organization(id),
        None => audience,
    };
    let logto = client.rocket().state::<logto_rocket::Logto>().expect("it is attached");
    let token = logto.client_credentials(audience, scopes.split(' ')).await.expect("a token");
    Header::new("Authorization", format!("Bearer {}", token.secret()))
}

async fn status(client: &Client, path: &str, header: Header<'static>) -> u16 {
    client.get(path.to_owned()).header(header).dispatch().await.status().code
}

async fn text(response: LocalResponse<'_>) -> String {
    response.into_string().await.unwrap_or_default()
}

#[rocket::async_test]
async fn items_are_created_and_deleted_with_the_scope_for_it() {
    let (_provider, client) = open().await;
    let create = |header| {
        client.post("/items").header(header).header(ContentType::JSON).body(r#"{"name":"Rope"}"#)
    };
    let read = bearer(&client, "read:items", None).await;
    let write = bearer(&client, "write:items", None).await;
    assert_eq!(create(read.clone()).dispatch().await.status(), Status::Forbidden);
    assert_eq!(status(&client, "/items", write.clone()).await, 403);
    let created = create(write.clone()).dispatch().await;
    assert_eq!(created.status(), Status::Created);
    assert_eq!(text(created).await, r#"{"id":3,"name":"Rope","by":"machine"}"#);
    for (id, header, expected) in [
        (3, &read, Status::Forbidden),
        (3, &write, Status::NoContent),
        (3, &write, Status::NotFound),
        // An organization's item.
        (2, &write, Status::NotFound),
    ] {
        let response = client.delete(format!("/items/{id}")).header(header.clone()).dispatch();
        assert_eq!(response.await.status(), expected, "{id} {header}");
    }
}

#[rocket::async_test]
async fn items_of_an_organization_need_its_own_token() {
    let (_provider, client) = open().await;
    let acme = bearer(&client, "read:items", Some(ACME)).await;
    let globex = bearer(&client, "read:items", Some(GLOBEX)).await;
    let plain = bearer(&client, "read:items", None).await;
    let path = format!("/organizations/{ACME}/items");
    let response = client.get(path.as_str()).header(acme.clone()).dispatch().await;
    assert_eq!(text(response).await, r#"[{"id":2,"name":"Rocket skates","by":"nobody"}]"#);
    assert_eq!(status(&client, &path, globex).await, 403);
    assert_eq!(status(&client, &path, plain).await, 403);
    assert_eq!(status(&client, "/items", acme).await, 403);
}

#[rocket::async_test]
async fn the_page_is_for_browsers_and_for_tokens() {
    let (provider, client) = open().await;
    let stranger = client.get("/").header(Accept::HTML).dispatch().await;
    assert_eq!(stranger.status(), Status::SeeOther);
    let read = bearer(&client, "read:items", None).await;
    let page = text(client.get("/").header(read).dispatch().await).await;
    assert!(page.contains("You are machine, and may read:items."), "{page}");
    assert_eq!(provider.sign_in_at(&client, "/", "bob").await, "/");
    let page = text(client.get("/").dispatch().await).await;
    assert!(page.contains("and may read:items.") && page.contains("<li>Anvil, by"), "{page}");
    assert!(!page.contains("Rocket skates"), "of an organization: {page}");
}

#[rocket::async_test]
async fn only_admins_see_the_page_of_admins() {
    let (provider, client) = open().await;
    provider.sign_in(&client, "bob").await;
    assert_eq!(client.get("/admin").dispatch().await.status(), Status::Forbidden);
    client.get("/sign-out").dispatch().await;
    provider.sign_in(&client, "alice").await;
    let page = text(client.get("/admin").dispatch().await).await;
    assert!(page.contains("Hello, Alice Lidell.") && page.contains("Rocket skates"), "{page}");
}

#[rocket::async_test]
async fn names_of_items_are_text_on_the_page() {
    let (_provider, client) = open().await;
    let header = bearer(&client, "write:items read:items", None).await;
    let body = r#"{"name":"<b>&"}"#;
    let create = client.post("/items").header(header.clone()).header(ContentType::JSON).body(body);
    assert_eq!(create.dispatch().await.status(), Status::Created);
    let page = text(client.get("/").header(header).dispatch().await).await;
    assert!(page.contains("<li>&lt;b&gt;&amp;, by machine</li>"), "{page}");
}

//! What the README promises, with a provider instead of Logto.

use logto_dev::{Organization, Provider, User};
use rocket::Config;
use rocket::figment::Figment;
use rocket::http::{ContentType, Status};
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::serde::json::Value;

use crate::application;

const BASE_URL: &str = "http://localhost:8000";

async fn client(provider: &Provider) -> Client {
    Client::tracked(application(provider.figment())).await.expect("the sample launches")
}

async fn text(client: &Client, path: &str) -> String {
    let page = client.get(path).dispatch().await.into_string().await.unwrap_or_default();
    page.replace("&quot;", "\"")
}

async fn json(client: &Client, path: &str) -> Value {
    client.get(path).dispatch().await.into_json().await.expect("the answer is JSON")
}

/// Where an answer sends the browser, as a path if on this site.
fn location(response: &LocalResponse<'_>) -> String {
    assert_eq!(response.status(), Status::SeeOther);
    let location = response.headers().get_one("Location").expect("303 has a location");
    location.strip_prefix(BASE_URL).unwrap_or(location).to_owned()
}

#[rocket::async_test]
async fn a_stranger_sees_the_public_page_and_its_links() {
    let provider = Provider::start().await;
    let home = text(&client(&provider).await, "/").await;
    assert!(home.contains("Nobody is signed in"), "{home}");
    for path in [
        "/sign-in",
        "/sign-up",
        "/protected",
        "/protected/no-redirect",
        "/protected/userinfo",
        "/protected/organizations",
        "/api/me",
        "/api/userinfo",
        "/api/token",
    ] {
        assert!(home.contains(&format!("href=\"{path}\"")), "no link to {path}");
    }
}

#[rocket::async_test]
async fn a_stranger_signs_in_and_comes_back_to_the_page() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    assert_eq!(provider.sign_in_at(&client, "/protected", "alice").await, "/protected");

    let page = text(&client, "/protected").await;
    assert!(page.contains("<dt>email</dt><dd>alice@example.com</dd>"), "{page}");
    assert_eq!(text(&client, "/protected/no-redirect").await, page);
    assert!(text(&client, "/").await.contains("Hello, Alice Lidell!"));
}

#[rocket::async_test]
async fn a_stranger_gets_401_where_nothing_redirects() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    for path in ["/protected/no-redirect", "/api/me", "/api/userinfo", "/api/token"] {
        let response = client.get(path).dispatch().await;
        assert_eq!(response.status(), Status::Unauthorized, "{path}");
        let body = response.into_string().await;
        assert_eq!(body.as_deref(), Some(r#"{"error":"Not authenticated"}"#), "{path}");
    }
}

#[rocket::async_test]
async fn the_user_info_leaves_out_what_logto_left_out() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let path = "/protected/userinfo";
    assert_eq!(provider.sign_in_at(&client, path, "bob").await, path);

    let page = text(&client, path).await;
    assert!(page.contains("<pre>{\n  \"sub\": \""), "{page}");
    assert!(page.contains("\n  \"name\": null,\n  \"username\": \"bob\",\n"), "{page}");
    assert!(!page.contains("address"), "{page}");
}

#[rocket::async_test]
async fn the_api_answers_in_json() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    provider.sign_in_at(&client, "/protected", "alice").await;

    let me = json(&client, "/api/me").await;
    assert_eq!(me["iss"], provider.issuer());
    assert_eq!(me["organizations"][0], "8wz3nrme4n02");
    let info = json(&client, "/api/userinfo").await;
    assert_eq!(info["sub"], me["sub"]);
    assert_eq!(info["custom_data"]["plan"], "gold");
}

#[rocket::async_test]
async fn organizations_are_shown_with_what_the_user_may_do_there() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let path = "/protected/organizations";
    assert_eq!(provider.sign_in_at(&client, path, "alice").await, path);
    let page = text(&client, path).await;
    assert!(page.contains("<dt>acme</dt><dd><code>8wz3nrme4n02</code>"), "{page}");
    assert!(page.contains("Roles: admin, editor<br>Permissions: write:data, read:data"), "{page}");
    assert!(page.contains("<dt>globex</dt>"), "{page}");

    client.get("/sign-out").dispatch().await;
    provider.sign_in_at(&client, path, "bob").await;
    assert!(text(&client, path).await.contains("You are not in any organization."));
}

#[rocket::async_test]
async fn an_organization_that_denies_its_token_is_shown_with_the_reason() {
    let strict = Organization::new("8wz3nrme4n02", "acme").requires_mfa(true);
    let provider = Provider::builder().organization(strict).start().await;
    let client = client(&provider).await;
    let path = "/protected/organizations";
    provider.sign_in_at(&client, path, "alice").await;
    let page = text(&client, path).await;
    let denied = "Logto denies its token: organization requires MFA but user has no MFA configured";
    assert!(page.contains(denied), "{page}");
    assert!(page.contains("<dt>globex</dt>") && page.contains("Permissions: "), "{page}");
}

#[rocket::async_test]
async fn a_token_is_described_and_shown_only_when_asked_for() {
    let provider = Provider::start().await;
    let figment = provider.figment().merge(("logto.resources", [crate::RESOURCE]));
    let client = Client::tracked(application(figment)).await.expect("the sample launches");
    provider.sign_in_at(&client, "/protected", "alice").await;

    let path = "/api/token?resource=https://api.example.com&organization=8wz3nrme4n02";
    let token = json(&client, path).await;
    assert_eq!(token["claims"]["aud"], crate::RESOURCE);
    assert_eq!(token["claims"]["organization_id"], "8wz3nrme4n02");
    assert_eq!(token["scopes"][0], "read:items");
    assert!(token["expires_in"].as_u64().is_some_and(|left| left > 3500), "{token}");
    assert!(token["token"].is_null());
    assert!(json(&client, &format!("{path}&show=1")).await["token"].is_string());

    let own = json(&client, "/api/token").await;
    assert!(own["claims"].is_null(), "the token for Logto itself is opaque: {own}");
    let other = client.get("/api/token?organization=nowhere").dispatch().await;
    assert_eq!(other.status(), Status::Forbidden);
    assert_eq!(other.content_type(), Some(ContentType::JSON));
}

#[rocket::async_test]
async fn a_signed_out_user_is_a_stranger() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    provider.sign_in_at(&client, "/protected", "alice").await;

    let out = location(&client.get("/sign-out").dispatch().await);
    assert!(out.starts_with(&provider.issuer()), "{out}");
    assert!(text(&client, "/").await.contains("Nobody is signed in"));
}

#[rocket::async_test]
async fn a_failure_has_a_page_of_its_own() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    provider.sign_in_at(&client, "/protected", "alice").await;
    provider.stop().await;

    for (path, status, kind) in [
        ("/protected/userinfo", Status::ServiceUnavailable, ContentType::HTML),
        ("/api/userinfo", Status::ServiceUnavailable, ContentType::JSON),
        ("/nothing", Status::NotFound, ContentType::HTML),
        ("/api/nothing", Status::NotFound, ContentType::JSON),
    ] {
        let response = client.get(path).dispatch().await;
        assert_eq!((response.status(), response.content_type()), (status, Some(kind)), "{path}");
        let body = response.into_string().await.unwrap_or_default();
        assert!(body.contains(status.reason_lossy()), "{path}: {body}");
    }
    assert_eq!(client.get("/protected").dispatch().await.status(), Status::Ok);
}

#[rocket::async_test]
async fn a_name_is_never_markup() {
    let provider = Provider::start().await;
    provider.add(User::new("eve").name("<script>alert(1)</script>"));
    let client = client(&provider).await;
    provider.sign_in_at(&client, "/protected", "eve").await;
    for path in ["/", "/protected", "/protected/userinfo"] {
        let page = text(&client, path).await;
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
    }
}

#[rocket::async_test]
async fn configured_scopes_replace_those_of_the_code() {
    let provider = Provider::start().await;
    let figment = provider.figment().merge(("logto.scopes", ["email"]));
    let client = Client::tracked(application(figment)).await.expect("the sample launches");
    let to_provider = location(&client.get("/sign-in").dispatch().await);
    assert!(to_provider.contains("scope=openid+offline_access+profile+email&"), "{to_provider}");
}

#[rocket::async_test]
async fn without_an_endpoint_the_sample_brings_its_own_provider() {
    let figment = Figment::from(Config::debug_default()).merge(("log_level", "off"));
    let client = Client::tracked(application(figment)).await.expect("the sample launches");
    let to_provider = location(&client.get("/sign-in").dispatch().await);
    assert!(to_provider.starts_with("http://127.0.0.1:"), "{to_provider}");
}

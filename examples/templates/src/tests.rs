//! What the README promises, with a provider instead of Logto.

use logto_dev::{Provider, User};
use rocket::Config;
use rocket::figment::Figment;
use rocket::http::{Accept, ContentType, Status};
use rocket::local::asynchronous::Client;

use crate::application;

async fn client(provider: &Provider) -> Client {
    Client::tracked(application(provider.figment())).await.expect("the sample launches")
}

/// A page as a browser opens it. Slashes are as the template writes them in attributes.
async fn page(client: &Client, path: &str, status: Status) -> String {
    let response = client.get(path.to_owned()).header(Accept::HTML).dispatch().await;
    assert_eq!((response.status(), response.content_type()), (status, Some(ContentType::HTML)));
    let page = response.into_string().await.expect("a page").replace("&#x2F;", "/");
    for part in ["<html lang=\"en\">", "name=\"viewport\"", "<title>", "<header>", "<main>"] {
        assert_eq!(page.matches(part).count(), 1, "{part} in {path}: {page}");
    }
    assert_eq!(page.matches("<h1>").count(), 1, "{path}: {page}");
    page
}

/// The link with which a stranger signs in from there and comes back.
fn sign_in(path: &str) -> String {
    let path = path.replace('/', "%2F");
    format!("<a class=\"button\" href=\"/sign-in?return_to={path}\">Sign in</a>")
}

const SIGN_OUT: &str = "<form method=\"post\" action=\"/sign-out\">";

#[rocket::async_test]
async fn every_page_leads_a_stranger_to_sign_in_and_back() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    for (path, status, says) in [
        ("/", Status::Ok, "Hello, stranger!"),
        ("/members", Status::Unauthorized, "Sign in to continue"),
        ("/nothing", Status::NotFound, "There is no such page."),
    ] {
        let page = page(&client, path, status).await;
        assert!(page.contains(says) && page.contains(&sign_in(path)), "{path}: {page}");
        assert!(!page.contains(SIGN_OUT), "{path}: {page}");
    }
    let from = "/sign-in?return_to=%2Fmembers";
    assert_eq!(provider.sign_in_at(&client, from, "bob").await, "/members");
}

#[rocket::async_test]
async fn every_page_knows_the_user() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    assert_eq!(provider.sign_in_at(&client, "/profile", "alice").await, "/profile");
    for (path, status, says) in [
        ("/", Status::Ok, "Hello, Alice Lidell!"),
        ("/profile", Status::Ok, "<dd>alice@example.com</dd>"),
        ("/members", Status::Ok, "Hello, Alice Lidell."),
        ("/admin", Status::Ok, "You have the role <code>items-admin</code>."),
        ("/nothing", Status::NotFound, "There is no such page."),
    ] {
        let page = page(&client, path, status).await;
        assert!(page.contains(&format!("{SIGN_OUT}Alice Lidell <button>")), "{path}: {page}");
        assert!(page.contains(says) && !page.contains("/sign-in"), "{path}: {page}");
    }
    client.post("/sign-out").dispatch().await;
    assert!(page(&client, "/", Status::Ok).await.contains("Hello, stranger!"));
}

#[rocket::async_test]
async fn a_user_without_the_role_reads_who_is_signed_in() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    provider.sign_in(&client, "bob").await;
    let page = page(&client, "/admin", Status::Forbidden).await;
    assert!(page.contains("You are signed in as bob, who may not do this."), "{page}");
}

#[rocket::async_test]
async fn while_logto_is_down_users_stay_signed_in_and_are_told_so() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    provider.sign_in(&client, "bob").await;
    provider.stop().await;
    let down = page(&client, "/profile", Status::ServiceUnavailable).await;
    assert!(down.contains("you stay signed in") && down.contains(SIGN_OUT), "{down}");
    assert!(page(&client, "/members", Status::Ok).await.contains("Hello, bob."));
}

#[rocket::async_test]
async fn any_other_failure_has_a_page_too() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let page = page(&client, "/no\"address", Status::BadRequest).await;
    assert!(page.contains("Bad Request. The log says more."), "{page}");
}

#[rocket::async_test]
async fn nobody_comes_back_to_where_a_form_was_sent() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let response = client.post("/members").header(Accept::HTML).dispatch().await;
    let page = response.into_string().await.expect("a page").replace("&#x2F;", "/");
    assert!(page.contains("href=\"/sign-in\""), "{page}");
}

#[rocket::async_test]
async fn scripts_get_the_401_as_json() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let response = client.get("/members").header(Accept::JSON).dispatch().await;
    assert_eq!(response.status(), Status::Unauthorized);
    let body = response.into_string().await;
    assert_eq!(body.as_deref(), Some(r#"{"error":"Not authenticated"}"#));
}

#[rocket::async_test]
async fn a_name_is_never_markup() {
    let provider = Provider::start().await;
    provider.add(User::new("eve").name("<script>alert(\"1\")</script>"));
    let client = client(&provider).await;
    provider.sign_in(&client, "eve").await;
    for (path, status) in [
        ("/", Status::Ok),
        ("/profile", Status::Ok),
        ("/members", Status::Ok),
        ("/admin", Status::Forbidden),
        ("/nothing", Status::NotFound),
    ] {
        let page = page(&client, path, status).await;
        assert!(page.contains("&lt;script&gt;alert(&quot;1&quot;)"), "{path}: {page}");
        assert!(!page.contains("<script"), "{path}: {page}");
    }
}

#[rocket::async_test]
async fn the_style_is_a_static_file_for_light_and_dark() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let response = client.get("/static/style.css").dispatch().await;
    assert_eq!(response.content_type(), Some(ContentType::CSS));
    let style = response.into_string().await.expect("a style");
    assert!(style.contains("@media (prefers-color-scheme: dark)"), "{style}");
}

#[rocket::async_test]
async fn without_an_endpoint_the_sample_brings_its_own_provider() {
    let figment = Figment::from(Config::debug_default()).merge(("log_level", "off"));
    let client = Client::tracked(application(figment)).await.expect("the sample launches");
    let begun = client.get("/sign-in").dispatch().await;
    let location = begun.headers().get_one("Location").expect("303 has a location");
    assert!(location.starts_with("http://127.0.0.1:"), "{location}");
}

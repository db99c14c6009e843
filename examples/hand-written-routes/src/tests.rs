//! What the README promises, with a provider instead of Logto.

use logto_dev::{Provider, User};
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use rocket::Config;
use rocket::figment::Figment;
use rocket::http::{Accept, ContentType, Header, Status};
use rocket::local::asynchronous::{Client, LocalResponse};

use crate::application;

const BASE_URL: &str = "http://localhost:8000";

async fn client(provider: &Provider) -> Client {
    Client::tracked(application(provider.figment())).await.expect("the sample launches")
}

/// Like a person who opens a page.
async fn open<'c>(client: &'c Client, path: &str) -> LocalResponse<'c> {
    let request = client.get(path.strip_prefix(BASE_URL).unwrap_or(path).to_owned());
    let request = request.header(Accept::HTML).header(Header::new("Sec-Fetch-Dest", "document"));
    request.header(Header::new("Sec-Fetch-Mode", "navigate")).dispatch().await
}

async fn text(response: LocalResponse<'_>) -> String {
    // Rocket escapes slashes too.
    response.into_string().await.unwrap_or_default().replace("&#x2F;", "/")
}

fn location(response: &LocalResponse<'_>) -> String {
    assert_eq!(response.status(), Status::SeeOther);
    response.headers().get_one("Location").expect("303 has a location").to_owned()
}

/// The public page after Logto was asked.
async fn public_page(client: &Client) -> String {
    let response = client.get("/").header(Accept::HTML).dispatch().await;
    assert_eq!(response.status(), Status::Ok);
    text(response).await
}

/// A browser's part at the provider: signs a user in there, and keeps the cookie.
async fn at_logto(url: &str, username: &str) -> String {
    let browser = browser();
    let page = browser.get(url).send().await.expect("an answer").headers()[LOCATION].clone();
    let page = page.to_str().expect("an address").to_owned();
    let interaction = page.split("interaction=").nth(1).expect("an interaction");
    let endpoint = url.split("/oidc").next().expect("an endpoint");
    let form = browser
        .post(format!("{endpoint}/sign-in"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("interaction={interaction}&username={username}"));
    let answer = form.send().await.expect("an answer");
    let cookie = answer.headers()[SET_COOKIE].to_str().expect("a cookie");
    cookie.split(';').next().expect("a name and a value").to_owned()
}

fn browser() -> reqwest::Client {
    let builder = reqwest::Client::builder().tls_certs_only([]).no_proxy();
    builder.redirect(reqwest::redirect::Policy::none()).build().expect("a browser")
}

/// Where the provider sends a browser that has this cookie.
async fn answer(url: &str, cookie: &str) -> String {
    let answer = browser().get(url).header(COOKIE, cookie).send().await.expect("an answer");
    answer.headers()[LOCATION].to_str().expect("an address").to_owned()
}

#[rocket::async_test]
async fn the_fairing_mounts_no_route() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let names = client.rocket().routes().filter_map(|route| route.name.as_deref());
    let names: Vec<_> = names.collect();
    assert!(names.contains(&"callback"), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("logto ")), "{names:?}");
}

#[rocket::async_test]
async fn nobody_at_logto_means_the_public_page_and_one_try() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let url = location(&open(&client, "/").await);
    assert!(url.starts_with(&provider.issuer()) && url.contains("prompt=none"), "{url}");
    let callback = provider.approve(&url, "alice").await.expect("an answer at once");
    assert!(callback.contains("error=login_required"), "{callback}");
    assert_eq!(location(&open(&client, &callback).await), "/");

    let home = open(&client, "/").await;
    assert_eq!(home.status(), Status::Ok);
    assert!(text(home).await.contains("Hello, stranger!"));
    assert!(location(&open(&client, "/silent").await).contains("prompt=none"));
}

#[rocket::async_test]
async fn users_signed_in_at_logto_are_signed_in_here_without_being_asked() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let cookie = at_logto(&location(&open(&client, "/sign-in").await), "alice").await;
    let callback = answer(&location(&open(&client, "/").await), &cookie).await;
    assert_eq!(location(&open(&client, &callback).await), "/");
    assert!(public_page(&client).await.contains("Hello, Alice Lidell!"));

    let out = client.post("/sign-out/here").dispatch().await;
    assert_eq!(location(&out), "/");
    let home = open(&client, "/").await;
    assert_eq!(home.status(), Status::Ok, "who signed out is not signed in again");
    assert!(text(home).await.contains("Hello, stranger!"));
    let callback = answer(&location(&open(&client, "/silent").await), &cookie).await;
    open(&client, &callback).await;
    assert!(public_page(&client).await.contains("Hello, Alice Lidell!"));
}

#[rocket::async_test]
async fn crawlers_and_prefetches_are_not_sent_to_logto() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    assert!(public_page(&client).await.contains("Hello, stranger!"));
    let [to, purpose] = [("Sec-Fetch-Dest", "document"), ("Sec-Purpose", "prefetch")]
        .map(|(name, value)| Header::new(name, value));
    let prefetch = client.get("/").header(to).header(purpose).dispatch().await;
    assert_eq!(prefetch.status(), Status::Ok);
}

#[rocket::async_test]
async fn the_public_page_is_there_while_logto_is_down() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    provider.stop().await;
    let home = open(&client, "/").await;
    assert_eq!(home.status(), Status::Ok);
    assert!(text(home).await.contains("Hello, stranger!"));
}

#[rocket::async_test]
async fn links_lead_to_sign_in_and_to_their_page() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let home = public_page(&client).await;
    let link = "/sign-in?return_to=%2Fprofile";
    assert!(home.contains(&format!("href=\"{link}\"")), "{home}");
    assert!(home.contains("href=\"/sign-in?return_to=%2F\""), "{home}");
    assert_eq!(provider.sign_in_at(&client, link, "alice").await, "/profile");
    client.post("/sign-out").dispatch().await;
    // A protected page leads there by itself.
    assert_eq!(location(&open(&client, "/profile").await), link);
    assert_eq!(provider.sign_in_at(&client, "/profile", "alice").await, "/profile");
    assert!(text(open(&client, "/profile").await).await.contains("You are Alice Lidell."));
}

#[rocket::async_test]
async fn no_link_leads_to_another_site() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    for elsewhere in [
        "https://evil.example/",
        "//evil.example",
        "/%5Cevil.example",
        "javascript:alert(1)",
        "%20",
    ] {
        for route in ["/sign-in", "/sign-up"] {
            let url = location(&open(&client, &format!("{route}?return_to={elsewhere}")).await);
            let callback = match route {
                "/sign-in" => provider.approve(&url, "bob").await,
                _ => provider.sign_up(&url, &format!("user_{}", provider.count("auth"))).await,
            };
            let callback = callback.expect("an answer");
            assert_eq!(location(&open(&client, &callback).await), "/", "{route} {elsewhere}");
            client.post("/sign-out").dispatch().await;
        }
    }
}

#[rocket::async_test]
async fn options_say_how_a_sign_in_begins() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    for (path, parameters) in [
        ("/sign-in", &["first_screen=sign_in"][..]),
        ("/sign-in?hint=alice", &["first_screen=sign_in", "login_hint=alice"]),
        ("/sign-up", &["first_screen=register"]),
        ("/silent", &["prompt=none"]),
    ] {
        let url = location(&open(&client, path).await);
        for parameter in parameters {
            assert!(url.contains(parameter), "{path}: {url}");
        }
    }
}

/// What a person reads after a callback that did not sign in.
async fn failed(client: &Client, callback: &str, status: Status, says: &str) -> String {
    let response = open(client, callback).await;
    assert_eq!(response.status(), status, "{says}");
    let page = text(response).await;
    let again = "href=\"/sign-in?return_to=%2F\">Sign in again";
    assert!(page.contains(says) && page.contains(again), "{page}");
    page
}

#[rocket::async_test]
async fn a_callback_that_does_not_sign_in_says_why() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let url = location(&open(&client, "/sign-in").await);
    let cancelled = provider.cancel(&url).await.expect("a callback");
    failed(&client, &cancelled, Status::BadRequest, "Sign-in cancelled").await;
    failed(&client, "/callback?code=a&state=b", Status::BadRequest, "Sign-in expired").await;

    let url = location(&open(&client, "/sign-in").await);
    let good = provider.approve(&url, "bob").await.expect("a callback");
    let forged = good.replace("iss=", "iss=https%3A%2F%2Fevil.example&was=");
    failed(&client, &forged, Status::BadRequest, "does not fit the sign-in").await;
    assert!(public_page(&client).await.contains("Hello, stranger!"));
}

#[rocket::async_test]
async fn sign_in_again_leads_to_where_the_user_was_going() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let url = location(&open(&client, "/sign-in?return_to=/profile").await);
    let cancelled = provider.cancel(&url).await.expect("a callback");
    let page = text(open(&client, &cancelled).await).await;
    assert!(page.contains("href=\"/sign-in?return_to=%2Fprofile\">Sign in again"), "{page}");
}

#[rocket::async_test]
async fn a_callback_while_logto_is_down_says_that_it_does_not_answer() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let url = location(&open(&client, "/sign-in").await);
    let callback = provider.approve(&url, "bob").await.expect("a callback");
    provider.stop().await;
    let response = open(&client, &callback).await;
    assert_eq!(response.status(), Status::ServiceUnavailable);
    assert!(response.headers().contains("Retry-After"), "{response:?}");
    assert!(text(response).await.contains("Logto does not answer"));
}

#[rocket::async_test]
async fn nobody_writes_on_our_page_by_a_link_to_the_callback() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    let url = location(&open(&client, "/sign-in").await);
    let callback = provider.cancel(&url).await.expect("a callback");
    let said = callback.replace("error_description=", "error_description=Call+555-0100+");
    assert_ne!(said, callback);
    let page = failed(&client, &said, Status::BadRequest, "Sign-in cancelled").await;
    assert!(!page.contains("555-0100"), "{page}");
}

#[rocket::async_test]
async fn only_a_form_of_this_site_signs_out() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    provider.sign_in(&client, "alice").await;
    for path in ["/sign-out", "/sign-out/here"] {
        for (name, value) in [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")]
        {
            let forged = client.post(path).header(Header::new(name, value)).dispatch().await;
            assert_eq!(forged.status(), Status::Forbidden, "{path}: {name}");
        }
        assert_eq!(open(&client, path).await.status(), Status::NotFound);
    }
    assert!(public_page(&client).await.contains("Hello, Alice Lidell!"));

    let own = client.post("/sign-out").header(Header::new("Origin", BASE_URL)).dispatch().await;
    assert!(location(&own).starts_with(&format!("{}/session/end", provider.issuer())));
    assert!(public_page(&client).await.contains("Hello, stranger!"));
}

#[rocket::async_test]
async fn a_sign_out_elsewhere_ends_the_session_here() {
    let provider = Provider::start().await;
    let client = client(&provider).await;
    provider.sign_in(&client, "alice").await;
    let post = |token: String| {
        let request = client.post("/backchannel-logout").header(ContentType::Form);
        request.body(format!("logout_token={token}"))
    };
    assert_eq!(post("forged".into()).dispatch().await.status(), Status::BadRequest);
    assert!(public_page(&client).await.contains("Hello, Alice Lidell!"));
    let token = provider.logout_token("alice", None);
    assert_eq!(post(token).dispatch().await.status(), Status::Ok);
    assert!(public_page(&client).await.contains("Hello, stranger!"));
}

#[rocket::async_test]
async fn a_name_is_never_markup() {
    let provider = Provider::start().await;
    provider.add(User::new("eve").name("<script>alert(1)</script>"));
    let client = client(&provider).await;
    provider.sign_in(&client, "eve").await;
    for path in ["/", "/profile"] {
        let page = text(open(&client, path).await).await;
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script"), "{page}");
    }
}

#[rocket::async_test]
async fn without_an_endpoint_the_sample_brings_its_own_provider() {
    let figment = Figment::from(Config::debug_default()).merge(("log_level", "off"));
    let client = Client::tracked(application(figment)).await.expect("the sample launches");
    let begun = location(&open(&client, "/sign-in").await);
    assert!(begun.starts_with("http://127.0.0.1:"), "{begun}");
}

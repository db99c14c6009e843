//! What the README promises, with a provider instead of Logto.

use logto_dev::{AccountCenter, Builder, Provider};
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::http::{Accept, ContentType, Header, Status};
use rocket::local::asynchronous::Client;
use rocket::{Config, State, get, routes, tokio};

use crate::application;
use crate::logto::{AccountApi, Failure};

/// A user who looks at their account.
async fn open(builder: Builder, user: &str) -> (Provider, Client) {
    let provider = builder.start().await;
    let client = Client::tracked(application(provider.figment())).await.expect("it launches");
    assert_eq!(provider.sign_in_at(&client, "/account", user).await, "/account");
    (provider, client)
}

async fn seen(client: &Client, path: &'static str) -> String {
    client.get(path).dispatch().await.into_string().await.expect("a page")
}

/// Posts the form, and returns the status and the page, or where the answer leads.
async fn rename(client: &Client, body: &str) -> (u16, String) {
    let request = client.post("/account").header(ContentType::Form).header(Accept::HTML);
    let response = request.body(body).dispatch().await;
    let status = response.status().code;
    let location = response.headers().get_one("Location").map(str::to_owned);
    (status, location.unwrap_or(response.into_string().await.unwrap_or_default()))
}

#[rocket::async_test]
async fn a_user_changes_their_name_and_every_page_has_it() {
    let (provider, client) = open(Provider::builder(), "alice").await;
    let page = seen(&client, "/account").await;
    assert!(page.contains("<dd>Alice Lidell</dd>") && page.contains("<dd>alice</dd>"), "{page}");
    assert!(page.contains("<dd>alice@example.com</dd>"), "{page}");
    assert!(seen(&client, "/").await.contains("Hello, Alice Lidell!"));

    let (status, location) = rename(&client, "name=+Al+%26+%3Cb%3E%22+").await;
    assert_eq!((status, location.as_str()), (303, "/account?changed=true"));
    let page = seen(&client, "/account?changed=true").await;
    assert!(page.contains("Your name has been changed."), "{page}");
    assert!(page.contains("<dd>Al &amp; &lt;b&gt;&quot;</dd>"), "{page}");
    assert!(page.contains("value=\"Al &amp; &lt;b&gt;&quot;\""), "{page}");
    // From the session, which got the new claims by a refresh.
    let asked = provider.count("me");
    assert!(seen(&client, "/").await.contains("Hello, Al &amp; &lt;b&gt;&quot;!"));
    assert_eq!(provider.count("me"), asked);
}

#[rocket::async_test]
async fn a_user_who_filled_in_nothing_gets_a_name() {
    let (_provider, client) = open(Provider::builder(), "bob").await;
    assert!(seen(&client, "/account").await.contains("<dt>Name</dt><dd>not set</dd>"));
    assert_eq!(rename(&client, "name=Robert").await.0, 303);
    assert!(seen(&client, "/account").await.contains("<dt>Name</dt><dd>Robert</dd>"));
}

#[rocket::async_test]
async fn a_name_that_is_none_is_said_to_be_wrong_and_not_sent() {
    let (_provider, client) = open(Provider::builder(), "alice").await;
    let long = format!("name={}", "x".repeat(129));
    for (body, why) in [
        ("name=++", "Enter a name."),
        (&long, "128 characters"),
        ("name=a%00b", "letters, digits and signs"),
    ] {
        let (status, page) = rename(&client, body).await;
        assert_eq!(status, 422, "{body}");
        assert!(page.contains(why) && page.contains("aria-describedby=\"why\""), "{page}");
    }
    assert_eq!(rename(&client, "other=1").await.0, 422);
    assert!(seen(&client, "/account").await.contains("<dd>Alice Lidell</dd>"));
}

#[rocket::async_test]
async fn a_logto_that_allows_no_change_is_said_to() {
    for (center, readable) in [(AccountCenter::Off, 403), (AccountCenter::ReadOnly, 200)] {
        let (_provider, client) = open(Provider::builder().account_center(center), "alice").await;
        assert_eq!(client.get("/account").dispatch().await.status().code, readable);
        let (status, page) = rename(&client, "name=Al").await;
        assert_eq!(status, 403);
        assert!(page.contains("does not let users change their name"), "{page}");
        assert!(seen(&client, "/").await.contains("Hello, Alice Lidell!"), "still signed in");
    }
}

#[rocket::async_test]
async fn a_logto_that_is_down_is_said_to_be_and_nobody_is_signed_out() {
    let (provider, client) = open(Provider::builder(), "alice").await;
    provider.stop().await;
    let (status, page) = rename(&client, "name=Al").await;
    assert_eq!(status, 503);
    assert!(page.contains("Logto does not answer. Nothing was changed"), "{page}");
    assert_eq!(client.get("/account").dispatch().await.status(), Status::ServiceUnavailable);
    provider.resume().await.expect("the port is free");
    assert!(seen(&client, "/account").await.contains("<dd>Alice Lidell</dd>"));
}

#[rocket::async_test]
async fn a_session_that_logto_has_ended_leads_to_a_sign_in() {
    let (provider, client) = open(Provider::builder(), "alice").await;
    provider.revoke("alice");
    let response = client.get("/account").dispatch().await;
    assert_eq!(response.status(), Status::Unauthorized);
    let page = response.into_string().await.expect("a page");
    assert!(page.contains("Logto has ended your session."), "{page}");
    assert!(page.contains("href=\"/sign-in?return_to=/account\""), "{page}");
    provider.sign_in_at(&client, "/sign-in?return_to=/account", "alice").await;
    assert!(seen(&client, "/account").await.contains("<dd>Alice Lidell</dd>"));
}

#[rocket::async_test]
async fn strangers_and_other_sites_change_nothing() {
    let (_provider, client) = open(Provider::builder(), "alice").await;
    let forged = client.post("/account").header(ContentType::Form).body("name=Eve");
    let forged = forged.header(Header::new("Sec-Fetch-Site", "cross-site")).dispatch().await;
    assert_eq!(forged.status(), Status::Forbidden);
    assert!(seen(&client, "/account").await.contains("<dd>Alice Lidell</dd>"));
    client.get("/sign-out").dispatch().await;
    assert_eq!(client.get("/account").header(Accept::HTML).dispatch().await.status().code, 303);
    let (status, location) = rename(&client, "name=Eve").await;
    assert_eq!(status, 303);
    assert!(location.contains("/sign-in"), "{location}");
    let home = seen(&client, "/").await;
    assert!(home.contains("href=\"/sign-in?return_to=/account\""), "{home}");
}

/// An Account API that answers with this status and this body.
async fn stand_in(status: u16, body: &'static str) -> AccountApi {
    let figment = Figment::from(Config::debug_default());
    let figment = figment.merge(("port", 0)).merge(("log_level", "off"));
    let figment = figment.merge(("shutdown.ctrlc", false));
    let (ready, started) = tokio::sync::oneshot::channel();
    let answer = (Status::new(status), body);
    let rocket = rocket::custom(figment).manage(answer).mount("/", routes![answered]).attach(
        AdHoc::on_liftoff("port", |rocket| {
            let _ = ready.send(rocket.config().port);
            Box::pin(async {})
        }),
    );
    tokio::spawn(rocket.launch());
    let port = started.await.expect("it launches");
    AccountApi::new(&format!("http://127.0.0.1:{port}/")).expect("a client")
}

#[get("/api/my-account")]
fn answered(answer: &State<(Status, &'static str)>) -> (Status, &'static str) {
    **answer
}

#[rocket::async_test]
async fn answers_that_say_nothing_are_an_outage() {
    for (status, body) in [(500, "{}"), (503, ""), (302, ""), (200, "<html>"), (200, "{}")] {
        let failure = stand_in(status, body).await.read("token").await.expect_err("a failure");
        assert_eq!(failure.explained().0, Status::ServiceUnavailable, "{status} {body}");
    }
    let failure = stand_in(418, "<html>").await.read("token").await.expect_err("a failure");
    assert_eq!(failure.explained().0, Status::BadGateway);
    assert_eq!(failure.to_string(), "refused with 418 no code");
}

#[test]
fn every_refusal_of_logtos_has_words_for_the_user() {
    for (status, code, answer, words) in [
        (401, "auth.unauthorized", 401, "Sign in again"),
        (400, "auth.unauthorized", 403, "This application may not"),
        (403, "auth.forbidden", 403, "This application may not"),
        (400, "account_center.not_enabled", 403, "does not let users"),
        (400, "account_center.field_not_editable", 403, "does not let users"),
        (400, "guard.invalid_input", 422, "Try another one"),
        (422, "entity.invalid_input", 502, "The log says more"),
    ] {
        let (told, message) = Failure::Refused(status, code.into()).explained();
        assert_eq!(told.code, answer, "{code}");
        assert!(message.contains(words), "{message}");
    }
    let (status, message) = Failure::Unavailable("500".into()).explained();
    assert_eq!(status, Status::ServiceUnavailable);
    assert!(message.contains("try again"), "{message}");
}

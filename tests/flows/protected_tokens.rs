//! Tokens that a route needs before its handler runs, and tokens that a guard fetches.

#![allow(clippy::needless_pass_by_value, reason = "handlers take guards by value")]

use logto_dev::Provider;
use logto_rocket::{
    AccessToken, ApiResource, Error, Logto, OrganizationToken, Policy, authenticated, protect,
};
use logto_tests::{Approve, Browser, Deviation, Fault, Hostile};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::request::FromParam;
use rocket::{Build, Rocket, catch, catchers, get, routes};
use serde_json::json;

const API: &str = "https://api.example.com";

#[derive(ApiResource)]
#[resource("https://api.example.com", scopes("read:items", "write:items"))]
struct Items;

/// A part of the handler that must not run for those who are turned away.
struct Never;

impl FromParam<'_> for Never {
    type Error = ();
    fn from_param(_: &str) -> Result<Self, ()> {
        panic!("nothing of the handler runs");
    }
}

fn scopes<R>(token: &AccessToken<R>) -> String {
    token.scopes().collect::<Vec<_>>().join(" ")
}

#[authenticated(redirect, resource = "https://api.example.com")]
#[get("/items")]
fn items(token: AccessToken) -> String {
    scopes(&token)
}

#[authenticated(organization = "<org>")]
#[get("/orgs/<org>")]
fn organization(org: &str, token: OrganizationToken) -> String {
    format!("{org}: {}", scopes(&token))
}

#[authenticated(organization = "<org>")]
#[get("/never/<org>/<_never>")]
fn never(org: &str, _never: Never) -> String {
    org.to_owned()
}

#[authenticated(redirect, organization = "8wz3nrme4n02", resource = "https://api.example.com")]
#[get("/acme/items")]
fn acme_items(token: AccessToken) -> String {
    scopes(&token)
}

#[get("/guard")]
fn guard(token: AccessToken<Items>) -> String {
    scopes(&token)
}

#[get("/guard", rank = 2)]
fn stranger() -> &'static str {
    "stranger"
}

#[authenticated(organization = "<org>")]
#[get("/in/<org>")]
fn in_organization(org: &str, token: AccessToken<Items>) -> String {
    format!("{org}: {}", scopes(&token))
}

#[get("/forms")]
fn forms(
    token: logto_rocket::Result<AccessToken<Items>>,
    some: Option<AccessToken<Items>>,
) -> String {
    let kind = token.map_err(|error: Error| error.kind());
    format!("{:?} {}", kind.map(|token| scopes(&token)), some.is_some())
}

#[get("/plain/<org>")]
fn plain(org: &str, token: OrganizationToken) -> String {
    format!("{org}: {}", scopes(&token))
}

#[get("/items/plain")]
fn plain_items(token: AccessToken) -> String {
    scopes(&token)
}

#[get("/")]
fn home() {}

#[catch(403)]
fn forbidden() -> &'static str {
    "not for you"
}

fn configured(figment: Figment) -> Rocket<Build> {
    let scopes = ["read:items", "write:items", "read:data", "urn:logto:scope:organizations"];
    let figment = figment.merge(("logto.scopes", scopes)).merge(("logto.resources", [API]));
    app(figment)
}

fn app(figment: Figment) -> Rocket<Build> {
    let by_policy = protect(routes![plain], Policy::new().organization("<org>"));
    let of_api = protect(routes![plain_items], Policy::new().resource(API));
    rocket::custom(figment)
        .attach(Logto::fairing())
        .mount("/", routes![home, items, organization, never, acme_items, in_organization])
        .mount("/", routes![guard, stranger, forms])
        .mount("/", by_policy)
        .mount("/", of_api)
}

async fn signed_in_as(user: &str, provider: &Provider) -> Browser {
    let browser = Browser::open(configured(provider.figment())).await;
    let callback = provider.approve(&browser.start("/sign-in").await, user).await;
    let answer = browser.visit(&callback.expect("a callback")).await;
    assert_eq!(answer.status, Status::SeeOther, "{answer:?}");
    browser
}

#[rocket::async_test]
async fn a_member_reaches_the_handler_with_the_tokens_of_its_route() {
    let provider = Provider::start().await;
    let browser = signed_in_as("alice", &provider).await;
    let expected = [
        ("/items", "read:items write:items"),
        ("/orgs/8wz3nrme4n02", "8wz3nrme4n02: read:data"),
        ("/orgs/nyb79mqzrg8c", "nyb79mqzrg8c: read:data"),
        ("/acme/items", "read:items write:items"),
        ("/in/nyb79mqzrg8c", "nyb79mqzrg8c: read:items"),
        ("/guard", "read:items write:items"),
        ("/plain/nyb79mqzrg8c", "nyb79mqzrg8c: read:data"),
        ("/items/plain", "read:items write:items"),
    ];
    for (path, body) in expected {
        let answer = browser.visit(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (Status::Ok, body), "{path}");
    }
    // The sign-in, the resource, two organizations, and the resource in each.
    assert_eq!(provider.count("token"), 6, "each token is fetched once");
}

#[rocket::async_test]
async fn non_members_get_403_before_anything_of_the_handler_runs() {
    let provider = Provider::start().await;
    let browser = signed_in_as("bob", &provider).await;
    for path in
        ["/orgs/8wz3nrme4n02", "/never/8wz3nrme4n02/x", "/acme/items", "/plain/nyb79mqzrg8c"]
    {
        let answer = browser.visit(path).await;
        assert_eq!(answer.status, Status::Forbidden, "{path}: {answer:?}");
        assert!(answer.body.contains("You are not a member of this"), "{path}: {answer:?}");
        let answer = browser.fetch(path).await;
        let error = json!({"error": "You are not a member of this organization."});
        assert_eq!((answer.status, answer.body), (Status::Forbidden, error.to_string()), "{path}");
    }
    // They have what does not belong to the organization.
    assert_eq!(browser.visit("/items").await.body, "read:items");
    assert!(!browser.session_cookies().is_empty(), "bob stays signed in");
}

#[rocket::async_test]
async fn the_403_is_the_applications_own_where_it_has_one() {
    let provider = Provider::start().await;
    let rocket = configured(provider.figment()).register("/", catchers![forbidden]);
    let browser = Browser::open(rocket).await;
    let callback = provider.approve(&browser.start("/sign-in").await, "bob").await;
    browser.visit(&callback.expect("a callback")).await;
    let answer = browser.visit("/orgs/8wz3nrme4n02").await;
    assert_eq!((answer.status, answer.body.as_str()), (Status::Forbidden, "not for you"));
}

/// An id that Logto would overlook, or read as something else, opens nothing.
#[rocket::async_test]
async fn an_odd_organization_is_refused() {
    let provider = Provider::start().await;
    let browser = signed_in_as("alice", &provider).await;
    let before = provider.count("token");
    for path in ["/orgs/", "/never//x"] {
        assert_eq!(browser.visit(path).await.status, Status::NotFound, "{path}");
    }
    assert_eq!(provider.count("token"), before, "Logto is not asked for no organization");

    for id in [
        "%20",
        "%00",
        "..%2F8wz3nrme4n02",
        "8wz3nrme4n02%20",
        "8WZ3NRME4N02",
        "x%26organization_id=8wz3nrme4n02",
        "8wz3nrme4n02%0D%0Aorganization_id:%20x",
        "%FF",
        "%3Corg%3E",
    ] {
        let answer = browser.visit(&format!("/orgs/{id}")).await;
        assert_eq!(answer.status, Status::Forbidden, "{id}: {answer:?}");
    }
    assert_eq!(browser.visit("/orgs/8wz3nrme4n02").await.status, Status::Ok);
}

#[rocket::async_test]
async fn a_stranger_is_treated_by_the_rule_of_the_route() {
    let provider = Provider::start().await;
    let browser = Browser::open(configured(provider.figment())).await;
    for path in ["/orgs/8wz3nrme4n02", "/never/8wz3nrme4n02/x", "/plain/x"] {
        assert_eq!(browser.visit(path).await.status, Status::Unauthorized, "{path}");
    }
    let location = browser.visit("/items").await.location().to_owned();
    assert_eq!(location, "/sign-in?return_to=%2Fitems");
    assert_eq!(browser.visit("/guard").await.body, "stranger");
    assert_eq!(browser.visit("/forms").await.status, Status::Unauthorized);
    assert_eq!(provider.count("token"), 0);
}

/// Logto refuses the refresh: from then on the user is a stranger.
#[rocket::async_test]
async fn a_suspended_user_is_a_stranger() {
    let provider = Provider::start().await;
    for (path, status) in [("/items", 303), ("/orgs/8wz3nrme4n02", 401), ("/guard", 200)] {
        let browser = signed_in_as("alice", &provider).await;
        provider.revoke("alice");
        let answer = browser.visit(path).await;
        assert_eq!(answer.status.code, status, "{path}: {answer:?}");
        assert!(browser.session_cookies().is_empty(), "{path}: the session's cookies are gone");
    }
}

#[rocket::async_test]
async fn without_logto_a_missing_token_is_503() {
    let provider = Provider::start().await;
    let browser = signed_in_as("alice", &provider).await;
    assert_eq!(browser.visit("/orgs/8wz3nrme4n02").await.status, Status::Ok);
    provider.stop().await;
    for path in ["/items", "/orgs/nyb79mqzrg8c", "/acme/items", "/guard"] {
        let answer = browser.visit(path).await;
        assert_eq!(answer.status, Status::ServiceUnavailable, "{path}: {answer:?}");
        assert!(answer.header("retry-after").is_some(), "{path}: {answer:?}");
    }
    assert_eq!(browser.visit("/forms").await.body, "Err(Unreachable) false");
    // An existing token still works.
    assert_eq!(browser.visit("/orgs/8wz3nrme4n02").await.status, Status::Ok);
    assert!(!browser.session_cookies().is_empty(), "nobody is signed out");
}

#[rocket::async_test]
async fn nonsense_instead_of_a_token_is_502() {
    let op = Hostile::start().await;
    let browser = Browser::open(configured(op.figment())).await;
    browser.sign_in(&op, "/sign-in").await;
    op.deviate(Deviation::Answer("token", Fault::Html(200)));
    for path in ["/items", "/orgs/8wz3nrme4n02", "/guard"] {
        let answer = browser.visit(path).await;
        assert_eq!(answer.status, Status::BadGateway, "{path}: {answer:?}");
    }
    assert!(!browser.session_cookies().is_empty(), "nobody is signed out");
}

/// The session began before the configuration requested what the routes need.
#[rocket::async_test]
async fn a_sign_in_that_did_not_ask_is_not_covered() {
    let provider = Provider::start().await;
    let before = Browser::open(
        rocket::custom(provider.figment()).attach(Logto::fairing()).mount("/", routes![home]),
    )
    .await;
    before.sign_in(&provider, "/sign-in").await;
    let browser = Browser::open(configured(provider.figment())).await;
    browser.restore(before.cookies());
    for path in ["/items", "/orgs/8wz3nrme4n02", "/guard"] {
        let answer = browser.visit(path).await;
        assert_eq!(answer.status, Status::Forbidden, "{path}: {answer:?}");
    }
    assert_eq!(browser.visit("/forms").await.body, "Err(NotGranted) false");
    browser.forget();
    let callback = provider.approve_at(&browser.start("/items").await).await;
    let answer = browser.visit(&callback).await;
    assert_eq!(browser.visit(answer.location()).await.body, "read:items write:items");
}

/// Without a refresh token there is no token, and no sign-in brings one: the redirects
/// would never end.
#[rocket::async_test]
async fn without_a_refresh_token_nobody_goes_in_circles() {
    let provider = Provider::start().await;
    let figment = provider.figment().merge(("logto.prompt", "login"));
    let browser = Browser::open(configured(figment)).await;
    let answer = browser.sign_in(&provider, "/items").await;
    assert_eq!((answer.status, answer.header("location")), (Status::Unauthorized, None));
}

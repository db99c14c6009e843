//! APIs that take access tokens and sign nobody in.

use logto_rocket::testing::{TestClient as _, TestRequest as _, TestToken, TestUser};
use logto_rocket::{
    AccessToken, ApiResource, AuthInfo, IdTokenClaims, Logto, LogtoClient, OrganizationToken,
    Policy, User, UserInfo, authenticated, protect,
};
use logto_tests::{Browser, Hostile, with};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::local::asynchronous::Client;
use rocket::{Build, Rocket, get, routes};

const API: &str = "https://api.example.com";

#[derive(ApiResource)]
#[resource("items")]
enum Items {
    #[scope("read:items")]
    Read,
}

#[authenticated(bearer, scopes(Items::Read))]
#[get("/items")]
fn items(auth: &AuthInfo) -> String {
    auth.sub.clone()
}

#[authenticated(bearer, organization = "<org>")]
#[get("/orgs/<org>")]
fn organization(org: &str) -> &str {
    org
}

#[get("/open?<state>")]
fn open(state: &str) -> &str {
    state
}

#[get("/callback?<state>")]
fn callback(state: &str) -> &str {
    state
}

/// The least that such an application configures in production.
fn figment(op: &Hostile) -> Figment {
    Figment::from(rocket::Config::release_default())
        .select("release")
        .merge(("log_level", "off"))
        .merge(("logto.endpoint", op.endpoint()))
        .merge(("logto.resources.items", API))
}

fn api(op: &Hostile) -> Rocket<Build> {
    rocket::custom(figment(op)).attach(Logto::fairing())
}

/// W16: tokens admit requests as they do beside a sign-in, and there are no sign-in routes.
#[rocket::async_test]
async fn an_api_takes_tokens_and_mounts_nothing() {
    let op = Hostile::start().await;
    let browser =
        Browser::open(api(&op).mount("/", routes![items, organization, open, callback])).await;
    assert_eq!(browser.client().rocket().routes().count(), 4, "its own");
    let items = op.access_token(API, "read:items");
    let acme = op.access_token("urn:logto:organization:acme", "");
    for (path, token, status, body) in [
        ("/items", Some(&items), 200, "u-alice"),
        ("/items", Some(&acme), 401, ""),
        ("/items", None, 401, r#"{"error":"Not authenticated"}"#),
        ("/orgs/acme", Some(&acme), 200, "acme"),
        ("/open?state=a", None, 200, "a"),
        ("/callback?state=a", None, 200, "a"),
        ("/sign-in", None, 404, ""),
        ("/sign-out", None, 404, ""),
    ] {
        let value = token.map(|token| format!("Bearer {token}"));
        let header = value.as_deref().map(|value| ("Authorization", value));
        let answer = browser.send(with(browser.client().get(path), header.as_slice())).await;
        assert_eq!(answer.status.code, status, "{path}: {answer:?}");
        assert!(answer.body.starts_with(body), "{path}: {answer:?}");
        assert_eq!(answer.cookies.len(), 0, "{path}");
    }
}

#[authenticated]
#[get("/session")]
fn session() {}

#[authenticated(session, bearer, resource = "items", any_client)]
#[get("/both")]
fn both() {}

#[authenticated(roles("admin"))]
#[get("/roles")]
fn roles() {}

#[get("/user")]
fn user(_user: &User) {}

/// No request has one.
#[get("/some-user")]
fn some_user(_user: Option<&User>) {}

#[get("/claims")]
fn claims(_claims: &IdTokenClaims) {}

#[get("/info")]
fn info(_info: &UserInfo) {}

#[get("/client")]
fn client(_client: LogtoClient<'_>) {}

#[get("/token")]
fn token(_token: AccessToken) {}

#[get("/typed")]
fn typed(_token: AccessToken<Items>) {}

#[get("/organization")]
fn of_organization(_token: OrganizationToken) {}

/// W16: by the attribute, and by each guard for a session.
#[rocket::async_test]
async fn a_route_that_needs_a_session_ends_the_launch_of_an_api() {
    let op = Hostile::start().await;
    for routes in [
        routes![session],
        routes![both],
        routes![roles],
        routes![user],
        routes![some_user],
        routes![claims],
        routes![info],
        routes![client],
        routes![token],
        routes![typed],
        routes![of_organization],
    ] {
        let uri = routes[0].uri.to_string();
        let launched = api(&op).mount("/", routes).ignite().await;
        let launched = launched.map_err(|error| error.kind().to_string());
        assert!(launched.is_err(), "{uri}");
    }
    assert!(api(&op).mount("/", routes![items, organization, open]).ignite().await.is_ok());
}

/// W16: the launch does not see `protect()`; no session is accepted, whatever a request carries.
#[rocket::async_test]
async fn routes_for_sessions_that_the_launch_cannot_notice_answer_500() {
    let op = Hostile::start().await;
    let both = Policy::new().resource("items").bearer().session().any_client();
    let rocket = api(&op)
        .mount("/session", protect(routes![open], Policy::new()))
        .mount("/redirect", protect(routes![open], Policy::new().redirect()))
        .mount("/both", protect(routes![open], both));
    let browser = Browser::open(rocket).await;
    let bearer = format!("Bearer {}", op.access_token(API, ""));
    for path in ["/session/open?state=a", "/redirect/open?state=a", "/both/open?state=a"] {
        for headers in [&[][..], &[("Authorization", &*bearer)]] {
            let answer = browser.send(with(browser.client().get(path), headers)).await;
            assert_eq!(answer.status, Status::InternalServerError, "{path}");
        }
    }
}

/// W16, W15: names work in the test kit too, for presented tokens and for those of a session.
#[rocket::async_test]
async fn the_test_kit_takes_the_names_of_resources() {
    #[authenticated(resource = "items", scopes("read:items"))]
    #[get("/fetched")]
    fn fetched(auth: &AuthInfo) -> String {
        auth.audience.join(" ")
    }

    let op = Hostile::start().await;
    let without = Client::tracked(api(&op).mount("/", routes![items])).await.unwrap();
    let token = TestToken::for_resource(Items::INDICATOR).scope("read:items");
    let answer = without.get("/items").bearer(token.clone()).dispatch().await;
    assert_eq!(answer.into_string().await.as_deref(), Some("test-user"));
    let by_uri = TestToken::for_resource(API).scope("read:items");
    assert_eq!(without.get("/items").bearer(by_uri).dispatch().await.status(), Status::Ok);

    let figment = op.figment().merge(("logto.resources.items", API));
    let rocket = rocket::custom(figment.merge(("logto.scopes", ["read:items"])));
    let rocket = rocket.attach(Logto::fairing()).mount("/", routes![fetched]);
    let client = Client::tracked(rocket).await.unwrap();
    client.sign_in_as(TestUser::new("alice").access_token("items", ["read:items"])).await;
    assert_eq!(client.get("/fetched").dispatch().await.into_string().await.as_deref(), Some(API));
}

//! The kit for an application's own tests: users who are signed in without Logto.

#![allow(clippy::needless_pass_by_value, reason = "handlers take guards by value")]

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use logto_rocket::testing::{LogtoAnswer, TestClient, TestUser};
use logto_rocket::{
    AccessToken, AfterSignIn, Audience, Error, Hooks, Logto, LogtoClient, MemoryStore,
    OrganizationToken, User, UserInfo, authenticated,
};
use rocket::figment::Figment;
use rocket::http::{Header, Method, Status};
use rocket::local::{asynchronous, blocking};
use rocket::{Build, Request, Rocket, State, get, routes};
use serde_json::json;

const API: &str = "https://api.example.com";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[authenticated]
#[get("/me")]
fn me(user: &User) -> String {
    let name = user.name().unwrap_or("nobody");
    format!("{} {name} {}", user.subject(), user.has_role("admin"))
}

#[authenticated(fetch_user_info)]
#[get("/info")]
fn info(info: &UserInfo) -> String {
    format!("{} {}", info.subject(), info.custom_data().value().unwrap_or(&json!(null)))
}

#[authenticated(resource = "https://api.example.com")]
#[get("/items")]
fn items(token: AccessToken) -> String {
    let claims = token.claims();
    let claims = claims.jwt().unwrap();
    format!("{:?} {}", claims.audiences().unwrap_or_default(), token.has_scope("read:items"))
}

#[authenticated(organization = "<org>")]
#[get("/orgs/<org>")]
fn organization(org: &str, token: OrganizationToken, user: &User) -> String {
    format!("{} {}", token.has_scope("invite:member"), user.has_organization_role(org, "owner"))
}

#[authenticated(resource = "https://api.example.com", organization = "<org>")]
#[get("/orgs/<org>/items")]
fn items_of(org: &str, token: AccessToken) -> String {
    let claims = token.claims();
    let id = claims.jwt().unwrap().organization_id().unwrap_or_default().to_owned();
    format!("{} {}", id == org, token.has_scope("read:items"))
}

#[get("/machine")]
async fn machine(logto: &State<Logto>) -> Result<(), Error> {
    logto.client_credentials(API, ["read:items"]).await.map(drop)
}

#[authenticated]
#[get("/id-token")]
async fn id_token(logto: LogtoClient<'_>) -> Option<String> {
    logto.id_token().await.ok().flatten().map(|token| token.to_string())
}

/// A port that counts its connections, and says nothing.
fn real_logto() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for _ in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, count)
}

fn figment(endpoint: &str) -> Figment {
    Figment::from(rocket::Config::debug_default())
        .merge(("log_level", "off"))
        .merge(("logto.endpoint", endpoint))
        .merge(("logto.app_id", "app"))
        .merge(("logto.resources", [API]))
        .merge(("logto.scopes", ["urn:logto:scope:organizations", "read:items", "invite:member"]))
}

fn with(figment: Figment, fairing: logto_rocket::LogtoFairing) -> Rocket<Build> {
    let routes = routes![me, info, items, organization, items_of, machine, id_token];
    rocket::custom(figment).attach(fairing).mount("/", routes)
}

fn rocket() -> Rocket<Build> {
    with(figment("https://foo.logto.app"), Logto::fairing())
}

async fn open(rocket: Rocket<Build>) -> asynchronous::Client {
    asynchronous::Client::tracked(rocket).await.unwrap()
}

fn alice() -> TestUser {
    TestUser::new("alice").name("Alice").role("admin").organization("acme", ["owner"])
}

/// The status and the body of a page.
async fn page(client: &asynchronous::Client, path: &str) -> (u16, String) {
    let response = client.get(path.to_owned()).dispatch().await;
    let status = response.status().code;
    (status, response.into_string().await.unwrap_or_default())
}

async fn status(client: &asynchronous::Client, path: &str) -> u16 {
    page(client, path).await.0
}

#[rocket::async_test]
async fn a_test_is_signed_in_as_the_user_it_names_wherever_sessions_are() {
    let memory = figment("https://foo.logto.app").merge(("logto.session.store", "memory"));
    let own = Logto::fairing().store(MemoryStore::new(10));
    for rocket in
        [rocket(), with(memory, Logto::fairing()), with(figment("https://foo.logto.app"), own)]
    {
        let client = open(rocket).await;
        assert_eq!(status(&client, "/me").await, 401);
        client.sign_in_as(alice()).await;
        assert_eq!(page(&client, "/me").await, (200, "alice Alice true".into()));
        client.sign_in_as(TestUser::new("bob")).await;
        assert_eq!(page(&client, "/me").await, (200, "bob nobody false".into()));
        client.sign_out().await;
        let cookies: String = client.cookies().iter().map(|cookie| cookie.value()).collect();
        assert_eq!((status(&client, "/me").await, cookies.as_str()), (401, ""));

        client.sign_in_as(alice()).await;
        client.end_session().await;
        assert!(client.cookies().iter().count() > 0);
        assert_eq!(status(&client, "/me").await, 401);

        client.sign_in_as(alice()).await;
        client.advance(6 * DAY);
        assert_eq!(status(&client, "/me").await, 200);
        client.advance(8 * DAY);
        assert_eq!(status(&client, "/me").await, 401);
        client.sign_in_as(alice()).await;
        assert_eq!(status(&client, "/me").await, 200);
    }
}

#[test]
fn a_blocking_client_does_the_same() {
    let client = blocking::Client::tracked(rocket()).unwrap();
    let status = || client.get("/me").dispatch().status();
    client.sign_in_as(alice());
    assert_eq!(status(), Status::Ok);
    client.end_session();
    assert_eq!(status(), Status::Unauthorized);
    client.sign_in_as(alice());
    client.advance(8 * DAY);
    assert_eq!(status(), Status::Unauthorized);
    client.sign_in_as(alice());
    client.logto_answers(LogtoAnswer::Down);
    assert_eq!(client.get("/info").dispatch().status(), Status::ServiceUnavailable);
    client.sign_out();
    assert_eq!(status(), Status::Unauthorized);
}

#[rocket::async_test]
async fn tokens_are_those_that_the_test_gives() {
    let client = open(rocket()).await;
    let in_acme = Audience::resource(API).in_organization("acme");
    let user = alice()
        .access_token(API, ["read:items"])
        .access_token(Audience::organization("acme"), ["invite:member"])
        .access_token(in_acme, ["read:items"]);
    // As given, after a refresh, and with a refresh at each use.
    for lifetime in [3600, 3600, 0] {
        client.sign_in_as(user.clone().token_lifetime(Duration::from_secs(lifetime))).await;
        for _ in 0..2 {
            assert_eq!(page(&client, "/items").await.1, format!("[{API:?}] true"));
            assert_eq!(page(&client, "/orgs/acme").await.1, "true true");
            assert_eq!(page(&client, "/orgs/acme/items").await.1, "true true");
            client.advance(Duration::from_secs(3600));
        }
    }
    let id_token = page(&client, "/id-token").await.1;
    assert!(id_token.starts_with("ey") && id_token.ends_with('.'), "it is signed: {id_token}");
}

#[rocket::async_test]
async fn members_get_a_token_and_others_403() {
    let client = open(rocket()).await;
    client.sign_in_as(alice()).await;
    assert_eq!(page(&client, "/orgs/acme").await, (200, "false true".into()));
    for path in ["/orgs/globex", "/orgs/globex/items"] {
        assert_eq!(status(&client, path).await, 403, "{path}");
    }
    // Nothing was said about these.
    for path in ["/items", "/orgs/acme/items", "/machine"] {
        assert_eq!(status(&client, path).await, 503, "{path}");
    }
    assert_eq!(status(&client, "/me").await, 200);
}

#[rocket::async_test]
async fn user_info_is_what_the_test_says() {
    let client = open(rocket()).await;
    client.sign_in_as(alice().user_info("custom_data", json!({ "plan": "gold" }))).await;
    assert_eq!(page(&client, "/info").await, (200, r#"alice {"plan":"gold"}"#.into()));
    client.advance(DAY);
    assert_eq!(status(&client, "/info").await, 200, "after a refresh");
}

#[rocket::async_test]
async fn logto_answers_what_the_test_says() {
    use LogtoAnswer::{Denied, Down, Ended, Granted};
    let hour = Duration::from_secs(3600);
    for (answer, items, info, me) in [
        (Granted, 200, 200, 200),
        (Denied, 403, 200, 200),
        (Down, 503, 503, 200),
        (Ended, 401, 401, 401),
    ] {
        let client = open(rocket()).await;
        client.sign_in_as(alice().access_token(API, ["read:items"])).await;
        client.logto_answers(answer);
        assert_eq!(status(&client, "/items").await, 200, "{answer:?}: it has a token");
        client.advance(hour);
        let found = [status(&client, "/items").await, status(&client, "/info").await];
        assert_eq!((found, status(&client, "/me").await), ([items, info], me), "{answer:?}");
    }
    let client = open(rocket()).await;
    client.sign_in_as(alice()).await;
    client.logto_answers(Down);
    assert_eq!(status(&client, "/info").await, 503);
    client.logto_answers(Granted);
    client.advance(Duration::from_secs(5));
    assert_eq!(status(&client, "/info").await, 200);
}

#[rocket::async_test]
async fn a_session_that_began_long_ago_lives_as_long_as_the_configuration_says() {
    let client = open(rocket()).await;
    client.sign_in_as(alice().signed_in_ago(29 * DAY)).await;
    assert_eq!(status(&client, "/me").await, 200);
    client.advance(2 * DAY);
    assert_eq!(status(&client, "/me").await, 401);
}

/// However much there is to ask: the address may be production's.
#[rocket::async_test]
async fn an_instance_that_a_test_has_touched_does_not_reach_logto() {
    let (endpoint, count) = real_logto();
    let client = open(with(figment(&endpoint), Logto::fairing())).await;
    client.sign_in_as(alice().token_lifetime(Duration::ZERO)).await;
    for path in ["/me", "/info", "/items", "/orgs/acme", "/orgs/globex", "/machine"] {
        status(&client, path).await;
    }
    client.end_session().await;
    client.sign_in_as(alice()).await;
    client.sign_in_as(TestUser::new("bob")).await;
    client.sign_out().await;
    let sign_in = client.get("/sign-in").dispatch().await;
    let location = sign_in.headers().get_one("Location").unwrap().to_owned();
    assert!(location.starts_with(&format!("{endpoint}/oidc/auth?")), "{location}");
    let state = location.split("state=").nth(1).unwrap().split('&').next().unwrap();
    let callback = format!("/callback?code=c&state={state}&iss={endpoint}/oidc");
    assert_eq!(status(&client, &callback).await, 503);
    let token = client.post("/backchannel-logout").header(rocket::http::ContentType::Form);
    token.body("logout_token=ey.ey.ey").dispatch().await;
    // What began in the background is done.
    rocket::tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[rocket::async_test]
async fn another_instance_of_the_process_is_not_touched() {
    let (endpoint, count) = real_logto();
    let (one, other) = (rocket(), with(figment(&endpoint), Logto::fairing()));
    let (one, other) = (open(one).await, open(other).await);
    one.sign_in_as(alice()).await;
    assert_eq!([status(&one, "/me").await, status(&other, "/me").await], [200, 401]);

    // It still asks its Logto, although it is shown the other one's cookies.
    let stolen: Vec<_> = one.cookies().iter().cloned().collect();
    let answer = other.get("/me").cookies(stolen).dispatch().await;
    assert_eq!(answer.status(), Status::Unauthorized);
    assert_eq!(other.get("/sign-in").dispatch().await.status(), Status::ServiceUnavailable);
    assert!(count.load(Ordering::SeqCst) > 0);

    other.sign_in_as(alice()).await;
    other.advance(Duration::from_secs(5));
    one.advance(8 * DAY);
    one.logto_answers(LogtoAnswer::Down);
    assert_eq!([status(&one, "/me").await, status(&other, "/me").await], [401, 200]);
    assert_eq!(status(&other, "/info").await, 200);
}

/// REL-3: nobody whose tokens are still good notices an hour without Logto.
#[rocket::async_test]
async fn while_logto_is_down_for_an_hour_users_with_valid_tokens_notice_nothing() {
    let client = open(rocket()).await;
    let user = alice().access_token(API, ["read:items"]).token_lifetime(Duration::from_secs(7200));
    client.sign_in_as(user).await;
    client.logto_answers(LogtoAnswer::Down);
    for _ in 0..13 {
        assert_eq!(status(&client, "/me").await, 200);
        assert_eq!(status(&client, "/items").await, 200);
        client.advance(Duration::from_secs(300));
    }
}

/// The kit's requests, without what it passes within this process.
#[rocket::async_test]
async fn nothing_that_a_request_can_carry_signs_anybody_in() {
    let client = open(rocket()).await;
    client.sign_in_as(alice()).await;
    let id_token = page(&client, "/id-token").await.1;
    let name = client.cookies().iter().next().unwrap().name().to_owned();
    client.sign_out().await;
    for value in ["alice", "of-a-test-0", r#"{"sub":"alice"}"#, &id_token] {
        for method in [Method::Trace, Method::Get, Method::Post] {
            for path in ["/", "/me", "/callback", "/sign-in?sub=alice"] {
                let request = client.req(method, path);
                let request = ["X-Logto-Test", "X-Test-User", "Logto-Errand", "X-User"]
                    .into_iter()
                    .fold(request, |request, header| {
                        request.header(Header::new(header, value.to_owned()))
                    });
                let bearer = format!("Bearer {value}");
                let request = request.header(Header::new("Authorization", bearer));
                let answer = request.cookie((name.clone(), value.to_owned())).dispatch().await;
                let session =
                    answer.cookies().get(&name).filter(|cookie| !cookie.value().is_empty());
                assert!(session.is_none(), "{method} {path}");
                assert_ne!((answer.status(), path), (Status::Ok, "/me"), "{method}");
            }
        }
        assert_eq!(status(&client, "/me").await, 401);
    }
}

struct Refusing;

#[rocket::async_trait]
impl Hooks for Refusing {
    async fn after_sign_in(&self, _: &Request<'_>, _: &User) -> Result<AfterSignIn, Error> {
        Ok(AfterSignIn::Refuse("nobody".into()))
    }
}

#[rocket::async_test]
async fn the_hook_of_a_sign_in_is_not_called() {
    let fairing = Logto::fairing().hooks(Refusing);
    let client = open(with(figment("https://foo.logto.app"), fairing)).await;
    client.sign_in_as(alice()).await;
    assert_eq!(status(&client, "/me").await, 200);
}

#[test]
#[should_panic(expected = "open it with `Client::tracked()`")]
fn a_client_without_cookies_is_said_to_have_none() {
    blocking::Client::untracked(rocket()).unwrap().sign_in_as(alice());
}

#[test]
#[should_panic(expected = "the application attaches `Logto::fairing()`")]
fn an_application_without_logto_is_said_to_have_none() {
    let bare = rocket::custom(figment("https://foo.logto.app"));
    blocking::Client::tracked(bare).unwrap().sign_in_as(alice());
}

#[test]
#[should_panic(expected = "does not fit into cookies")]
fn a_user_with_too_much_for_a_cookie_is_refused_as_at_a_sign_in() {
    let client = blocking::Client::tracked(rocket()).unwrap();
    client.sign_in_as(alice().claim("custom", "c".repeat(20_000)));
}

//! Who may, of users with a session: scopes, roles, and roles in an organization.

use std::time::Duration;

use logto_rocket::testing::{LogtoAnswer, TestClient as _, TestUser};
use logto_rocket::{AuthInfo, Logto, Policy, Result, User, authenticated, protect};
use logto_tests::{Browser, Hostile};
use rocket::figment::Figment;
use rocket::http::{Accept, Status};
use rocket::local::asynchronous::Client;
use rocket::{Build, Rocket, catch, catchers, get, routes};

const API: &str = "https://api.example.com";

#[authenticated(redirect, roles("admin"))]
#[get("/admin")]
fn admin() -> &'static str {
    "in"
}

#[authenticated(any_role("editor", "admin"))]
#[get("/editors")]
fn editors(user: &User) -> Result<&str> {
    user.require_role("editor")?;
    Ok(user.subject())
}

#[authenticated(fetch_user_info, roles("admin"))]
#[get("/now")]
fn now() -> &'static str {
    "in"
}

#[authenticated(organization = "<org>", organization_roles("owner"))]
#[get("/orgs/<org>")]
fn owners(org: &str) -> &str {
    org
}

#[authenticated(organization = "<org>", scopes("read:data"))]
#[get("/orgs/<org>/data")]
fn data(org: &str, auth: &AuthInfo) -> String {
    format!("{org} {:?}", auth.organization_id)
}

#[authenticated(resource = "https://api.example.com", scopes("read:items"), any_scope("a", "b"))]
#[get("/items")]
fn items(auth: &AuthInfo) -> String {
    auth.scopes.join(" ")
}

#[get("/protected")]
fn protected() -> &'static str {
    "in"
}

fn figment() -> Figment {
    Figment::from(rocket::Config::debug_default())
        .merge(("log_level", "off"))
        .merge(("logto.endpoint", "https://foo.logto.app"))
        .merge(("logto.app_id", "app"))
        .merge(("logto.resources", [API]))
}

const SCOPES: [&str; 7] = [
    "roles",
    "urn:logto:scope:organizations",
    "urn:logto:scope:organization_roles",
    "read:items",
    "read:data",
    "a",
    "b",
];

fn application(figment: Figment) -> Rocket<Build> {
    let policy = Policy::new().roles(&["admin"]);
    rocket::custom(figment)
        .attach(Logto::fairing())
        .mount("/", routes![admin, editors, now, owners, data, items])
        .mount("/", protect(rocket::routes![protected], policy))
}

async fn open(figment: Figment) -> Client {
    Client::tracked(application(figment.merge(("logto.scopes", SCOPES)))).await.unwrap()
}

async fn status(client: &Client, path: &str) -> u16 {
    client.get(path.to_owned()).header(Accept::JSON).dispatch().await.status().code
}

/// W11: those of the ID token, without asking Logto.
#[rocket::async_test]
async fn roles_of_the_user_decide() {
    let client = open(figment()).await;
    assert_eq!(status(&client, "/admin").await, 401, "a stranger");
    for (roles, path, expected) in [
        (&["admin"][..], "/admin", 200),
        (&["editor"], "/admin", 403),
        (&[], "/admin", 403),
        (&["Admin", "admins"], "/admin", 403),
        (&["admin"], "/protected", 200),
        (&["editor"], "/protected", 403),
        (&["editor"], "/editors", 200),
        (&["admin"], "/editors", 403),
        (&["reader"], "/editors", 403),
    ] {
        let user = roles.iter().fold(TestUser::new("alice"), |user, role| user.role(*role));
        client.sign_in_as(user).await;
        assert_eq!(status(&client, path).await, expected, "{path} of {roles:?}");
    }
}

/// W11: with `fetch_user_info`, the current ones.
#[rocket::async_test]
async fn roles_of_the_user_info_decide_where_it_is_fetched() {
    let client = open(figment()).await;
    let gone: [&str; 0] = [];
    client.sign_in_as(TestUser::new("alice").role("admin").user_info("roles", gone.to_vec())).await;
    assert_eq!((status(&client, "/admin").await, status(&client, "/now").await), (200, 403));
}

/// W11: in the path's organization, and no token is fetched for it.
#[rocket::async_test]
async fn roles_in_the_organization_of_the_path_decide() {
    let client = open(figment()).await;
    let alice = TestUser::new("alice").organization("acme", ["owner"]);
    client.sign_in_as(alice.organization("other", ["member"])).await;
    client.logto_answers(LogtoAnswer::Denied);
    for (path, expected) in [("/orgs/acme", 200), ("/orgs/other", 403), ("/orgs/third", 403)] {
        assert_eq!(status(&client, path).await, expected, "{path}");
    }
}

/// W6: those of the token that is fetched for the route.
#[rocket::async_test]
async fn scopes_of_the_fetched_token_decide() {
    let client = open(figment()).await;
    for (scopes, expected) in
        [(&["read:items", "b"][..], 200), (&["read:items"], 403), (&["a", "b"], 403), (&[], 403)]
    {
        let scopes = scopes.iter().copied();
        client.sign_in_as(TestUser::new("alice").access_token(API, scopes.clone())).await;
        assert_eq!(status(&client, "/items").await, expected, "{:?}", scopes.collect::<Vec<_>>());
    }
}

/// W12: as fresh as `session.revalidate` says, while they can be renewed.
#[rocket::async_test]
async fn roles_are_as_fresh_as_the_configuration_says() {
    let hour = Duration::from_secs(3700);
    let client = open(figment()).await;
    client.sign_in_as(TestUser::new("alice").role("admin")).await;
    client.advance(hour);
    assert_eq!(status(&client, "/admin").await, 200, "they were renewed");
    client.advance(hour);
    client.logto_answers(LogtoAnswer::Down);
    assert_eq!(status(&client, "/admin").await, 200, "those at hand do");
    client.advance(hour);
    client.logto_answers(LogtoAnswer::Ended);
    assert_eq!(status(&client, "/admin").await, 401);
}

/// W12: a session that cannot be refreshed signs in again, unless no freshness is required.
#[rocket::async_test]
async fn without_a_refresh_token_old_roles_sign_in_again() {
    let op = Hostile::start().await;
    for (revalidate, status) in [(1, Status::SeeOther), (0, Status::Ok), (3600, Status::Ok)] {
        let figment = op
            .figment()
            .merge(("logto.include_reserved_scopes", false))
            .merge(("logto.scopes", ["openid", "roles"]))
            .merge(("logto.session.revalidate", revalidate));
        let routes = rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![admin]);
        let browser = Browser::open(routes).await;
        op.behave();
        op.deviate(logto_tests::Deviation::Claims(logto_tests::Alter::set(
            "roles",
            ["admin"].to_vec(),
        )));
        op.deviate(logto_tests::Deviation::Tokens(logto_tests::Alter::by(
            "no refresh token",
            |answer| {
                answer.as_object_mut().unwrap().remove("refresh_token");
            },
        )));
        let page = browser.sign_in(&op, "/admin").await;
        assert_eq!(page.status, Status::Ok, "{page:?}");
        rocket::tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(browser.visit("/admin").await.status, status, "{revalidate}");
    }
}

#[catch(403)]
fn forbidden() -> &'static str {
    "the application's own"
}

/// W13: never a redirect to sign-in, which would loop; a page, JSON, or the application's own.
#[rocket::async_test]
async fn a_user_who_may_not_gets_403_and_no_sign_in() {
    let client = open(figment()).await;
    client.sign_in_as(TestUser::new("alice")).await;
    let page = client.get("/admin").header(Accept::HTML).dispatch().await;
    assert_eq!(page.status(), Status::Forbidden);
    let page = page.into_string().await.unwrap();
    assert!(page.contains("No access") && page.contains("`admin`"), "{page}");
    let json = client.get("/admin").header(Accept::JSON).dispatch().await.into_string().await;
    let json = json.unwrap();
    assert!(json.starts_with("{\"error\":\"You are not allowed to do this. ("), "{json}");

    let rocket = application(figment().merge(("logto.scopes", SCOPES)));
    let client = Client::tracked(rocket.register("/", catchers![forbidden])).await.unwrap();
    client.sign_in_as(TestUser::new("alice")).await;
    let answer = client.get("/admin").dispatch().await;
    assert_eq!(answer.into_string().await.unwrap(), "the application's own");
}

/// W13: what strangers to the code must not learn goes to the log.
#[rocket::async_test]
async fn outside_the_debug_profile_the_answer_does_not_say_what_is_missing() {
    let release = Figment::from(rocket::Config::release_default())
        .merge(figment().select("release"))
        .merge(("profile", "release"))
        .select("release")
        .merge(("logto.base_url", "https://app.example.com"))
        .merge(("logto.cookie_secret", "a-secret-of-the-tests-long-enough-for-a-key"));
    let client = open(release).await;
    client.sign_in_as(TestUser::new("alice")).await;
    let answer = client.get("/admin").header(Accept::JSON).dispatch().await;
    let body = answer.into_string().await.unwrap();
    assert_eq!(body, r#"{"error":"You are not allowed to do this."}"#);
}

/// W14: the launch says which scope a condition needs.
#[rocket::async_test]
async fn conditions_that_no_sign_in_asks_for_end_the_launch() {
    for missing in ["roles", "urn:logto:scope:organization_roles", "read:items", "read:data"] {
        let scopes: Vec<_> = SCOPES.into_iter().filter(|scope| *scope != missing).collect();
        let rocket = application(figment().merge(("logto.scopes", scopes)));
        let launched = rocket.ignite().await.map_err(|error| error.kind().to_string());
        assert!(launched.is_err(), "without {missing}");
    }
    assert!(application(figment().merge(("logto.scopes", SCOPES))).ignite().await.is_ok());
}

//! API resources that routes refer to by their names in the configuration.

#![allow(clippy::needless_pass_by_value, reason = "handlers take guards by value")]

use logto_rocket::{
    AccessToken, ApiResource, AuthInfo, Error, Logto, LogtoClient, Policy, authenticated, protect,
};
use logto_tests::{Answer, Browser, Hostile, with};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::{Build, Rocket, Route, get, routes};

const API: &str = "https://api.example.com";
const STAGING: &str = "https://staging.example.com";

#[derive(ApiResource)]
#[resource("items")]
enum Items {
    #[scope("read:items")]
    Read,
}

#[authenticated(bearer, scopes(Items::Read))]
#[get("/typed")]
fn typed(auth: &AuthInfo) -> String {
    auth.audience.join(" ")
}

#[authenticated(bearer, resource = "items", any_client)]
#[get("/named")]
fn named(auth: &AuthInfo) -> String {
    auth.audience.join(" ")
}

#[get("/plain")]
fn plain(auth: &AuthInfo) -> String {
    auth.audience.join(" ")
}

#[authenticated(resource = "items")]
#[get("/fetched")]
fn fetched(token: AccessToken) -> String {
    token.scopes().collect::<Vec<_>>().join(" ")
}

#[authenticated]
#[get("/guard")]
fn guard(token: AccessToken<Items>) -> String {
    token.scopes().collect::<Vec<_>>().join(" ")
}

/// The audience comes with the request.
#[authenticated]
#[get("/asked/<name>")]
async fn asked(name: &str, logto: LogtoClient<'_>) -> Result<String, Error> {
    let token = logto.access_token(name).await?;
    Ok(token.is_some().to_string())
}

fn protected() -> Vec<Route> {
    let policy = Policy::new().resource("items").bearer().any_client();
    protect(routes![plain], policy)
}

fn app(figment: Figment) -> Rocket<Build> {
    rocket::custom(figment.merge(("logto.scopes", ["read:items"])))
        .attach(Logto::fairing())
        .mount("/", routes![typed, named, fetched, guard, asked])
        .mount("/", protected())
}

async fn at(op: &Hostile, indicator: &str) -> Browser {
    Browser::open(app(op.figment().merge(("logto.resources.items", indicator)))).await
}

async fn present(browser: &Browser, path: &str, token: &str) -> Answer {
    let request = browser.client().get(path.to_owned());
    browser.send(with(request, &[("Authorization", &format!("Bearer {token}"))])).await
}

/// W15: the same routes in two deployments; a token for one admits nobody to the other.
#[rocket::async_test]
async fn a_name_stands_for_the_resource_of_its_own_deployment() {
    let op = Hostile::start().await;
    let (production, staging) = (at(&op, API).await, at(&op, STAGING).await);
    for _ in 0..2 {
        for (browser, its, other) in [(&production, API, STAGING), (&staging, STAGING, API)] {
            let good = op.access_token(its, "read:items");
            for path in ["/typed", "/named", "/plain"] {
                let answer = present(browser, path, &good).await;
                assert_eq!((answer.status, &*answer.body), (Status::Ok, its), "{path}");
                for wrong in [other, "items"] {
                    let wrong = op.access_token(wrong, "read:items");
                    let answer = present(browser, path, &wrong).await;
                    assert_eq!(answer.status, Status::Unauthorized, "{path}: {answer:?}");
                }
            }
        }
    }
}

/// W15: a route that was used here may be mounted in another application.
#[rocket::async_test]
async fn a_copy_of_a_used_route_is_for_the_resource_of_its_new_deployment() {
    let op = Hostile::start().await;
    let production = at(&op, API).await;
    let token = op.access_token(API, "read:items");
    assert_eq!(present(&production, "/plain", &token).await.status, Status::Ok);
    let used = production.client().rocket().routes().filter(|route| route.uri.path() == "/plain");
    let figment = op.figment().merge(("logto.resources.items", STAGING));
    let used: Vec<_> = used.cloned().collect();
    let copy = rocket::custom(figment).attach(Logto::fairing()).mount("/", used);
    let copy = Browser::open(copy).await;
    assert_eq!(present(&copy, "/plain", &token).await.status, Status::Unauthorized);
    let token = op.access_token(STAGING, "");
    assert_eq!(present(&copy, "/plain", &token).await.body, STAGING);
}

/// W15: sign-in requests the indicator, and so does every token request.
#[rocket::async_test]
async fn a_session_gets_tokens_for_a_resource_by_its_name() {
    let op = Hostile::start().await;
    let browser = at(&op, API).await;
    browser.sign_in(&op, "/sign-in").await;
    let asked = op.authorizations().pop().expect("a sign-in");
    let asked = asked.iter().filter(|(name, _)| name == "resource");
    assert_eq!(asked.map(|(_, value)| value.as_str()).collect::<Vec<_>>(), [API]);
    for (path, body) in
        [("/fetched", "read:items"), ("/guard", "read:items"), ("/asked/items", "true")]
    {
        assert_eq!(browser.visit(path).await.body, body, "{path}");
    }
    let requests = op.requests("token");
    let resources: Vec<_> = requests.iter().filter_map(|asked| asked.field("resource")).collect();
    assert_eq!(resources, [API], "one token does for all of them");
    assert_eq!(browser.visit("/asked/orders").await.status, Status::Forbidden);
    assert_eq!(op.requests("token").len(), requests.len(), "Logto is not asked for a name");
}

/// W15: in the attribute, in a type in it, and in a guard.
#[rocket::async_test]
async fn a_name_that_the_configuration_does_not_have_ends_the_launch() {
    let op = Hostile::start().await;
    let unnamed = op.figment().merge(("logto.scopes", ["read:items"]));
    let known = unnamed.clone().merge(("logto.resources.items", API));
    let misspelt = unnamed.clone().merge(("logto.resources.itmes", API));
    let listed = unnamed.merge(("logto.resources", [API]));
    for (name, route) in [
        ("typed", routes![typed]),
        ("named", routes![named]),
        ("fetched", routes![fetched]),
        ("guard", routes![guard]),
    ] {
        for (figment, launches) in [(&misspelt, false), (&listed, false), (&known, true)] {
            let rocket = rocket::custom(figment).attach(Logto::fairing());
            let launched = rocket.mount("/", route.clone()).ignite().await;
            let launched = launched.map_err(|error| error.kind().to_string());
            assert_eq!(launched.is_ok(), launches, "{name}");
        }
    }
}

/// W15: the launch does not see `protect()`, so its routes admit nobody.
#[rocket::async_test]
async fn routes_with_an_unknown_name_that_the_launch_cannot_notice_answer_500() {
    let op = Hostile::start().await;
    let both = Policy::new().resource("items").bearer().session().any_client();
    let rocket = rocket::custom(op.figment().merge(("logto.resources", [API])))
        .attach(Logto::fairing())
        .mount("/", protected())
        .mount("/both", protect(routes![plain], both));
    let browser = Browser::open(rocket).await;
    for token in [op.access_token(API, ""), op.access_token("items", ""), "a.b.c".into()] {
        for path in ["/plain", "/both/plain"] {
            let answer = present(&browser, path, &token).await;
            assert_eq!(answer.status, Status::InternalServerError, "{answer:?}");
        }
    }
    assert_eq!(browser.visit("/plain").await.status, Status::InternalServerError);
    assert_eq!(browser.visit("/both/plain").await.status, Status::InternalServerError);
}

#[authenticated(bearer, resource = "https://api.example.com", any_client)]
#[get("/by-uri")]
fn by_uri(auth: &AuthInfo) -> String {
    auth.audience.join(" ")
}

/// W16: sign-in need not request what only presented tokens are for.
#[rocket::async_test]
async fn sign_in_need_not_request_the_resource_of_presented_tokens() {
    let op = Hostile::start().await;
    let rocket = rocket::custom(op.figment()).attach(Logto::fairing());
    let browser = Browser::open(rocket.mount("/", routes![by_uri])).await;
    let token = op.access_token(API, "");
    assert_eq!(present(&browser, "/by-uri", &token).await.body, API);
    op.authorize(&browser.start("/sign-in").await);
    let asked = op.authorizations();
    assert_eq!(asked.len(), 1);
    assert!(asked.iter().flatten().all(|(name, _)| name != "resource"), "{asked:?}");
}

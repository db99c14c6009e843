//! A launch does not happen if something is missing for it.

use logto_rocket::{AccessToken, ApiResource, Logto, OrganizationToken, User, authenticated};
use rocket::error::ErrorKind;
use rocket::local::asynchronous::Client;
use rocket::tokio::sync::broadcast::Sender;
use rocket::{Build, Rocket, Route, State, get, routes};

use crate::support::{bare_rocket, rocket};

/// Where the sentinels that abort a launch are: type, file, line.
async fn aborts(routes: Vec<Route>, attached: bool) -> Vec<(&'static str, &'static str, u32)> {
    aborts_of(if attached { rocket().await } else { bare_rocket().await }, routes).await
}

async fn aborts_of(
    rocket: Rocket<Build>,
    routes: Vec<Route>,
) -> Vec<(&'static str, &'static str, u32)> {
    let Err(error) = Client::untracked(rocket.mount("/", routes)).await else {
        return Vec::new();
    };
    match error.kind() {
        ErrorKind::SentinelAborts(sentries) => sentries
            .iter()
            .map(|sentry| (sentry.type_name, sentry.location.0, sentry.location.1))
            .collect(),
        kind => panic!("another error: {kind}"),
    }
}

const LINE: u32 = line!() + 1;
#[authenticated]
#[get("/page")]
fn page() {}

#[rocket::async_test]
async fn a_launch_without_the_fairing_is_aborted_and_names_file_and_line() {
    let aborts = aborts(routes![page], false).await;
    let [(guard, file, line)] = aborts[..] else { panic!("one sentinel: {aborts:?}") };
    assert!(guard.ends_with("::Gate"), "{guard}");
    assert!(file.ends_with("launch.rs"), "{file}");
    assert_eq!(line, LINE);
}

#[rocket::async_test]
async fn a_launch_with_the_fairing_succeeds() {
    assert_eq!(aborts(routes![page], true).await, []);
}

#[rocket::async_test]
async fn a_launch_with_a_route_that_lost_its_protection_is_aborted() {
    for protected in [routes![page], routes![resource]] {
        assert_eq!(aborts(protected.clone(), true).await, []);
        let mut bare = routes![user];
        bare[0].name = Some("__logto_route_user_1_2".into());
        assert_eq!(aborts([protected, bare].concat(), true).await.len(), 1);
    }
}

#[get("/user")]
fn user(_user: Option<&User>) {}

#[rocket::async_test]
async fn the_users_guard_without_the_attribute_is_a_sentinel_too() {
    let aborts = aborts(routes![user], false).await;
    assert_eq!(aborts.len(), 1, "{aborts:?}");
}

#[authenticated]
#[get("/unmanaged")]
fn unmanaged(_queue: &State<Sender<u8>>) {}

#[rocket::async_test]
async fn sentinels_of_the_handlers_own_guards_still_abort() {
    let aborts = aborts(routes![unmanaged], true).await;
    let [(guard, file, line)] = aborts[..] else { panic!("one sentinel: {aborts:?}") };
    assert!(guard.contains("State<"), "{guard}");
    assert!(file.ends_with("launch.rs"), "{file}");
    assert!(line > LINE, "{line}");
}

#[derive(ApiResource)]
#[resource("https://api.example.com", scopes("read:items"))]
struct Items;

#[authenticated(resource = "https://api.example.com")]
#[get("/resource")]
fn resource() {}

#[authenticated(organization = "<org>")]
#[get("/organization/<org>")]
fn organization(org: &str, _token: OrganizationToken) {
    let _ = org;
}

#[authenticated]
#[get("/typed")]
fn typed(_token: Option<AccessToken<Items>>) {}

#[get("/guard")]
fn guard(_token: logto_rocket::Result<AccessToken<Items>>) {}

/// What aborts the launch without this part of the configuration: functions of
/// routes and resources of guards, by name.
async fn without(left_out: &str, routes: Vec<Route>) -> Vec<&'static str> {
    let keep = |names: &[&str]| {
        let kept = names.iter().filter(|name| **name != left_out);
        kept.map(ToString::to_string).collect::<Vec<_>>()
    };
    let scopes = ["openid", "offline_access", "read:items", "urn:logto:scope:organizations"];
    let figment = bare_rocket().await.figment().clone();
    let figment = figment
        .merge(("logto.include_reserved_scopes", false))
        .merge(("logto.scopes", keep(&scopes)))
        .merge(("logto.resources", keep(&["https://api.example.com"])));
    let rocket = rocket::custom(figment).attach(Logto::fairing());
    let aborts = aborts_of(rocket, routes).await;
    let name = |(name, ..): &(&'static str, _, _)| name.trim_end_matches('>').rsplit("::").next();
    let mut names: Vec<_> = aborts.iter().filter_map(name).collect();
    names.sort_unstable();
    names
}

#[rocket::async_test]
async fn a_launch_is_aborted_by_each_route_that_lacks_its_configuration() {
    let all = || routes![page, resource, organization, typed, guard];
    assert_eq!(without("", all()).await, [""; 0]);
    let resource = ["Items", "Items", "resource"];
    assert_eq!(without("https://api.example.com", all()).await, resource);
    assert_eq!(without("urn:logto:scope:organizations", all()).await, ["organization"]);
    assert_eq!(without("read:items", all()).await, ["Items", "Items"]);
    let tokens = ["Items", "Items", "organization", "resource"];
    assert_eq!(without("offline_access", all()).await, tokens);
    assert_eq!(without("offline_access", routes![page]).await, [""; 0]);
}

#[rocket::async_test]
async fn the_token_guards_are_sentinels_for_the_fairing_too() {
    for routes in [routes![resource], routes![organization], routes![guard]] {
        assert!(!aborts(routes, false).await.is_empty());
    }
    let aborts = aborts(routes![resource], false).await;
    let [(_, file, line)] = aborts[..] else { panic!("one sentinel: {aborts:?}") };
    assert!(file.ends_with("launch.rs") && line > LINE, "{file} {line}");
}

//! A launch that something is missing for does not happen.

use logto_rocket::{User, authenticated};
use rocket::error::ErrorKind;
use rocket::local::asynchronous::Client;
use rocket::tokio::sync::broadcast::Sender;
use rocket::{Route, State, get, routes};

use crate::support::{bare_rocket, rocket};

/// Where the sentinels that abort a launch stand: type, file, line.
async fn aborts(routes: Vec<Route>, attached: bool) -> Vec<(&'static str, &'static str, u32)> {
    let rocket = if attached { rocket().await } else { bare_rocket().await };
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

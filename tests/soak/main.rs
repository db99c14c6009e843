//! Many users of three instances for minutes, while keys change and Redis restarts: in every
//! answer nobody sees another user's data, no session is lost, no refresh token is used twice,
//! and what ended is over at the next request.
//!
//! `SOAK_MINUTES` says how long; 10 if it is not set.

mod application;
mod chores;
#[allow(dead_code, reason = "the tests of Redis use all of it")]
#[path = "../redis/log.rs"]
mod log;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/node.rs"]
mod node;
mod person;
#[allow(dead_code, reason = "the tests of Redis use all of it")]
#[path = "../redis/server.rs"]
mod server;
mod world;

use std::env;
use std::time::{Duration, Instant};

use rocket::futures::future::{join, join_all};

use self::application::Mode;
use self::person::Person;
use self::world::World;

/// People who use the application at the same time.
const PEOPLE: usize = 48;

async fn soak(mode: Mode, time: Duration) {
    let Some(world) = World::start(mode).await else { return };
    let end = Instant::now() + time;
    let world = &world;
    let people = (0..PEOPLE).map(|number| async move {
        let mut person = Person::new(world, number);
        while Instant::now() < end {
            person.does_something().await;
        }
        person.leaves().await;
    });
    join(join_all(people), chores::until(world, end)).await;
    world.check_refresh_tokens();
    println!("{mode:?}, {} s: {}", time.as_secs(), world.figures());
}

fn minutes() -> Duration {
    let minutes = env::var("SOAK_MINUTES").map_or(10.0, |it| it.parse().expect("a number"));
    Duration::from_secs_f64(60.0 * minutes)
}

/// REL-23: for a few seconds.
#[rocket::async_test]
async fn seconds_with_sessions_in_redis() {
    soak(Mode::Redis, Duration::from_secs(6)).await;
}

/// REL-23: for a few seconds.
#[rocket::async_test]
async fn seconds_with_sessions_in_cookies_and_marks_in_redis() {
    soak(Mode::Marks, Duration::from_secs(6)).await;
}

/// REL-23: sessions in Redis.
#[rocket::async_test]
#[ignore = "it takes minutes"]
async fn minutes_with_sessions_in_redis() {
    soak(Mode::Redis, minutes()).await;
}

/// REL-23: sessions in cookies, and marks in Redis.
#[rocket::async_test]
#[ignore = "it takes minutes"]
async fn minutes_with_sessions_in_cookies_and_marks_in_redis() {
    soak(Mode::Marks, minutes()).await;
}

//! What waiting for another instance's turn costs: figures for the documentation.

use std::time::{Duration, Instant};

use logto_rocket::{Error, Logto, LogtoClient, authenticated};
use logto_tests::{Browser, Deviation, Fault, Hostile};
use rocket::figment::Figment;
use rocket::futures::future::join_all;
use rocket::{Build, Rocket, get, routes};

use crate::server::Redis;

const API: &str = "https://api.example.com";

/// How long the provider takes for a refresh.
const REFRESHES: [u64; 4] = [20, 100, 300, 1000];

const ROUNDS: usize = 20;

#[authenticated(redirect)]
#[get("/me")]
fn me() {}

#[authenticated]
#[get("/token")]
async fn token(logto: LogtoClient<'_>) -> Result<String, Error> {
    let token = logto.access_token(API).await?;
    Ok(token.map(|token| token.secret().to_owned()).unwrap_or_default())
}

fn app(figment: Figment) -> Rocket<Build> {
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![me, token])
}

/// How much later than the first of three instances the others have the token.
async fn lags(op: &Hostile, at: &[Browser; 3], refresh: Duration) -> Vec<Duration> {
    op.behave();
    at[0].forget();
    at[0].sign_in(op, "/me").await;
    for browser in at {
        browser.restore(at[0].cookies());
    }
    let count = op.count("token");
    op.deviate(Deviation::Answer("token", Fault::Late(refresh)));
    let answers = join_all(at.iter().map(async |browser| {
        let token = browser.fetch("/token").await.body;
        (Instant::now(), token)
    }));
    let mut answers = answers.await;
    assert_eq!(op.count("token"), count + 1);
    assert!(answers.iter().all(|(_, token)| *token == answers[0].1));
    answers.sort_by_key(|(end, _)| *end);
    answers[1..].iter().map(|(end, _)| *end - answers[0].0).collect()
}

/// REF-3: the wait for a token that another instance fetches.
#[rocket::async_test]
#[ignore = "a measurement"]
async fn the_wait_for_another_instance_is_measured() {
    let Some(redis) = Redis::start(&[]) else { return };
    let op = Hostile::start().await;
    let figment = op
        .figment()
        .merge(("logto.session.store", "redis"))
        .merge(("logto.session.redis.url", redis.url()))
        .merge(("logto.resources", [API]));
    let open = || Browser::open(app(figment.clone()));
    let at = [open().await, open().await, open().await];
    for refresh in REFRESHES.map(Duration::from_millis) {
        redis.count();
        let mut all = Vec::new();
        for _ in 0..ROUNDS {
            all.extend(lags(&op, &at, refresh).await);
        }
        all.sort_unstable();
        let looks = redis.calls("set") as usize / ROUNDS;
        println!(
            "a refresh of {refresh:?}: others have it {:?} later, the slowest of {} {:?}; {looks} \
             SET for each refresh",
            all[all.len() / 2],
            all.len(),
            all[all.len() - 1],
        );
    }
}

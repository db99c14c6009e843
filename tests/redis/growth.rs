//! What sessions take in Redis, by their number: figures for the documentation.

use std::time::Duration;

use logto_tests::{Alter, Browser, Deviation, Hostile, app};
use rocket::figment::Figment;
use rocket::tokio::time::sleep;
use serde_json::json;

use crate::server::Redis;

/// How many there are at the end.
const NUMBERS: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

/// Requests that are counted.
const REQUESTS: u64 = 200;

/// Copies everything that a session has in Redis, under names of the same length.
const COPY: &str = "local ttls = {} local values = {} \
    for at, key in ipairs(KEYS) do \
        ttls[at] = redis.call('PTTL', key) \
        if redis.call('TYPE', key).ok == 'string' then values[at] = redis.call('GET', key) end \
    end \
    for number = ARGV[1] + 0, ARGV[2] - 1 do \
        for at, key in ipairs(KEYS) do \
            local name = string.sub(key, 1, -13) .. string.format('%012d', number) \
            if values[at] then redis.call('SET', name, values[at], 'PX', ttls[at]) \
            else \
                local entry = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES') \
                local member = string.sub(entry[1], 1, -13) .. string.format('%012d', number) \
                redis.call('ZADD', name, entry[2], member) \
                redis.call('PEXPIRE', name, ttls[at]) \
            end \
        end \
    end return 1";

fn used(redis: &Redis) -> u64 {
    let memory = redis.tell(&["INFO", "memory"]);
    let line = memory.lines().find_map(|line| line.strip_prefix("used_memory:"));
    line.and_then(|line| line.trim().parse().ok()).expect("the memory it uses")
}

/// What stays of a session for long: not the end of a sign-in, nor the epoch, of which there is
/// one for all.
fn lasting(redis: &Redis) -> Vec<String> {
    let ttl = |key: &String| redis.tell(&["PTTL", key]).parse::<u64>().expect("a time");
    let minutes = |key: &String| ttl(key) / 60_000;
    redis.keys().into_iter().filter(|key| (20..200 * 24 * 60).contains(&minutes(key))).collect()
}

/// How many commands Redis got, and microseconds that the most frequent one took there.
fn commands(redis: &Redis) -> (u64, f64) {
    let stats = redis.tell(&["INFO", "commandstats"]);
    let lines = stats.lines().filter(|line| line.starts_with("cmdstat_"));
    let lines = lines.filter(|line| !line.contains("_config") && !line.contains("_info"));
    let number = |line: &str, name: &str| -> f64 {
        let rest = line.split(&format!("{name}=")).nth(1).expect("a figure");
        rest.split(',').next().and_then(|it| it.trim().parse().ok()).expect("a number")
    };
    let all: Vec<_> =
        lines.map(|line| (number(line, "calls") as u64, number(line, "usec_per_call"))).collect();
    let most = all.iter().max_by_key(|(calls, _)| *calls).expect("a command");
    (all.iter().map(|(calls, _)| calls).sum(), most.1)
}

async fn grow(key: &'static str) {
    let Some(redis) = Redis::start(&[]) else { return };
    let op = Hostile::start().await;
    op.account(json!({
        "sub": "abcdefghijkl", "name": "Carol Danvers", "username": "carol",
        "picture": "https://example.com/avatars/carol.png",
        "email": "carol@example.com", "email_verified": true,
    }));
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    let figment: Figment = op
        .figment()
        .merge((key, "redis"))
        .merge(("logto.session.revalidate", 0))
        .merge(("logto.session.redis.url", redis.url()));
    let browser = Browser::open(app(figment)).await;
    browser.sign_in(&op, "/protected").await;
    // User info needs a new token: whatever a refresh leaves behind is there.
    browser.visit("/api/userinfo").await;
    sleep(Duration::from_millis(100)).await;
    assert_eq!(op.count("token"), 2);
    let keys = lasting(&redis);
    for key in &keys {
        let [kind, bytes, ttl] = ["TYPE", "MEMORY USAGE", "PTTL"].map(|command| {
            let words: Vec<_> = command.split(' ').chain([key.as_str()]).collect();
            redis.tell(&words)
        });
        println!("  {kind} {}..: {bytes} bytes, for {ttl} ms", &key[..8]);
    }
    let (count, before) = (keys.len().to_string(), used(&redis));
    let mut done = 0;
    for number in NUMBERS {
        while done < number {
            let end = (done + 10_000).min(number);
            let mut command: Vec<&str> = vec!["EVAL", COPY, &count];
            command.extend(keys.iter().map(String::as_str));
            let (from, to) = (done.to_string(), end.to_string());
            command.extend([from.as_str(), to.as_str()]);
            assert_eq!(redis.tell(&command), "1");
            done = end;
        }
        let bytes = (used(&redis) - before) / number;
        redis.count();
        for _ in 0..REQUESTS {
            browser.visit("/protected").await;
        }
        let (sent, micros) = commands(&redis);
        println!(
            "{key}, {number} sessions: {bytes} bytes each, {sent} commands for {REQUESTS} \
             requests, {micros} µs each in Redis"
        );
    }
}

/// REL-18: sessions in Redis.
#[rocket::async_test]
#[ignore = "a measurement"]
async fn sessions_in_redis_are_measured() {
    grow("logto.session.store").await;
}

/// REL-18: sessions in cookies, and marks in Redis.
#[rocket::async_test]
#[ignore = "a measurement"]
async fn marks_in_redis_are_measured() {
    grow("logto.session.marks").await;
}

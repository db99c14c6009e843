//! The keys of Redis.

use super::{debug, read, refused, with};

fn redis(keys: &str) -> String {
    debug(&format!("session.store = \"redis\"\n{keys}"))
}

#[cfg(feature = "redis")]
#[test]
fn a_url_is_enough_and_the_environment_may_have_all_of_it() {
    use super::super::{Marks, RedisUrls, StoreKind};
    use super::{AppSecret, usable};

    usable(&redis("session.redis.url = \"redis://localhost\""), &[], |checked| {
        let session = &checked.config.session;
        assert_eq!((session.store, session.marks), (StoreKind::Redis, Marks::Process));
        let redis = session.redis.as_ref().expect("it is there");
        assert_eq!((redis.connect_timeout, redis.command_timeout), (0.5, 0.5));
        assert_eq!(redis.prefix, "logto:");
    });
    let environment = [
        ("LOGTO_SESSION_MARKS", "redis"),
        ("LOGTO_SESSION_REDIS_URL", "rediss://a:1 rediss://b:2"),
        ("LOGTO_SESSION_REDIS_USERNAME", "0012"),
        ("LOGTO_SESSION_REDIS_PASSWORD", "0034"),
        ("LOGTO_SESSION_REDIS_CONNECT_TIMEOUT", "2"),
        ("LOGTO_SESSION_REDIS_COMMAND_TIMEOUT", "0.25"),
        ("LOGTO_SESSION_REDIS_PREFIX", "app:"),
    ];
    usable(&debug(""), &environment, |checked| {
        let session = &checked.config.session;
        assert_eq!((session.store, session.marks), (StoreKind::Cookie, Marks::Redis));
        let redis = session.redis.as_ref().expect("it is there");
        assert_eq!(redis.url, RedisUrls::from(["rediss://a:1", "rediss://b:2"]));
        assert_eq!(redis.username.as_deref(), Some("0012"));
        assert_eq!(redis.password, Some(AppSecret::new("0034")));
        assert_eq!((redis.connect_timeout, redis.command_timeout), (2.0, 0.25));
        assert_eq!(redis.prefix, "app:");
    });
}

#[cfg(feature = "redis")]
#[test]
fn url_and_password_may_be_in_files() {
    #[expect(clippy::result_large_err, reason = "figment's")]
    figment::Jail::expect_with(|jail| {
        jail.clear_env();
        jail.create_file("Rocket.toml", &redis(""))?;
        jail.create_file("url", "redis://localhost:7000\n")?;
        jail.create_file("password", "hunter2\n")?;
        jail.set_env("LOGTO_SESSION_REDIS_URL_FILE", "url");
        jail.set_env("LOGTO_SESSION_REDIS_PASSWORD_FILE", "password");
        let checked = read(&rocket::Config::figment()).expect("it is usable");
        let redis = checked.config.session.redis.expect("it is there");
        assert_eq!(redis.url.addresses(), "localhost:7000");
        assert_eq!(redis.password, Some(super::AppSecret::new("hunter2")));
        Ok(())
    });
}

#[cfg(not(feature = "redis"))]
#[test]
fn without_the_feature_the_launch_says_which_one_it_is() {
    let parts = ["`logto.session.store` = \"redis\"", "features = [\"redis\"]"];
    refused(&redis("session.redis.url = \"redis://localhost\""), &[], &parts);
    let marks = "session.marks = \"redis\"\nsession.redis.url = \"redis://localhost\"";
    refused(&debug(marks), &[], &["`logto.session.marks` = \"redis\"", "features = [\"redis\"]"]);
}

#[test]
fn keys_of_redis_that_contradict_others_are_named() {
    let url = "session.redis.url = \"redis://localhost\"";
    refused(&redis(""), &[], &["`logto.session.redis.url`", "LOGTO_SESSION_REDIS_URL"]);
    refused(&debug(url), &[], &["`logto.session.redis`", "store = \"redis\""]);
    let both = format!("session.marks = \"redis\"\n{url}");
    refused(&redis(&both), &[], &["`logto.session.marks`", "with the sessions"]);
    let memory = format!("session.store = \"memory\"\n{both}");
    refused(&debug(&memory), &[], &["`logto.session.marks`", "store = \"cookie\""]);
    for (key, part) in [
        ("session.redis.urls = \"redis://localhost\"", "did you mean `url`?"),
        ("session.redis.passwort = \"x\"", "did you mean `password`?"),
        ("session.redis.command_timeout = \"fast\"", "`logto.session.redis.command_timeout`"),
        ("session.redis.command_timeout = 60", "0.05 to 10"),
        ("session.redis.connect_timeout = 0", "0.05 to 10"),
        ("session.redis.ca = \"/nowhere/ca.pem\"", "`logto.session.redis.ca`"),
        ("session.mark = \"redis\"", "did you mean `marks`?"),
    ] {
        refused(&redis(key), &[], &[part]);
    }
}

/// S35: a URL may contain a password.
#[test]
fn an_address_that_is_none_is_refused_and_not_shown() {
    for url in [
        "\"hunter2\"",
        "\"http://app:hunter2@localhost\"",
        "\"redis://app:hunter2@localhost/name\"",
        "\"rediss://app:hunter2@localhost/#insecure\"",
        "\"redis://app:hunter2@localhost?protocol=resp2\"",
        "[\"redis://app:hunter2@a\", \"redis://app:other@b\"]",
        "[\"redis://app:hunter2@a/1\", \"redis://app:hunter2@b/1\"]",
        "[\"redis://app:hunter2@a\", 5]",
        "{ host = \"hunter2\" }",
    ] {
        let toml = redis(&format!("session.redis.url = {url}"));
        with(&toml, &[], |figment| {
            let message = read(figment).expect_err(url).to_string();
            assert!(message.contains("`logto.session.redis.url"), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        });
    }
    with(&redis("session.redis = \"redis://app:hunter2@localhost\""), &[], |figment| {
        let message = read(figment).expect_err("it is a table").to_string();
        assert!(message.contains("`logto.session.redis`"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    });
}

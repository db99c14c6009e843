//! Configurations that work, and the messages about those that do not.

mod addresses;
mod hidden;
mod messages;
mod problems;
mod redis;
mod reference;
mod resources;
mod secrets;
mod tables;

use figment::{Figment, Jail};

use super::check::{Checked, check, read};
use super::{AppSecret, Config, RoutePath, StoreKind};
use crate::options::Prompt;

const SECRET: &str = "a cookie secret of at least 32 bytes";

/// Runs `test` on Rocket's reading of a `Rocket.toml`, in its own folder and environment.
fn with(toml: &str, environment: &[(&str, &str)], test: impl FnOnce(&Figment)) {
    #[expect(clippy::result_large_err, reason = "figment's")]
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.create_file("Rocket.toml", toml)?;
        for (name, value) in environment {
            jail.set_env(name, value);
        }
        test(&rocket::Config::figment());
        Ok(())
    });
}

fn usable(toml: &str, environment: &[(&str, &str)], test: impl FnOnce(Checked)) {
    with(toml, environment, |figment| match read(figment) {
        Ok(checked) => test(checked),
        Err(error) => panic!("{error}"),
    });
}

/// The message must contain all of `parts`.
fn refused(toml: &str, environment: &[(&str, &str)], parts: &[&str]) {
    with(toml, environment, |figment| {
        let message = read(figment).expect_err(toml).to_string();
        for part in parts {
            assert!(message.contains(part), "{part:?} is not in: {message}");
        }
    });
}

fn debug(keys: &str) -> String {
    format!(
        "[debug.logto]\nendpoint = \"https://foo.logto.app\"\napp_id = \"app-id\"\n{keys}\n\
         [release.logto]\nendpoint = \"https://foo.logto.app\"\napp_id = \"app-id\"\n{keys}"
    )
}

#[test]
fn two_keys_are_enough_in_the_debug_profile() {
    usable(&debug(""), &[], |checked| {
        assert_eq!(checked.issuer, "https://foo.logto.app/oidc");
        assert_eq!(checked.redirect_uri(), "http://localhost:8000/callback");
        assert_eq!(checked.post_sign_out_uri(), "http://localhost:8000/");
        assert!(checked.secrets.random);
        assert_eq!(checked.config.prompt, [Prompt::Consent]);
    });
}

#[test]
fn the_environment_wins_over_every_profile_and_is_read_as_it_is_written() {
    let environment = [
        ("ROCKET_PROFILE", "release"),
        ("LOGTO_ENDPOINT", "https://bar.logto.app"),
        ("LOGTO_APP_SECRET", "0012345"),
        ("LOGTO_APP_NAME", "007 \"Bond\""),
        ("LOGTO_BASE_URL", "https://app.example.com"),
        ("LOGTO_COOKIE_SECRET", &format!("{0} {0}2", SECRET.replace(' ', "-"))),
        ("LOGTO_SCOPES", "email, roles"),
        ("LOGTO_RESOURCES", "[\"https://api.example.com\"]"),
        ("LOGTO_TRUSTED_ORIGINS", "https://a.example.com, https://b.example.com"),
        ("LOGTO_SESSION_STORE", "memory"),
        ("LOGTO_SESSION_IDLE", "60"),
        ("LOGTO_SESSION_CACHE_BYTES", "1048576"),
        ("LOGTO_SESSION_PERSISTENT", "false"),
        ("LOGTO_SESSION_MAX_COOKIE_BYTES", "7000"),
        ("LOGTO_DRAIN_MAX_BYTES", "1000"),
        ("LOGTO_DRAIN_SECONDS", "5"),
        ("LOGTO_DRAIN_REQUESTS", "6"),
        ("LOGTO_INCLUDE_RESERVED_SCOPES", "true"),
        ("LOGTO_RESOURCE_METADATA", "true"),
    ];
    let toml = "[release.logto]\nendpoint = \"https://foo.logto.app\"\napp_id = \"app-id\"";
    usable(toml, &environment, |checked| {
        let config = &checked.config;
        assert_eq!(checked.issuer, "https://bar.logto.app/oidc");
        assert_eq!(config.app_secret.as_ref().expect("a secret").secret(), "0012345");
        assert_eq!(config.app_name.as_deref(), Some("007 \"Bond\""));
        assert_eq!(config.scopes, ["email", "roles"]);
        assert_eq!(config.resources[..], ["https://api.example.com"]);
        assert!(config.resource_metadata && checked.resource_metadata.len() == 1);
        assert_eq!(config.trusted_origins, ["https://a.example.com", "https://b.example.com"]);
        assert_eq!((config.session.store, config.session.idle), (StoreKind::Memory, 60));
        assert_eq!(config.session.cache_bytes, 1024 * 1024);
        assert_eq!((config.session.persistent, config.session.max_cookie_bytes), (false, 7000));
        let drain = &config.drain;
        assert_eq!((drain.max_bytes, drain.seconds, drain.requests), (1000, 5, 6));
        assert_eq!(checked.secrets.bytes.len(), 2);
    });
}

/// A secret may have any characters, and a list TOML's.
#[test]
fn a_bracket_begins_a_list_only_where_a_list_belongs() {
    let environment = [
        ("LOGTO_APP_SECRET", "[s3cr3t]"),
        ("LOGTO_COOKIE_SECRET", "[a,cookie,secret,of,at,least,32,bytes]"),
        ("LOGTO_PROMPT", "[\"login\", \"consent\"]"),
    ];
    usable(&debug(""), &environment, |checked| {
        assert_eq!(checked.config.app_secret.expect("a secret").secret(), "[s3cr3t]");
        assert_eq!(checked.secrets.bytes.len(), 1);
        assert_eq!(checked.config.prompt, [Prompt::Login, Prompt::Consent]);
    });
}

#[test]
fn a_configuration_is_possible_from_the_environment_alone() {
    let environment = [("LOGTO_ENDPOINT", "http://localhost:3001"), ("LOGTO_APP_ID", "12345")];
    usable("", &environment, |checked| assert_eq!(checked.app_id, "12345"));
}

#[test]
fn every_table_can_be_written() {
    let keys = r#"
        prompt = ["login", "consent"]
        scopes = ["email"]
        [debug.logto.sign_in]
        first_screen = "identifier:register"
        identifiers = ["email", "phone"]
        direct_sign_in = "social:google"
        extra_params = { theme = "dark" }
        [debug.logto.routes]
        base = "/auth"
        sign_in = false
        sign_up = { path = "/join", mount = false }
        callback = "/back"
        backchannel_logout = { path = "/ended" }
        [debug.logto.session]
        store = "memory"
        capacity = 10
        persistent = false
        max_cookie_bytes = 8000
        [debug.logto.drain]
        max_bytes = 33554432
        seconds = 30
        requests = 0
    "#;
    usable(debug(keys).split("[release").next().expect("a part"), &[], |checked| {
        let routes = &checked.config.routes;
        assert_eq!(routes.sign_in, RoutePath::own("/sign-in"));
        assert_eq!(routes.sign_up, RoutePath::own("/join"));
        assert_eq!(checked.redirect_uri(), "http://localhost:8000/auth/back");
        assert_eq!(routes.backchannel_logout, RoutePath::mounted("/ended"));
        let options = checked.config.sign_in_options();
        assert_eq!(options.prompt, Some(vec![Prompt::Login, Prompt::Consent]));
        assert_eq!(options.scopes, ["email"]);
        let (session, drain) = (&checked.config.session, &checked.config.drain);
        assert_eq!((session.persistent, session.max_cookie_bytes), (false, 8000));
        assert_eq!((drain.max_bytes, drain.seconds, drain.requests), (32 * 1024 * 1024, 30, 0));
    });
}

/// W16: an API must know the issuer and the audience of its tokens, in any profile.
#[test]
fn an_api_without_sign_in_needs_an_endpoint_and_resources_only() {
    let api = |keys: &str| format!("[default.logto]\nendpoint = \"https://foo.logto.app\"\n{keys}");
    for keys in ["resources = [\"urn:a\"]", "resources = { items = \"urn:a\" }"] {
        for profile in ["debug", "release"] {
            usable(&api(keys), &[("ROCKET_PROFILE", profile)], |checked| {
                assert!(!checked.signs_in && checked.secrets.random);
                assert_eq!(checked.issuer, "https://foo.logto.app/oidc");
            });
        }
    }
    let config = Config::api("https://foo.logto.app", ["urn:a"]);
    assert!(check(&config, &Figment::new().select("release")).is_ok_and(|it| !it.signs_in));
    // Keys for sign-in are not left out by mistake.
    for (keys, hint) in [
        ("", "name it in `resources` instead"),
        ("resources = []", "name it in `resources` instead"),
        ("resources = [\"urn:a\"]\napp_secret = \"a\"", "leave `app_secret` out"),
        ("resources = [\"urn:a\"]\napp_secret = \"a\"\nbogus = 1", "leave `app_secret` out"),
    ] {
        refused(&api(keys), &[], &["`logto.app_id` (profile `debug`): is missing", hint]);
    }
    // Nothing looks like an API.
    for toml in [&api("app_secret = \"a\""), "", "[default.logto]\nresources = 5"] {
        with(toml, &[], |figment| {
            let message = read(figment).expect_err(toml).to_string();
            assert!(!message.contains("API"), "{message}");
        });
    }
    refused(&api("resources = [\"urn:a\"]\napp_id = \"\""), &[], &["`logto.app_id` = \"\""]);
    with(&api("resources = [\"urn:a\"]\nbogus = 1"), &[], |figment| {
        let message = read(figment).expect_err("a key is none").to_string();
        assert!(!message.contains("`logto.app_id`"), "{message}");
    });
}

#[test]
fn contradictions_are_named_with_the_way_out() {
    let http = "base_url = \"http://app.example.com\"\n";
    refused(
        &debug(&format!("{http}cookie_secure = true")),
        &[],
        &["`logto.cookie_secure`", "`base_url` is http"],
    );
    refused(&debug("app_name = \" \""), &[], &["`logto.app_name` = \" \"", "leave the key out"]);
    refused(&debug("base_url = \"/app\""), &[], &["`logto.base_url` = \"/app\"", "absolute"]);
    refused(
        &debug("include_reserved_scopes = false\nscopes = [\"email\"]"),
        &[],
        &["`logto.scopes`", "`openid`"],
    );
    refused(&debug("resources = [\"api\"]"), &[], &["`logto.resources` = \"api\""]);
    refused(
        &debug("post_sign_out_path = \"https://evil.com\""),
        &[],
        &["`logto.post_sign_out_path`"],
    );
    refused(
        &debug("base_url = \"https://app.example.com\"\ncookie_secure = false"),
        &[],
        &["`logto.cookie_secure` = \"false\"", "`base_url` is https"],
    );
    refused(
        &debug("routes = { sign_in = \"/in\", sign_up = \"/in\" }"),
        &[],
        &["`logto.routes.sign_up` = \"/in\"", "another route"],
    );
    refused(
        &debug("sign_in = { extra_params = { state = \"x\" } }"),
        &[],
        &["`logto.sign_in.extra_params`", "`state`"],
    );
    refused(&debug("clock_skew = 3600"), &[], &["`logto.clock_skew` = \"3600\"", "300"]);
    for (key, number, limit) in [
        ("session.max_cookie_bytes", 1999, "2000 to 39000"),
        ("session.max_cookie_bytes", 39_001, "2000 to 39000"),
        ("drain.max_bytes", 1_073_741_825, "0 to 1073741824"),
        ("drain.seconds", 0, "1 to 600"),
        ("drain.seconds", 601, "1 to 600"),
        ("drain.requests", 1_000_001, "0 to 1000000"),
    ] {
        let shown = format!("`logto.{key}` = \"{number}\"");
        refused(&debug(&format!("{key} = {number}")), &[], &[&shown, limit]);
    }
    let plain = [("LOGTO_ENDPOINT", "http://logto.internal:3001")];
    refused(&debug(""), &plain, &["`logto.endpoint`", "plain http", "danger_allow_http"]);
    usable(&debug("danger_allow_http = true"), &plain, |checked| {
        assert_eq!(checked.issuer, "http://logto.internal:3001/oidc");
    });
}

/// R1, R2, R5, R9: as in the attribute and in a policy.
#[test]
fn a_configuration_takes_the_paths_and_indicators_of_the_tables() {
    let is_usable = |change: &dyn Fn(&mut Config)| {
        let mut config = Config::new("https://foo.logto.app", "app");
        change(&mut config);
        check(&config, &Figment::from(rocket::Config::debug_default())).is_ok()
    };
    let paths: &[(&str, bool)] = include!("../../../tests/cases/paths.txt");
    for (path, expected) in paths {
        let after_sign_out = is_usable(&|config| config.post_sign_out_path = (*path).into());
        let after_sign_in =
            is_usable(&|config| config.sign_in.post_redirect_path = Some((*path).into()));
        assert_eq!((after_sign_out, after_sign_in), (*expected, *expected), "{path:?}");
    }
    let indicators: &[(&str, bool)] = include!("../../../tests/cases/indicators.txt");
    for (uri, expected) in indicators {
        let top = is_usable(&|config| config.resources = [*uri].into());
        let nested = is_usable(&|config| config.sign_in.resources = vec![(*uri).into()]);
        assert_eq!((top, nested), (*expected, *expected), "{uri:?}");
    }
}

/// A29: in the configuration as in code.
#[test]
fn a_parameter_that_asks_for_what_is_not_checked_ends_the_launch() {
    for name in ["max_age", "acr_values", "claims", "id_token_hint"] {
        let toml = debug(&format!("sign_in = {{ extra_params = {{ {name} = \"0\" }} }}"));
        refused(&toml, &[], &["`logto.sign_in.extra_params`", name, "not checked yet"]);
    }
}

#[test]
fn a_timeout_is_a_number_of_seconds_within_limits() {
    for timeout in ["0", "61", "\"4s\""] {
        refused(&debug(&format!("timeout = {timeout}")), &[], &["`logto.timeout`"]);
    }
    usable(&debug(""), &[], |checked| assert_eq!(checked.timeout().as_secs(), 4));
}

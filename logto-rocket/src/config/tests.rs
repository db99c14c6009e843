//! Configurations that work, and the messages about those that do not.

mod hidden;
mod problems;
mod redis;
mod reference;
mod tables;

use figment::{Figment, Jail};

use super::check::{Checked, check, read};
use super::{AppSecret, Config, CookieSecrets, Resources, RoutePath, StoreKind};
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
fn trailing_slashes_and_paths_are_fine_and_the_port_is_rockets() {
    let toml = "[default]\nport = 9000\n[default.logto]\napp_id = \"app-id\"\n\
                endpoint = \"https://example.com/logto//\"";
    usable(toml, &[], |checked| {
        assert_eq!(checked.issuer, "https://example.com/logto/oidc");
        assert_eq!(checked.redirect_uri(), "http://localhost:9000/callback");
    });
    usable(&debug("base_url = \"https://example.com/app/\""), &[], |checked| {
        assert_eq!(checked.redirect_uri(), "https://example.com/app/callback");
        assert!(checked.secure_cookies);
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

#[test]
fn what_is_missing_is_named_with_both_ways_to_set_it() {
    refused(
        "[default.logto]\nendpoint = \"https://foo.logto.app\"",
        &[],
        &["`logto.app_id`", "is missing", "Rocket.toml", "LOGTO_APP_ID"],
    );
    refused("", &[], &["`logto.endpoint`", "LOGTO_ENDPOINT", "logto_dev::Provider::fairing()"]);
    // It starts in the debug profile only.
    with("", &[("ROCKET_PROFILE", "release")], |figment| {
        let message = read(figment).expect_err("nothing is set").to_string();
        assert!(message.contains("LOGTO_ENDPOINT") && !message.contains("logto_dev"), "{message}");
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
fn a_misspelt_key_is_named_with_its_file_and_profile() {
    refused(
        &debug("app_secrt = \"x\""),
        &[],
        &["`logto.app_secrt`", "Rocket.toml", "profile `debug`", "app_secret"],
    );
    refused("[default.logto.session]\nstor = \"memory\"", &[], &["`logto.session.stor`"]);
    refused("[default.logto.session]\npersist = false", &[], &["`logto.session.persist`"]);
    refused("[default.logto.drain]\nmax = 5", &[], &["`logto.drain.max`", "max_bytes"]);
}

#[test]
fn a_wrong_type_is_named_and_a_secret_is_never_shown() {
    refused(&debug("clock_skew = \"much\""), &[], &["`logto.clock_skew`", "much", "Rocket.toml"]);
    refused(&debug("prompt = \"sometimes\""), &[], &["`logto.prompt`", "sometimes", "consent"]);
    with(&debug("app_secret = [\"hunter2hunter2\"]"), &[], |figment| {
        let message = read(figment).expect_err("a list is not a secret").to_string();
        assert!(
            message.contains("`logto.app_secret`") && !message.contains("hunter2"),
            "{message}"
        );
    });
    with(&debug("cookie_secret = 123456"), &[], |figment| {
        let message = read(figment).expect_err("a number is not a secret").to_string();
        assert!(message.contains("`logto.cookie_secret`"), "{message}");
        assert!(!message.contains("123456"), "{message}");
    });
    usable(&debug("app_secret = 123456"), &[], |checked| {
        assert_eq!(checked.config.app_secret.expect("a secret").secret(), "123456");
    });
}

#[test]
fn every_wrong_type_is_said_with_the_value_and_what_to_write_instead() {
    for (key, parts) in [
        ("clock_skew = true", ["`logto.clock_skew` = \"true\"", "is a boolean"]),
        ("clock_skew = -1", ["`logto.clock_skew` = \"-1\"", "write a whole number from 0"]),
        ("clock_skew = 1.5", ["`logto.clock_skew` = \"1.5\"", "write a whole number from 0"]),
        ("session.capacity = 0", ["`logto.session.capacity` = \"0\"", "write a number from 1"]),
        ("cookie_secure = 7", ["`logto.cookie_secure` = \"7\"", "a boolean"]),
        ("scopes = { a = 1 }", ["`logto.scopes` (", "is a table; write a list of strings"]),
        ("session = 5", ["`logto.session` (", "is a number; write a table"]),
        ("base_url = 1.5", ["`logto.base_url` (", "put it in quotes"]),
        (
            "routes = { sign_in = 5 }",
            ["`logto.routes.sign_in` = \"5\"", "write a path, `false` or"],
        ),
        ("sign_in = { direct_sign_in = \"github\" }", ["direct_sign_in` (", "social:<target>"]),
        ("sign_in = { first_screen = 5 }", ["first_screen` = \"5\"", "write a string"]),
        ("sign_in = { prompt = 5 }", ["`logto.sign_in.prompt` = \"5\"", "a list of strings"]),
    ] {
        refused(&debug(key), &[], &parts);
    }
}

#[test]
fn ids_and_secrets_that_were_not_quoted_are_read_as_they_were_written() {
    let keys = "app_secret = true\nbase_url = \"https://app.example.com\"";
    usable(&debug(keys), &[], |checked| {
        assert_eq!(checked.config.app_secret, Some(AppSecret::new("true")));
        assert_ne!(checked.config.app_secret, Some(AppSecret::new("truE")));
    });
    let environment = [("LOGTO_APP_ID", "-7")];
    usable(&debug(""), &environment, |checked| assert_eq!(checked.app_id, "-7"));
    let keys = format!("cookie_secret = [\"{SECRET}\", \"{SECRET}2\"]");
    usable(&debug(&keys), &[], |checked| {
        let secrets = CookieSecrets::from([SECRET.to_owned(), format!("{SECRET}2")]);
        assert_eq!(checked.config.cookie_secret, secrets);
    });
}

#[test]
fn text_that_is_no_toml_is_named_by_its_line_and_not_shown() {
    with(&debug("app_secret = hunter2hunter2"), &[], |figment| {
        let message = read(figment).expect_err("it is no TOML").to_string();
        assert!(message.contains("line 4") && !message.contains("hunter2"), "{message}");
        assert!(message.contains("`logto` ("), "{message}");
    });
}

#[test]
fn placeholders_are_told_from_real_values() {
    for placeholder in ["", "...", "<your app id>", "your-app-id", "replace-with-app-id"] {
        let environment = [("LOGTO_APP_ID", placeholder)];
        refused(&debug(""), &environment, &["`logto.app_id`", "placeholder", "LOGTO_APP_ID"]);
    }
    refused(&debug("app_secret = \"your-secret\""), &[], &["`logto.app_secret`", "placeholder"]);
    let cookie = "cookie_secret = \"replace-with-32-random-bytes-or-more-of-them\"";
    refused(&debug(cookie), &[], &["`logto.cookie_secret`", "placeholder", "openssl"]);
    refused("", &[("LOGTO_ENDPOINT", "https://..."), ("LOGTO_APP_ID", "a")], &["`logto.endpoint`"]);
    for real in ["app-id", "foo", "my-app", "youre-an-id"] {
        usable(&debug(""), &[("LOGTO_APP_ID", real)], |checked| {
            assert_eq!(checked.app_id, real);
        });
    }
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

/// W15: a list, or a table of names, which one deployment can fill in for another.
#[test]
fn resources_are_a_list_or_a_table_of_names() {
    let api = "https://api.example.com";
    let named = |name: &str| Resources::default().named(name, api);
    for (written, expected) in [
        ("resources = [\"https://api.example.com\"]", Resources::from([api])),
        ("resources = { items = \"https://api.example.com\" }", named("items")),
        ("resources = { Items-2_b = \"https://api.example.com\" }", named("Items-2_b")),
        ("resources = [\"items=https://api.example.com\"]", named("items")),
        ("resources = {}", Resources::default()),
    ] {
        usable(&debug(written), &[], |checked| assert_eq!(checked.config.resources, expected));
    }
    let toml = "[default.logto]\nendpoint = \"https://foo.logto.app\"\napp_id = \"app-id\"\n\
                [default.logto.resources]\nitems = \"https://api.example.com\"\nb = \"urn:b\"\n\
                [debug.logto.resources]\nitems = \"https://staging.example.com\"";
    let staging = "https://staging.example.com";
    usable(toml, &[], |checked| {
        let both = Resources::default().named("b", "urn:b").named("items", staging);
        assert_eq!(checked.config.resources, both);
        assert_eq!(checked.config.sign_in_options().resources, ["urn:b", staging]);
    });
    let list = "urn:c?a=b, items=https://api.example.com?a=b";
    usable(toml, &[("LOGTO_RESOURCES", list)], |checked| {
        let resources = checked.config.resources;
        assert_eq!(resources[..], ["urn:c?a=b", "https://api.example.com?a=b"]);
        assert_eq!(resources.indicator("items").ok(), Some("https://api.example.com?a=b"));
        assert!(resources.indicator("b").is_err(), "the variable replaces the table");
    });
}

/// W15: invalid names, invalid URIs, and a name with two.
#[test]
fn resources_whose_names_mean_nothing_are_refused() {
    for (written, parts) in [
        ("{ items = \"api\" }", ["`logto.resources` = \"api\"", "is not an absolute URI"]),
        ("{ items = 5 }", ["`logto.resources.items` = \"5\"", "write a string"]),
        ("{ \"the items\" = \"urn:a\" }", ["= \"the items\"", "ASCII letters, digits"]),
        ("{ \"\" = \"urn:a\" }", ["= \"\"", "is not a name for a resource"]),
        ("[\"items=urn:a\", \"items=urn:b\"]", ["`logto.resources`", "is given twice"]),
        ("[\"items=urn:a\", \"items\"]", ["= \"items\"", "is not an absolute URI"]),
        ("5", ["is a number", "write a list of URIs, or a table of names and URIs"]),
    ] {
        refused(&debug(&format!("resources = {written}")), &[], &parts);
    }
    let names: &[(&str, bool)] = include!("../../../tests/cases/resource_names.txt");
    for (name, expected) in names {
        let mut config = Config::new("https://foo.logto.app", "app");
        config.resources = Resources::default().named(*name, "urn:a");
        let checked = check(&config, &Figment::new().select("debug"));
        assert_eq!(checked.is_ok(), *expected, "{name:?}");
    }
}

/// W18: only if configured, and never two at one address.
#[test]
fn metadata_of_resources_need_an_address_of_their_own() {
    let metadata = |on: bool, resources: &str| {
        debug(&format!("resource_metadata = {on}\nresources = {resources}"))
    };
    for (resources, parts) in [
        ("[\"urn:items\"]", &["`logto.resources` = \"urn:items\"", "http or https URL"][..]),
        ("{ items = \"file:///a\" }", &["= \"file:///a\"", "give the API an https URL"]),
        ("[\"https://[a]\"]", &["= \"https://[a]\"", "http or https URL"]),
        (
            "[\"https://a.example/x\", \"https://b.example/x\"]",
            &["= \"https://b.example/x\"", "has the path of `https://a.example/x`"],
        ),
        ("[\"https://a.example\", \"http://a.example/\"]", &["has the path of `https://a"]),
        ("[\"https://a.example/x\", \"https://a.example//x/\"]", &["has the path of"]),
        ("[\"https://a.example/x?a\", \"https://a.example/x?b\"]", &["has the path of"]),
        ("[\"https://a.example/~x\", \"https://a.example/%7Ex\"]", &["has the path of"]),
    ] {
        refused(&metadata(true, resources), &[], parts);
        usable(&metadata(false, resources), &[], |checked| {
            assert!(checked.resource_metadata.is_empty());
        });
    }
    refused(&metadata(true, "[]"), &[], &["`logto.resource_metadata` = \"true\"", "`resources`"]);
    refused(&debug("resources_metadata = true"), &[], &["did you mean `resource_metadata`?"]);
    refused(&debug("resource_metadata = 1"), &[], &["`logto.resource_metadata`", "a boolean"]);
    let two =
        "{ a = \"https://a.example/x\", b = \"https://a.example/x\", c = \"https://a.example\" }";
    usable(&metadata(true, two), &[], |checked| assert_eq!(checked.resource_metadata.len(), 2));
}

/// R14: a route, or a base, that is written differently than browsers send it is never
/// reached.
#[test]
fn a_path_that_browsers_send_otherwise_ends_the_launch_and_the_plain_one_is_named() {
    let all = ["base", "sign_in", "sign_up", "callback", "sign_out", "backchannel_logout"];
    for (given, write) in [
        ("/x//y", "write `/x/y`"),
        ("/%61uth", "write `/auth`"),
        ("/a/../b", "write `/b`"),
        ("/a/./b", "write `/a/b`"),
        ("/a/%2e%2E/b", "write `/b`"),
        ("/..", "write `/`"),
        ("/x//", "write `/x/`"),
        ("/%41%7e%", "without `%`"),
        ("/caf%C3%A9", "without `%`"),
        ("/a%2Fb", "without `%`"),
    ] {
        for route in all {
            let shown = format!("`logto.routes.{route}` = {given:?}");
            refused(&debug(&format!("routes = {{ {route} = {given:?} }}")), &[], &[&shown, write]);
        }
        let own = format!("routes = {{ callback = {{ path = {given:?}, mount = false }} }}");
        refused(&debug(&own), &[], &["`logto.routes.callback`", write]);
    }
    let twice = "routes = { sign_in = \"/in\", sign_up = \"/in/\" }";
    refused(&debug(twice), &[], &["`logto.routes.sign_up` = \"/in/\"", "another route"]);
    for base in ["/", "/auth", "/auth/", "/a.b/..c/.d", "/a-b_c~d"] {
        usable(&debug(&format!("routes = {{ base = {base:?} }}")), &[], |checked| {
            let path = format!("{}/callback", base.trim_end_matches('/'));
            assert_eq!(checked.redirect_uri(), format!("http://localhost:8000{path}"));
        });
    }
}

/// R14: the same for the path that a proxy strips.
#[test]
fn a_base_url_that_browsers_send_otherwise_ends_the_launch_and_the_plain_one_is_named() {
    for (given, write) in [
        ("/x//y", "write `https://app.example.com/x/y`"),
        ("/%61pp", "write `https://app.example.com/app`"),
        ("/a/../b/", "write `https://app.example.com/b`"),
        ("/a/%2E./b", "write `https://app.example.com/b`"),
        ("/app//", "write `https://app.example.com/app`"),
        ("//", "write `https://app.example.com`"),
        ("/a/..", "write `https://app.example.com`"),
        ("/caf\u{e9}", "write `https://app.example.com/caf%C3%A9`"),
        // What the Console has for it, pasted.
        ("/callback", "write `https://app.example.com`"),
        ("/app/callback/", "write `https://app.example.com/app`"),
    ] {
        let given = format!("https://app.example.com{given}");
        let shown = format!("`logto.base_url` = {given:?}");
        refused(&debug(&format!("base_url = {given:?}")), &[], &[&shown, write]);
    }
    for path in ["", "/", "/app", "/app/", "/caf%C3%A9", "/a%2fb"] {
        let base = format!("base_url = \"https://app.example.com{path}\"");
        usable(&debug(&base), &[], |checked| {
            let callback = format!("{}/callback", path.trim_end_matches('/'));
            assert_eq!(checked.redirect_uri(), format!("https://app.example.com{callback}"));
        });
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

/// H18: an origin written differently would match no page.
#[test]
fn a_trusted_origin_is_written_as_browsers_send_it() {
    let origins = "trusted_origins = [\"https://admin.example.com\", \"http://localhost:3000\"]";
    usable(&debug(origins), &[], |checked| {
        assert_eq!(
            checked.config.trusted_origins,
            ["https://admin.example.com", "http://localhost:3000"]
        );
    });
    for (given, write) in [
        ("https://admin.example.com/", "write `https://admin.example.com`"),
        ("https://admin.example.com/app", "write `https://admin.example.com`"),
        ("https://admin.example.com?a=b", "write `https://admin.example.com`"),
        ("https://admin.example.com#a", "write `https://admin.example.com`"),
        ("https://alice@admin.example.com", "write `https://admin.example.com`"),
        ("https://admin.example.com:443", "write `https://admin.example.com`"),
        ("HTTPS://Admin.Example.com", "write `https://admin.example.com`"),
        ("https:admin.example.com", "write `https://admin.example.com`"),
        ("https://b\u{fc}cher.example", "write `https://xn--bcher-kva.example`"),
        ("admin.example.com", "like `https://admin.example.com`"),
        ("*", "like `https://admin.example.com`"),
        ("null", "like `https://admin.example.com`"),
        ("https://*.example.com", "like `https://admin.example.com`"),
        ("chrome-extension://abc", "like `https://admin.example.com`"),
        ("https://", "like `https://admin.example.com`"),
        ("...", "like `https://admin.example.com`"),
    ] {
        let key = format!("trusted_origins = [{given:?}]");
        let shown = match given.contains('@') {
            true => "`logto.trusted_origins` (".to_owned(),
            false => format!("`logto.trusted_origins` = {given:?}"),
        };
        refused(&debug(&key), &[], &[&shown, "is not an origin", write]);
    }
    refused(&debug("trusted_origins = [\"\"]"), &[], &["`logto.trusted_origins`"]);
}

/// S12, A26: no launch with a weak secret, or without one outside `debug`.
#[test]
fn weak_secrets_end_the_launch_and_so_do_missing_ones_outside_debug() {
    refused(&debug("cookie_secret = \"short\""), &[], &["`logto.cookie_secret`", "32"]);
    let of_length = |length| format!("cookie_secret = \"{}\"", &SECRET[..length]);
    refused(&debug(&of_length(31)), &[], &["`logto.cookie_secret`", "31 bytes"]);
    usable(&debug(&of_length(32)), &[], |checked| assert!(!checked.secrets.random));
    let repeated = format!("cookie_secret = \"{}\"", "x".repeat(40));
    refused(&debug(&repeated), &[], &["`logto.cookie_secret`"]);

    let release = [("ROCKET_PROFILE", "release"), ("LOGTO_BASE_URL", "https://app.example.com")];
    refused(&debug(""), &release, &["`logto.cookie_secret`", "is missing"]);
    refused(&debug(""), &release[..1], &["`logto.base_url`", "LOGTO_BASE_URL"]);
    for useless in ["hPRYyVRiMyxpw5sBB1XeCMN1kFsDCqKvBi2QJxBVHQk=", "short"] {
        let toml = format!("[release]\nsecret_key = \"{useless}\"\n{}", debug(""));
        refused(&toml, &release, &["`logto.cookie_secret`"]);
    }
    // What the figment holds with Rocket's feature `secrets`, without and with a key.
    let key = |byte: fn(usize) -> usize| (0..32).map(byte).collect::<Vec<_>>();
    let bytes = |key| format!("[release]\nsecret_key = {key:?}\n{}", debug(""));
    refused(&bytes(key(|_| 0)), &release, &["`logto.cookie_secret`"]);
    refused(&bytes(key(|at| at * 100)), &release, &["`logto.cookie_secret`"]);
    usable(&bytes(key(|at| at)), &release, |checked| assert_eq!(checked.secrets.bytes[0][31], 31));

    let toml = format!("[release]\nsecret_key = \"{SECRET}\"\n{}", debug(""));
    usable(&toml, &release, |checked| {
        assert_eq!(checked.secrets.bytes, [SECRET.as_bytes().to_vec().into()]);
        assert!(!checked.secrets.random);
    });
}

#[test]
fn all_problems_are_named_at_once() {
    let keys = "base_url = \"nowhere\"\nresources = [\"api\"]\ncookie_secret = \"short\"";
    refused(&debug(keys), &[], &["`logto.base_url`", "`logto.resources`", "`logto.cookie_secret`"]);
}

#[test]
fn secrets_are_not_in_the_debug_form() {
    let keys = format!("app_secret = \"app-secret-value\"\ncookie_secret = \"{SECRET}\"");
    usable(&debug(&keys), &[], |checked| {
        let shown = format!("{checked:?}");
        assert!(!shown.contains("app-secret-value") && !shown.contains(SECRET), "{shown}");
    });
}

#[test]
fn all_that_is_missing_misspelt_or_of_another_type_is_named_at_once() {
    let toml = "[default.logto]\nendpont = \"https://foo.logto.app\"\nscopes = [5]\nbogus = 1\n\
                [default.logto.session]\nidel = 5\nabsolute = \"long\"\n\
                [default.logto.machine]\napp_id = \"m\"";
    with(toml, &[], |figment| {
        let message = read(figment).expect_err("it lacks much").to_string();
        for part in [
            "`logto.endpont` (TOML file Rocket.toml",
            "is not a key; did you mean `endpoint`?",
            "`logto.app_id` (profile `debug`): is missing",
            "`logto.bogus` (TOML file",
            "is not a key; the keys are `endpoint`",
            "`logto.session.idel` (TOML file",
            "did you mean `idle`?",
            "`logto.session.absolute` = \"long\" (TOML file",
            "`logto.machine.app_secret` (profile `debug`): is missing",
        ] {
            assert!(message.contains(part), "{part:?} is not in: {message}");
        }
        assert_eq!(message.matches("\n  * ").count(), 7, "{message}");
    });
}

#[test]
fn the_address_of_the_issuer_or_its_metadata_is_refused_with_that_of_logto() {
    for ending in ["/oidc", "/oidc/", "/oidc/.well-known/openid-configuration"] {
        for base in ["https://foo.logto.app", "https://example.com/logto"] {
            let toml = format!("[debug.logto]\napp_id = \"a\"\nendpoint = \"{base}{ending}\"");
            let fix = format!("is the address of Logto's issuer; write `{base}`");
            refused(&toml, &[], &["`logto.endpoint`", &fix]);
        }
    }
}

/// Docker and Kubernetes give secrets as files.
#[test]
fn a_secret_is_read_from_the_file_that_the_environment_names() {
    let folder = std::env::temp_dir().join(format!("logto-rocket-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("text").to_owned()
    };
    let app = file("app", "the secret\n");
    let cookie = file("cookie", &format!("{}\r\n", SECRET.replace(' ', "-")));
    let toml = debug("");
    let environment = [("LOGTO_APP_SECRET_FILE", &*app), ("LOGTO_COOKIE_SECRET_FILE", &*cookie)];
    usable(&toml, &environment, |checked| {
        let secret = checked.config.app_secret.as_ref().expect("a secret");
        assert_eq!(secret.secret(), "the secret");
        assert_eq!(&**checked.secrets.bytes[0], SECRET.replace(' ', "-").as_bytes());
    });
    let both = [("LOGTO_APP_SECRET_FILE", &*app), ("LOGTO_APP_SECRET", "another one")];
    let parts = ["LOGTO_APP_SECRET and LOGTO_APP_SECRET_FILE): is set twice; unset one"];
    refused(&toml, &both, &parts);
    let missing = [("LOGTO_APP_SECRET_FILE", "/nowhere/secret")];
    refused(
        &toml,
        &missing,
        &["LOGTO_APP_SECRET_FILE): names a file that cannot be read: No such file"],
    );
    std::fs::remove_dir_all(&folder).expect("it goes");
}

/// RFC 6749 appendix A.1 and A.2: extra characters copied with an id or a secret are not part
/// of it.
#[test]
fn what_stands_around_an_id_or_a_secret_ends_the_launch() {
    for value in
        ["x1y2z3\\n", " x1y2z3", "x1y2z3 ", "'x1y2z3'", "\\\"x1y2z3\\\"", "`x1y2z3`", "x1\\ty2"]
    {
        let toml = format!(
            "[debug.logto]\nendpoint = \"https://foo.logto.app\"\napp_id = \"{value}\"\n\
             app_secret = \"{value}\""
        );
        let parts = ["`logto.app_id` = ", "`logto.app_secret` (", "around it"];
        refused(&toml, &[], &parts);
    }
}

/// H20: an internal Logto, as in Docker.
#[test]
fn an_internal_endpoint_has_a_switch_of_its_own_for_plain_http() {
    let internal = "internal_endpoint = \"http://logto:3001/\"";
    refused(
        &debug(internal),
        &[],
        &["`logto.internal_endpoint`", "plain http", "`danger_allow_internal_http = true`"],
    );
    refused(
        &debug(&format!("{internal}\ndanger_allow_http = true")),
        &[],
        &["`danger_allow_internal_http = true`"],
    );
    let allowed = format!("{internal}\ndanger_allow_internal_http = true");
    usable(&debug(&allowed), &[], |checked| {
        assert_eq!(checked.issuer, "https://foo.logto.app/oidc");
        assert_eq!(checked.internal_endpoint.as_deref(), Some("http://logto:3001"));
    });
    let environment = [
        ("LOGTO_INTERNAL_ENDPOINT", "http://10.1.2.3:3001/logto"),
        ("LOGTO_DANGER_ALLOW_INTERNAL_HTTP", "true"),
        ("LOGTO_TIMEOUT", "10"),
    ];
    usable(&debug(""), &environment, |checked| {
        assert_eq!(checked.internal_endpoint.as_deref(), Some("http://10.1.2.3:3001/logto"));
        assert_eq!(checked.timeout().as_secs(), 10);
    });
}

#[test]
fn the_switch_for_the_inside_allows_nothing_outside() {
    let toml = "[debug.logto]\nendpoint = \"http://foo.example\"\napp_id = \"app-id\"\n\
                danger_allow_internal_http = true";
    refused(toml, &[], &["`logto.endpoint`", "plain http", "`danger_allow_http = true`"]);
}

#[test]
fn an_internal_endpoint_is_an_address_of_logto() {
    for (given, fix) in [
        ("logto:3001", "is not an absolute http or https address"),
        ("https://logto:3001/oidc", "write `https://logto:3001`"),
        ("https://user:secret@logto", "is not an absolute http or https address"),
        ("<internal>", "is empty or a placeholder"),
    ] {
        refused(
            &debug(&format!("internal_endpoint = {given:?}")),
            &[],
            &["internal_endpoint", fix],
        );
    }
}

#[test]
fn a_timeout_is_a_number_of_seconds_within_limits() {
    for timeout in ["0", "61", "\"4s\""] {
        refused(&debug(&format!("timeout = {timeout}")), &[], &["`logto.timeout`"]);
    }
    usable(&debug(""), &[], |checked| assert_eq!(checked.timeout().as_secs(), 4));
}

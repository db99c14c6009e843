//! Everything that is wrong is named in one round, and nothing that only follows from it.

use super::{SECRET, read, with};

const RELEASE: (&str, &str) = ("ROCKET_PROFILE", "release");

/// The keys that the message names, in its order.
fn named(toml: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let mut keys = Vec::new();
    with(toml, environment, |figment| {
        let message = read(figment).expect_err(toml).to_string();
        let lines = message.split("\n  * ").skip(1);
        let key = |line: &str| {
            let key = line.split('`').nth(1).unwrap_or_else(|| panic!("no key: {message}"));
            key.strip_prefix("logto.").unwrap_or(key).to_owned()
        };
        keys = lines.map(key).collect();
    });
    keys
}

#[test]
fn a_first_release_learns_of_everything_that_it_lacks_at_once() {
    let all = ["endpoint", "app_id", "base_url", "cookie_secret"];
    assert_eq!(named("", &[RELEASE]), all);
    with("", &[RELEASE], |figment| {
        let message = read(figment).expect_err("nothing is set").to_string();
        for key in all {
            assert!(message.contains(&format!("`logto.{key}` (profile `release`)")), "{message}");
        }
    });
    // A misspelt key is not missing too.
    let misspelt = "[release.logto]\nendpont = \"https://foo.logto.app\"\nap_id = \"app-id\"";
    let expected = ["ap_id", "endpont", "base_url", "cookie_secret"];
    assert_eq!(named(misspelt, &[RELEASE]), expected);
}

#[test]
fn a_value_of_a_wrong_type_hides_no_other_problem() {
    let toml = "[default.logto]\nendpoint = \"nowhere\"\nclock_skew = \"much\"\n\
                resources = [\"api\"]\napp_secret = \"x\"\ndrain = { seconds = 0, requests = \"few\" }\n\
                [default.logto.machine]\napp_id = \"\"";
    let found = named(toml, &[RELEASE, ("LOGTO_COOKIE_SECRET_FILE", "/nowhere/secret")]);
    assert_eq!(
        found,
        [
            "cookie_secret",
            "clock_skew",
            "drain.requests",
            "machine.app_secret",
            "endpoint",
            "app_id",
            "base_url",
            "machine.app_id",
            "resources",
            "drain.seconds",
        ]
    );
}

#[test]
fn what_stands_for_an_unreadable_value_is_not_judged() {
    let ids = "endpoint = \"https://foo.logto.app\"\napp_id = \"app-id\"\n";
    let site = "base_url = \"https://app.example.com\"\n";
    let secret = format!("cookie_secret = \"{SECRET}\"\n");
    let all = format!("{ids}{site}{secret}");
    let api = "endpoint = \"https://foo.logto.app\"\n";
    for (toml, expected) in [
        (format!("{all}clock_skew = 1.5"), &["clock_skew"][..]),
        (format!("{ids}{site}cookie_secret = 5"), &["cookie_secret"]),
        (format!("{ids}{secret}base_url = 1.5\ncookie_secure = true"), &["base_url"]),
        (format!("{all}scopes = [5]\ninclude_reserved_scopes = false"), &["scopes.0"]),
        (
            format!("{all}sign_in = {{ scopes = 5 }}\ninclude_reserved_scopes = false"),
            &["sign_in.scopes"],
        ),
        (format!("{all}sign_in = {{ resources = 5 }}"), &["sign_in.resources"]),
        (format!("{all}resources = 5\nresource_metadata = true"), &["resources"]),
        (format!("{all}resources = [\"urn:a\", 5]"), &["resources.1"]),
        (format!("{all}resources = {{ a = 5 }}"), &["resources.a"]),
        (format!("{all}routes = {{ sign_in = 5, sign_up = \"/sign-in\" }}"), &["routes.sign_in"]),
        (
            format!("{all}internal_endpoint = \"http://logto\"\ndanger_allow_internal_http = 5"),
            &["danger_allow_internal_http"],
        ),
        (
            format!("{all}session = {{ store = \"rediss\", redis = {{ prefix = \"a\" }} }}"),
            &["session.store"],
        ),
        (
            format!("{all}trusted_origins = [5, \"nowhere\", true]"),
            &["trusted_origins.0", "trusted_origins.2", "trusted_origins"],
        ),
        (
            format!("{all}resources = [5, \"api\", [1]]"),
            &["resources.0", "resources.2", "resources"],
        ),
        (format!("{all}scopes = [1.5, \"a\", 2]"), &["scopes.0", "scopes.2"]),
        (format!("{all}prompt = [\"x\", 5, \"login\"]"), &["prompt.1", "prompt.0"]),
        (
            format!("{all}sign_in.identifiers = [5, \"x\", \"email\", \"y\"]"),
            &["sign_in.identifiers.0", "sign_in.identifiers.1", "sign_in.identifiers.3"],
        ),
        (format!("{all}sign_in.direct_sign_in = 5"), &["sign_in.direct_sign_in"]),
        (format!("{all}sign_in = [1]"), &["sign_in"]),
        (format!("{all}session = 5"), &["session"]),
        (format!("{all}machine = 5"), &["machine"]),
        // An API without sign-in, and one that has a secret.
        (format!("{api}resources = 5"), &["resources"]),
        (
            format!("{api}resources = [\"urn:a\"]\napp_secret = [1]"),
            &["app_secret", "app_id", "base_url", "cookie_secret"],
        ),
    ] {
        assert_eq!(named(&format!("[release.logto]\n{toml}"), &[RELEASE]), expected, "{toml}");
    }
}

#[test]
fn a_switch_that_cannot_be_read_is_not_taken_for_off() {
    let toml = "[debug.logto]\nendpoint = \"http://logto:3001\"\napp_id = \"app-id\"";
    assert_eq!(named(toml, &[("LOGTO_DANGER_ALLOW_HTTP", "yes")]), ["danger_allow_http"]);
    let wrong = toml.replace("http:", "ftp:");
    let both = ["danger_allow_http", "endpoint"];
    assert_eq!(named(&wrong, &[("LOGTO_DANGER_ALLOW_HTTP", "yes")]), both);
}

#[test]
fn of_a_file_that_is_not_toml_nothing_is_said_to_be_missing() {
    assert_eq!(named("[release.logto]\nendpoint = https://foo", &[RELEASE]), ["logto"]);
}

#[test]
fn a_key_called_as_the_table_is_named_in_full() {
    let all = "[debug.logto]\nendpoint = \"https://foo.logto.app\"\napp_id = \"app-id\"\n";
    for (keys, expected) in [
        ("resources = { logto = 5, other = 6 }", &["resources.logto", "resources.other"][..]),
        ("sign_in.extra_params = { logto = 5 }", &["sign_in.extra_params.logto"]),
        ("logto.logto = 5\nclock_skew = true", &["clock_skew", "logto"]),
    ] {
        assert_eq!(named(&format!("{all}{keys}"), &[]), expected, "{keys}");
    }
}

#[test]
fn a_mistake_in_a_variable_is_not_said_to_be_in_code() {
    let table = r#"{endpoint="https://foo.logto.app",app_id="app-id",clock_skew="much"}"#;
    let rocket = "(environment variable ROCKET_LOGTO, every profile)";
    super::refused("", &[("ROCKET_LOGTO", table)], &["`logto.clock_skew`", rocket]);
    let redis = "`logto.session.redis` (environment variables LOGTO_SESSION_REDIS_*, every";
    let variables = [("LOGTO_SESSION_REDIS_PASSWORD", "secret")];
    super::refused(&super::debug(""), &variables, &[redis, "nothing is kept in Redis"]);
}

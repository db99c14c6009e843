//! What no message repeats.

use super::{debug, read, with};

/// The message about this `Rocket.toml` and environment, none of whose values it may repeat.
fn message(toml: &str, environment: &[(&str, &str)]) -> String {
    let mut said = String::new();
    with(toml, environment, |figment| said = read(figment).expect_err(toml).to_string());
    assert!(!said.contains("hunter2"), "{said}");
    said
}

/// H8: a variable that should name the file has the secret itself.
#[test]
fn a_secret_in_the_place_of_its_file_is_not_repeated() {
    for name in ["APP_SECRET", "COOKIE_SECRET", "MACHINE_APP_SECRET", "SESSION_REDIS_PASSWORD"] {
        let variable = format!("LOGTO_{name}_FILE");
        let said = message(&debug(""), &[(&variable, "hunter2")]);
        let expected = format!("(environment variable {variable}): names a file that cannot be");
        assert!(said.contains(&expected), "{said}");
    }
}

/// H8: an address may have a password in it, wherever it is written.
#[test]
fn an_address_with_a_password_is_not_repeated() {
    let address = "redis://app:hunter2@localhost";
    for (variable, key) in [("STORE", "store"), ("MARKS", "marks"), ("IDLE", "idle")] {
        let said = message(&debug(""), &[(&format!("LOGTO_SESSION_{variable}"), address)]);
        assert!(said.contains(&format!("`logto.session.{key}` (environment")), "{said}");
    }
    for key in ["endpoint", "internal_endpoint", "base_url", "post_sign_out_path", "prompt"] {
        let said = message(&format!("[debug.logto]\n{key} = \"https://a:hunter2@localhost\""), &[]);
        assert!(said.contains(&format!("`logto.{key}` (TOML file")), "{said}");
    }
    let origins = debug("trusted_origins = [\"https://a:hunter2@localhost\"]");
    assert!(message(&origins, &[]).contains("`logto.trusted_origins` (TOML file"));
    let twice = "resources = [\"a=https://a:hunter2@b\", \"a=https://a:hunter2@b\"]";
    assert!(message(&debug(twice), &[]).contains("`a`: the name is given twice"));
}

/// H8: below `session.redis`, anything may be the password.
#[test]
fn nothing_that_is_written_for_redis_or_beside_a_secret_is_repeated() {
    for key in ["connect_timeout", "ca", "command_timeout", "username.a", "url", "passwort"] {
        let keys = format!("session.store = \"redis\"\nsession.redis.{key} = \"hunter2\"");
        let said = message(&debug(&keys), &[]);
        let key = key.trim_end_matches(".a");
        assert!(said.contains(&format!("`logto.session.redis.{key}` (TOML file")), "{said}");
    }
    for keys in ["machine.app_secret = [\"hunter2\"]", "sign_in.extra_params = [\"hunter2\"]"] {
        message(&debug(keys), &[]);
    }
    message(&debug("cookie_secret = [[\"hunter2\"], { a = \"hunter2\" }]"), &[]);
    message("[debug.logto]\nendpont = [\"hunter2\"]\napp_secrt = [\"hunter2\"]", &[]);
}

/// H8
#[test]
fn a_value_in_the_place_of_a_table_is_named_and_not_repeated() {
    for key in ["session", "session.redis", "machine", "drain", "routes", "sign_in"] {
        for value in ["\"hunter2\"", "[\"hunter2\"]"] {
            let said = message(&debug(&format!("{key} = {value}")), &[]);
            let expected = format!("; write a table, `[default.logto.{key}]`");
            assert!(said.contains(&expected), "{said}");
            assert_eq!(said.matches("\n  * ").count(), 1, "{said}");
        }
    }
}

/// H8: our variables would replace it.
#[test]
fn a_value_in_the_place_of_a_table_is_named_although_variables_set_keys_in_it() {
    let keys = "session = \"hunter2\"\nmachine = 5\ndrain = [\"hunter2\"]";
    let variables = [
        ("LOGTO_SESSION_IDLE", "0"),
        ("LOGTO_MACHINE_APP_ID", "m"),
        ("LOGTO_MACHINE_APP_SECRET", "s"),
        ("LOGTO_DRAIN_SECONDS", "long"),
    ];
    let said = message(&debug(keys), &variables);
    for part in [
        "`logto.session` (TOML file Rocket.toml, profile `debug`): is a string; write a table",
        "`logto.machine` (TOML file Rocket.toml, profile `debug`): is a number; write a table",
        "`logto.drain` (TOML file Rocket.toml, profile `debug`): is a list; write a table",
        "`logto.drain.seconds` = \"long\" (environment variable LOGTO_DRAIN_SECONDS, every",
    ] {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

/// H8
#[test]
fn a_configuration_that_is_not_a_table_is_all_that_is_named() {
    let given = debug("");
    let good = ("LOGTO_ENDPOINT", "https://foo.logto.app");
    for (toml, environment, expected) in [
        ("[default]\nlogto = \"https://hunter2\"", [good], "(TOML file Rocket.toml, profile"),
        ("[default]\nlogto = [\"hunter2\"]", [good], "is a list; write a table"),
        ("[debug]\nlogto = 5\n[default.logto]\napp_id = \"a\"", [good], "is a number; write"),
        (&given, [("ROCKET_LOGTO", "hunter2")], "(environment variable ROCKET_LOGTO, every"),
        (&given, [("ROCKET_LOGTO", "{endpoint=\"https://hunter2")], "is a string; write"),
    ] {
        let said = message(toml, &environment);
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("write a table, `[default.logto]`"), "{said}");
        assert_eq!(said.matches("\n  * ").count(), 1, "{said}");
    }
}

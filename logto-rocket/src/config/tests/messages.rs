//! What the message says about a key.

use super::{debug, refused, usable, with};
use crate::config::check::read;

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
fn text_that_is_no_toml_is_named_by_its_line_and_not_shown() {
    with(&debug("app_secret = hunter2hunter2"), &[], |figment| {
        let message = read(figment).expect_err("it is no TOML").to_string();
        assert!(message.contains("line 4") && !message.contains("hunter2"), "{message}");
        assert!(message.contains("`logto` ("), "{message}");
    });
}

#[test]
fn all_problems_are_named_at_once() {
    let keys = "base_url = \"nowhere\"\nresources = [\"api\"]\ncookie_secret = \"short\"";
    refused(&debug(keys), &[], &["`logto.base_url`", "`logto.resources`", "`logto.cookie_secret`"]);
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

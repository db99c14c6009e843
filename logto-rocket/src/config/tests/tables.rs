//! Tables that look like ours.

use super::with;
use crate::config::{unknown_tables, unknown_variables};

fn unknown(toml: &str) -> Vec<String> {
    let mut found = Vec::new();
    with(toml, &[], |figment| found = unknown_tables(figment));
    found
}

#[test]
fn a_table_that_looks_like_ours_is_named_with_the_one_that_was_meant() {
    for (table, meant) in [
        ("default.logto-dev", "default.logto_dev"),
        ("default.logtodev", "default.logto_dev"),
        ("release.logto_dve", "release.logto_dev"),
        ("default.logto-rocket", "default.logto"),
        ("debug.logto_rocket", "debug.logto"),
        ("default.Logto", "default.logto"),
        ("default.lgoto", "default.logto"),
        ("logto", "default.logto"),
        ("logto_dev", "default.logto_dev"),
        ("logto-rocket", "default.logto"),
    ] {
        let expected = format!("`[{table}]` (did you mean `[{meant}]`?)");
        let found =
            unknown(&format!("[{table}]\nendpoint = \"https://foo.logto.app\"\napp_id = \"a\""));
        assert_eq!(found, [expected], "{table}");
    }
    assert_eq!(
        unknown("[logto.session]\nidle = 5"),
        ["`[logto]` (did you mean `[default.logto]`?)"]
    );
}

#[test]
fn our_own_tables_and_those_of_other_crates_are_fine() {
    for table in [
        "default.logto",
        "default.logto.session",
        "release.logto",
        "default.logto_dev.users.carol",
        "staging.logto",
        "default.logo",
        "default.lotto",
        "default.login",
        "default.logs",
        "default.databases.logto",
        "default.logto_admin",
    ] {
        assert_eq!(unknown(&format!("[{table}]\npath = \"a\"")), [""; 0], "{table}");
    }
    for other in ["[default.logo]\nendpoint = \"https://cdn\"", "[default.lotto]\napp_id = \"1\""] {
        assert_eq!(unknown(other), [""; 0], "{other}");
    }
    assert_eq!(unknown("[default]\nlogto-dev = 5"), [""; 0]);
    assert_eq!(unknown("this is not TOML"), [""; 0]);
}

#[test]
fn a_key_in_a_variable_of_rocket_is_named_with_our_own() {
    let set = [
        ("ROCKET_LOGTO_ENDPOINT", "https://foo.logto.app"),
        ("ROCKET_LOGTO_APP_SECRET_FILE", "/run/secrets/app"),
        ("ROCKET_LOGTO", "{}"),
        ("ROCKET_LOGTO_DEV", "{}"),
        ("ROCKET_LOGTO_OTHER", "5"),
        ("ROCKET_PORT", "8000"),
        ("LOGTO_APP_ID", "a"),
    ];
    with("", &set, |_| {
        let mut found = unknown_variables();
        found.sort();
        assert_eq!(
            found,
            [
                "ROCKET_LOGTO_APP_SECRET_FILE (did you mean LOGTO_APP_SECRET_FILE?)",
                "ROCKET_LOGTO_ENDPOINT (did you mean LOGTO_ENDPOINT?)",
            ]
        );
    });
}

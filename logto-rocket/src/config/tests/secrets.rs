//! Ids and secrets: where they may come from, and what cannot be one.

use super::{SECRET, debug, refused, usable};
use crate::config::{AppSecret, CookieSecrets};

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
fn secrets_are_not_in_the_debug_form() {
    let keys = format!("app_secret = \"app-secret-value\"\ncookie_secret = \"{SECRET}\"");
    usable(&debug(&keys), &[], |checked| {
        let shown = format!("{checked:?}");
        assert!(!shown.contains("app-secret-value") && !shown.contains(SECRET), "{shown}");
    });
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

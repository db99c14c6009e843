use std::str;

use logto_rocket::internal;
use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use rocket::figment::value::{Dict, Value};

/// What replaces `{secret}` and `{number}` in the input: no message may contain it.
const SECRET: &str = "kX7pQ2wVb9dTmZ4rYc6sJh3nLf8gAe5u";
const NUMBER: &str = "7319482650917354";

/// H8: no configuration panics, and no message repeats a secret.
///
/// Lines `LOGTO_…=value` at the beginning are the environment, the rest is
/// `Rocket.toml`.
pub fn config(data: &[u8]) {
    let Some(text) = str::from_utf8(data).ok().filter(|text| !shows(text)) else { return };
    let (environment, toml) = split(text);
    let toml = toml.replace("{secret}", SECRET).replace("{number}", NUMBER);
    let figment = Figment::from(rocket::Config::default()).merge(Toml::string(&toml).nested());
    if !is_secret_only_where_it_belongs(&figment) {
        return;
    }
    for profile in ["debug", "release"] {
        let figment = figment.clone().select(profile);
        if let Err(error) = internal::config(figment, environment.clone()) {
            for said in [error.to_string(), format!("{error:?}")] {
                assert!(!said.contains(SECRET) && !said.contains(NUMBER), "{said}");
            }
        }
    }
}

fn split(text: &str) -> (Vec<(String, String)>, &str) {
    let (mut variables, mut rest) = (Vec::new(), text);
    while let Some((line, after)) = rest.split_once('\n')
        && let Some((name, value)) = line.strip_prefix("LOGTO_").and_then(|l| l.split_once('='))
    {
        let value = if name.ends_with("SECRET") {
            value.replace("{secret}", SECRET).replace("{number}", NUMBER)
        } else {
            value.to_owned()
        };
        variables.push((name.to_owned(), value));
        rest = after;
    }
    (variables, rest)
}

/// Whether the secret's placeholder is the value of a key that holds a secret. Text that
/// is not TOML has no keys: none of it may be repeated.
fn is_secret_only_where_it_belongs(figment: &Figment) -> bool {
    let Ok(profiles) = rocket::figment::Provider::data(figment) else { return true };
    profiles.into_iter().all(|(profile, table)| {
        let named = !shows(profile.as_str().as_str());
        named
            && table.into_iter().all(|(key, value)| match (key.as_str(), value) {
                ("logto", Value::Dict(_, table)) => in_place(table),
                (key, value) => !shows(key) && !shows(&format!("{value:?}")),
            })
    })
}

fn in_place(table: Dict) -> bool {
    table.into_iter().all(|(key, value)| match (key.as_str(), value) {
        ("app_secret" | "cookie_secret", _) => true,
        ("machine", Value::Dict(_, table)) => table
            .into_iter()
            .all(|(key, value)| key == "app_secret" || !shows(&format!("{key}{value:?}"))),
        (key, value) => !shows(key) && !shows(&format!("{value:?}")),
    })
}

fn shows(text: &str) -> bool {
    text.contains(SECRET) || text.contains(NUMBER)
}

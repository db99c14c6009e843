//! What a message says about a value that cannot be read.

use rocket::figment::error::{Actual, Kind};
use rocket::figment::{self, Figment};

use super::keys::{KEYS, may_show};
use super::place::{described, place};
use super::problem::Problem;
use super::source::{PREFIX, STAND_IN, nearest};

/// Turns figment's error into ours: a value that may be a secret is left out.
pub(super) fn problem(error: &figment::Error, figment: &Figment) -> Problem {
    let key = key(error);
    let (message, fix) = match &error.kind {
        Kind::MissingField(_) => ("is missing".into(), missing_fix(&key, figment)),
        Kind::UnknownField(name, known) => {
            let meant = nearest(name, known).map(|known| format!("did you mean `{known}`?"));
            let fix = meant.unwrap_or_else(|| format!("the keys are `{}`", known.join("`, `")));
            ("is not a key".into(), fix)
        }
        Kind::UnknownVariant(_, known) => {
            ("is not one of its values".into(), format!("write one of `{}`", known.join("`, `")))
        }
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            (format!("is {}", type_name(actual)), format!("write {}", plain(expected)))
        }
        // A TOML parser says on the first line where it stopped, and quotes the text on
        // the others, which may be a secret.
        Kind::Message(message) => {
            ("cannot be read".into(), message.lines().next().unwrap_or_default().to_owned())
        }
        _ => ("cannot be read".into(), "see the documentation of `Config`".into()),
    };
    let value = written(error).filter(|value| may_show(&key, value));
    let place = place_of(error, &key, figment);
    Problem { key, value, place, message, fix }
}

fn place_of(error: &figment::Error, key: &str, figment: &Figment) -> String {
    match (&error.metadata, &error.profile) {
        // For a file that cannot be read at all.
        (Some(metadata), Some(profile)) if key.is_empty() => described(metadata, profile, key),
        _ if matches!(error.kind, Kind::MissingField(_)) => {
            format!("profile `{}`", figment.profile())
        }
        _ => place(figment, key),
    }
}

/// The full key; of one that is missing, the error has only the table's.
fn key(error: &figment::Error) -> String {
    let mut path = error.path.clone();
    if let Kind::MissingField(name) = &error.kind {
        path.push(name.to_string());
    }
    path.join(".")
}

/// What to write, without Rust's names.
fn plain(expected: &impl ToString) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "u64" => "a whole number from 0".to_owned(),
        "f64" => "a number".to_owned(),
        _ if expected.starts_with("enum ") => "a string".to_owned(),
        _ if expected.starts_with("struct ") || expected == "a map" => "a table".to_owned(),
        _ => expected,
    }
}

/// How to set what is missing.
pub(super) fn missing_fix(name: &str, figment: &Figment) -> String {
    let variable = KEYS.iter().find(|(_, key, _)| *key == name).map(|(variable, _, _)| variable);
    let mut fix = "set it under `[default.logto]` in Rocket.toml".to_owned();
    if let Some(variable) = variable {
        fix += &format!(" or as {PREFIX}{variable} in the environment");
    }
    if name == "endpoint" && figment.profile() == "debug" {
        fix += "; to start without a Logto account, attach `logto_dev::Provider::fairing()` \
                before `Logto::fairing()`";
    }
    fix
}

pub(super) fn type_name(actual: &Actual) -> &'static str {
    match actual {
        Actual::Bool(_) => "a boolean",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Str(_) | Actual::Char(_) => "a string",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "of another type",
    }
}

/// Whether the error is about what stands for an earlier one.
pub(super) fn is_of_stand_in(error: &figment::Error) -> bool {
    written(error).is_some_and(|value| value == STAND_IN)
}

/// The value that the error is about.
fn written(error: &figment::Error) -> Option<String> {
    match &error.kind {
        Kind::UnknownVariant(value, _) => Some(value.clone()),
        Kind::InvalidType(actual, _) | Kind::InvalidValue(actual, _) => match actual {
            Actual::Bool(value) => Some(value.to_string()),
            Actual::Unsigned(value) => Some(value.to_string()),
            Actual::Signed(value) => Some(value.to_string()),
            Actual::Float(value) => Some(value.to_string()),
            Actual::Str(value) => Some(value.clone()),
            _ => None,
        },
        _ => None,
    }
}

//! Reading the configuration's types, with all type errors at once.

use rocket::figment::error::{Actual, Kind};
use rocket::figment::value::{Dict, Value};
use rocket::figment::{self, Figment};

use super::Config;
use super::keys::{KEYS, is_secret};
use super::problem::Problem;
use super::source::{PREFIX, STAND_IN, described, nearest, place};

/// Reads the table `logto` and adds everything that cannot be read to `problems`. The
/// configuration has stand-ins or defaults for such values; it is `None` if the search cannot
/// continue.
pub(super) fn extract(figment: &Figment, problems: &mut Vec<Problem>) -> Option<Config> {
    let mut error = match figment.focus("logto").extract() {
        Ok(config) => return Some(config),
        Err(error) => error,
    };
    let mut table = figment.find_value("logto").ok().and_then(Value::into_dict).unwrap_or_default();
    for _ in 0..MOST_REPAIRS {
        let found = problem(&error, figment);
        // A stand-in may be of the wrong type too.
        if problems.iter().all(|known| known.key != found.key) {
            problems.push(found);
        }
        if !put_right(&mut table, &error) {
            return None;
        }
        match Value::from(table.clone()).deserialize() {
            Ok(config) => return Some(config),
            Err(next) => error = next,
        }
    }
    None
}

/// More would not help.
const MOST_REPAIRS: usize = 100;

/// Puts a stand-in where a value is missing or cannot be read, and removes what has no place;
/// returns whether that was possible.
fn put_right(table: &mut Dict, error: &figment::Error) -> bool {
    let mut path: Vec<_> = error.path.iter().map(String::as_str).collect();
    path.retain(|part| *part != "logto");
    match &error.kind {
        Kind::MissingField(name) => {
            let inner = path.into_iter().try_fold(table, |table, key| match table.get_mut(key) {
                Some(Value::Dict(_, inner)) => Some(inner),
                _ => None,
            });
            inner.is_some_and(|table| table.insert(name.to_string(), STAND_IN.into()).is_none())
        }
        Kind::UnknownField(..) => replace(table, &path, false),
        _ => replace(table, &path, true),
    }
}

/// Replaces a value by the stand-in, which tells that it was given. Where that is of the wrong
/// type, the default takes its place.
fn replace(table: &mut Dict, path: &[&str], by_stand_in: bool) -> bool {
    let [key, rest @ ..] = path else { return false };
    match table.get_mut(*key) {
        Some(Value::Dict(_, inner)) if !rest.is_empty() => replace(inner, rest, by_stand_in),
        Some(value) if by_stand_in && value.as_str() != Some(STAND_IN) => {
            *value = STAND_IN.into();
            true
        }
        _ => table.remove(*key).is_some(),
    }
}

/// Turns figment's error into ours: the value of a secret is left out.
fn problem(error: &figment::Error, figment: &Figment) -> Problem {
    let path = error.path.iter().filter(|part| *part != "logto");
    let mut key = path.cloned().collect::<Vec<_>>().join(".");
    let mut join = |name: &str| {
        key = if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    };
    let (message, fix) = match &error.kind {
        Kind::MissingField(name) => {
            join(name);
            ("is missing".into(), missing_fix(&key, figment))
        }
        Kind::UnknownField(name, known) => {
            let meant = nearest(name, known).map(|known| format!("did you mean `{known}`?"));
            let fix = meant.unwrap_or_else(|| format!("the keys are `{}`", known.join("`, `")));
            ("is not a key".into(), fix)
        }
        Kind::UnknownVariant(_, known) => {
            ("is not one of its values".into(), format!("write one of `{}`", known.join("`, `")))
        }
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            let expected =
                expected.to_string().replace("u64", "a number").replace("f64", "a number");
            (format!("is {}", type_name(actual)), format!("write {expected}"))
        }
        // A TOML parser says on the first line where it stopped, and quotes the text on
        // the others, which may be a secret.
        Kind::Message(message) => {
            ("cannot be read".into(), message.lines().next().unwrap_or_default().to_owned())
        }
        _ => ("cannot be read".into(), "see the documentation of `Config`".into()),
    };
    let value = match &error.kind {
        _ if is_secret(&key) => None,
        Kind::UnknownVariant(value, _) => Some(value.clone()),
        Kind::InvalidType(actual, _) | Kind::InvalidValue(actual, _) => shown(actual),
        _ => None,
    };
    let place = match (&error.metadata, &error.profile) {
        // For a file that cannot be read at all.
        (Some(metadata), Some(profile)) if key.is_empty() => described(metadata, profile, &key),
        _ if matches!(error.kind, Kind::MissingField(_)) => {
            format!("profile `{}`", figment.profile())
        }
        _ => place(figment, &key),
    };
    Problem { key, value, place, message, fix }
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

fn type_name(actual: &Actual) -> &'static str {
    match actual {
        Actual::Bool(_) => "a boolean",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Str(_) | Actual::Char(_) => "a string",
        Actual::Seq => "a list",
        Actual::Map => "a table",
        _ => "of another type",
    }
}

fn shown(actual: &Actual) -> Option<String> {
    match actual {
        Actual::Bool(value) => Some(value.to_string()),
        Actual::Unsigned(value) => Some(value.to_string()),
        Actual::Signed(value) => Some(value.to_string()),
        Actual::Float(value) => Some(value.to_string()),
        Actual::Str(value) => Some(value.clone()),
        _ => None,
    }
}

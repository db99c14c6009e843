//! Reading the configuration from figment and the environment, and saying where a
//! value stands.

use rocket::figment::error::{Actual, Kind};
use rocket::figment::value::{Dict, Map, Value};
use rocket::figment::{self, Figment, Metadata, Profile, Provider};

use super::Config;
use super::keys::{Form, KEYS, is_secret};
use super::problem::{ConfigError, Problem};

const PREFIX: &str = "LOGTO_";

impl Config {
    pub(crate) fn extract(figment: &Figment) -> Result<Self, ConfigError> {
        let figment = with_environment(figment);
        figment.focus("logto").extract().map_err(|errors| {
            ConfigError::new(errors.into_iter().map(|error| problem(&error, &figment)).collect())
        })
    }
}

pub(super) fn with_environment(figment: &Figment) -> Figment {
    figment.clone().merge(Environment(std::env::vars_os().filter_map(pair).collect()))
}

fn pair((name, value): (std::ffi::OsString, std::ffi::OsString)) -> Option<(String, String)> {
    let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
    Some((name.strip_prefix(PREFIX)?.to_owned(), value))
}

/// The names of variables that look like ours and are none of [`KEYS`].
pub(crate) fn unknown_variables() -> Vec<String> {
    let names = std::env::vars_os().filter_map(pair).map(|(name, _)| name);
    let known = |name: &String| KEYS.iter().any(|(known, _, _)| known == name);
    names.filter(|name| !known(name)).map(|name| format!("{PREFIX}{name}")).collect()
}

/// The variables `LOGTO_*` without their prefix.
pub(crate) struct Environment(pub(crate) Vec<(String, String)>);

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named("environment variable").interpolater(|_: &Profile, keys: &[&str]| {
            let path = keys.join(".");
            let path = path.strip_prefix("logto.").unwrap_or(&path);
            let known = KEYS.iter().find(|(_, key, _)| *key == path);
            known.map_or_else(|| path.to_owned(), |(name, _, _)| format!("{PREFIX}{name}"))
        })
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let mut table = Dict::new();
        for (name, key, form) in KEYS {
            if let Some((_, text)) = self.0.iter().find(|(given, _)| given == name) {
                insert(&mut table, key, value(text, *form));
            }
        }
        // Global values win over those of every profile.
        Ok(Map::from([(Profile::Global, Dict::from([("logto".into(), table.into())]))]))
    }
}

fn insert(table: &mut Dict, key: &str, value: Value) {
    let (key, value) = match key.split_once('.') {
        None => (key, value),
        Some((outer, inner)) => {
            let known = table.remove(outer).and_then(Value::into_dict);
            let mut nested = known.unwrap_or_default();
            nested.insert(inner.into(), value);
            (outer, nested.into())
        }
    };
    table.insert(key.into(), value);
}

fn value(text: &str, form: Form) -> Value {
    match form {
        Form::List if text.trim_start().starts_with('[') => literal(text),
        Form::List | Form::Text => Value::from(text),
        Form::Texts => text.split_whitespace().map(String::from).collect::<Vec<_>>().into(),
        Form::Literal => literal(text),
    }
}

fn literal(text: &str) -> Value {
    text.parse().unwrap_or_else(|_| Value::from(text))
}

/// Where the value of `key` stands: file or variable, and profile.
pub(super) fn place(figment: &Figment, key: &str) -> String {
    let full = format!("logto.{key}");
    let Ok(value) = figment.find_value(&full) else {
        return format!("profile `{}`", figment.profile());
    };
    let profile = value.tag().profile().unwrap_or(Profile::Default);
    match figment.get_metadata(value.tag()) {
        Some(metadata) => described(metadata, &profile, key),
        None => format!("profile `{profile}`"),
    }
}

fn described(metadata: &Metadata, profile: &Profile, key: &str) -> String {
    match &metadata.source {
        Some(source) => format!("{} {source}, profile `{profile}`", metadata.name),
        None if metadata.name == "environment variable" => {
            let name = metadata.interpolate(profile, &["logto", key]);
            format!("environment variable {name}, every profile")
        }
        None => match metadata.provide_location {
            Some(location) => format!("in code at {location}, profile `{profile}`"),
            None => format!("{}, profile `{profile}`", metadata.name),
        },
    }
}

/// Turns figment's error into ours: the value of a secret is left out.
fn problem(error: &figment::Error, figment: &Figment) -> Problem {
    let path = error.path.iter().filter(|part| *part != "logto");
    let mut key = path.cloned().collect::<Vec<_>>().join(".");
    let place = match (&error.metadata, &error.profile) {
        (Some(metadata), Some(profile)) => described(metadata, profile, &key),
        _ => format!("profile `{}`", figment.profile()),
    };
    let mut join = |name: &str| {
        key = if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    };
    let (message, fix) = match &error.kind {
        Kind::MissingField(name) => {
            join(name);
            ("is missing".into(), missing_fix(&key))
        }
        Kind::UnknownField(_, known) => {
            let known = known.join("`, `");
            ("is not a key".into(), format!("the keys are `{known}`"))
        }
        Kind::UnknownVariant(_, known) => {
            ("is not one of its values".into(), format!("write one of `{}`", known.join("`, `")))
        }
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            (format!("is {}", type_name(actual)), format!("write {expected}"))
        }
        // A parser of TOML says on the first line where it stopped, and shows the
        // text on the others, which may be a secret.
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
    Problem { key, value, place, message, fix }
}

fn missing_fix(name: &str) -> String {
    let variable = KEYS.iter().find(|(_, key, _)| *key == name).map(|(variable, _, _)| variable);
    match variable {
        Some(variable) => format!(
            "set it under `[default.logto]` in Rocket.toml or as {PREFIX}{variable} in the environment"
        ),
        None => "set it under `[default.logto]` in Rocket.toml".into(),
    }
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

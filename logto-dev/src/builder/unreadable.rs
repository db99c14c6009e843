//! What is wrong in the table `logto_dev`, in the words that `logto-rocket` has for its own. The
//! value is left out: it may be the secret of an application, in its own place or another.

use rocket::figment::error::{Actual, Error as Unreadable, Kind};
use rocket::figment::value::Value;
use rocket::figment::{Figment, Metadata, Profile};

use crate::error::Error;

/// Names `logto_dev` itself if it is not a table.
pub(super) fn no_table(figment: &Figment) -> Option<Error> {
    let value = figment.find_value("logto_dev").ok()?;
    if matches!(value, Value::Dict(..) | Value::Empty(..)) {
        return None;
    }
    let place = place(figment.get_metadata(value.tag()), value.tag().profile().as_ref());
    let given = type_name(&value.to_actual());
    Some(Error::new(format!(
        "`logto_dev`{place}: is {given}; write a table, `[default.logto_dev]`"
    )))
}

/// Names the key, where it is set, what is wrong and what to write.
pub(super) fn described(error: &Unreadable) -> Error {
    let mut key = vec!["logto_dev"];
    key.extend(error.path.iter().map(String::as_str));
    if let Kind::MissingField(name) = &error.kind {
        key.push(name);
    }
    let place = place(error.metadata.as_ref(), error.profile.as_ref());
    Error::new(format!("`{}`{place}: {}", key.join("."), problem(&error.kind)))
}

fn problem(kind: &Kind) -> String {
    match kind {
        Kind::MissingField(_) => "is missing".into(),
        Kind::UnknownField(name, known) => match nearest(name, known) {
            Some(known) => format!("is not a key; did you mean `{known}`?"),
            None => format!("is not a key; the keys are `{}`", known.join("`, `")),
        },
        Kind::UnknownVariant(value, known) => {
            format!("is {value:?}, not one of its values; write one of `{}`", known.join("`, `"))
        }
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            format!("is {}; write {}", type_name(actual), plain(&expected.to_string()))
        }
        // After the first line, a TOML parser quotes the text.
        other => {
            let text = other.to_string();
            format!("cannot be read; {}", text.lines().next().unwrap_or_default())
        }
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

/// What to write, without Rust's names.
fn plain(expected: &str) -> &str {
    match expected {
        "u16" => "a whole number from 0 to 65535",
        "u64" => "a whole number from 0",
        "a map" => "a table",
        "a sequence" => "a list",
        _ if expected.starts_with("enum ") => "a string",
        _ if expected.starts_with("struct ") => "a table",
        _ => expected,
    }
}

fn place(metadata: Option<&Metadata>, profile: Option<&Profile>) -> String {
    let (Some(metadata), Some(profile)) = (metadata, profile) else {
        return String::new();
    };
    let name = &metadata.name;
    let place = match (&metadata.source, metadata.provide_location) {
        (Some(source), _) => format!("{name} {source}"),
        (None, _) if name.starts_with("`ROCKET_`") => {
            "environment variable ROCKET_LOGTO_DEV".into()
        }
        (None, Some(location)) if !name.contains("environment") => format!("in code at {location}"),
        (None, _) => name.to_string(),
    };
    format!(" ({place}, profile `{profile}`)")
}

/// The closest of `known` to what was given. `logto-rocket` has the same function: this crate
/// imports nothing of ours.
fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(given, known);
    let nearest = known.iter().copied().min_by_key(distance)?;
    (distance(&nearest) <= 1 + given.len() / 5).then_some(nearest)
}

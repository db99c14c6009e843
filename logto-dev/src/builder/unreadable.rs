//! What is wrong in the table `logto_dev`, in the words that `logto-rocket` has for its own.

use rocket::figment::error::{Error as Unreadable, Kind};

use crate::error::Error;

/// Names the key, where it is set, what is wrong and what to write.
pub(super) fn described(error: &Unreadable) -> Error {
    let mut key = vec!["logto_dev"];
    key.extend(error.path.iter().map(String::as_str).filter(|part| *part != "logto_dev"));
    if let Kind::MissingField(name) = &error.kind {
        key.push(name);
    }
    let problem = match &error.kind {
        Kind::MissingField(_) => "is missing".into(),
        Kind::UnknownField(name, known) => match nearest(name, known) {
            Some(known) => format!("is not a key; did you mean `{known}`?"),
            None => format!("is not a key; the keys are `{}`", known.join("`, `")),
        },
        Kind::UnknownVariant(value, known) => {
            format!("is {value:?}, not one of its values; write one of `{}`", known.join("`, `"))
        }
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            let expected = expected.replace("u16", "a number").replace("u64", "a number");
            format!("is {actual}; write {expected}")
        }
        other => format!("cannot be read; {other}"),
    };
    Error::new(format!("`{}`{}: {problem}", key.join("."), place(error)))
}

fn place(error: &Unreadable) -> String {
    let (Some(metadata), Some(profile)) = (&error.metadata, &error.profile) else {
        return String::new();
    };
    let name = &metadata.name;
    let place = match (&metadata.source, metadata.provide_location) {
        (Some(source), _) => format!("{name} {source}"),
        (None, Some(location)) if !name.contains("environment") => format!("in code at {location}"),
        (None, _) => name.to_string(),
    };
    format!(" ({place}, profile `{profile}`)")
}

/// The closest of `known` to what was given.
fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(given, known);
    let nearest = known.iter().copied().min_by_key(distance)?;
    (distance(&nearest) <= 1 + given.len() / 5).then_some(nearest)
}

//! Where a value is set.

use rocket::figment::{Figment, Metadata, Profile};

use super::keys::{KEYS, is_within, list_of};
use super::source::{ENVIRONMENT, PREFIX};

/// Where the value of `key` is set: file or variable, and profile.
pub(super) fn place(figment: &Figment, key: &str) -> String {
    let full = path(key);
    // A list item has no location of its own.
    let list = || figment.find_value(list_of(&full)?).ok();
    let Some(value) = figment.find_value(&full).ok().or_else(list) else {
        return format!("profile `{}`", figment.profile());
    };
    // A tag names the profiles that all others inherit; their values belong to the selected one.
    let profile = value.tag().profile().unwrap_or_else(|| figment.profile().clone());
    match figment.get_metadata(value.tag()) {
        Some(metadata) => described(metadata, &profile, key),
        None => format!("profile `{profile}`"),
    }
}

/// The path of `key` in all that Rocket reads.
pub(super) fn path(key: &str) -> String {
    match key {
        "" => "logto".to_owned(),
        key => format!("logto.{key}"),
    }
}

pub(super) fn described(metadata: &Metadata, profile: &Profile, key: &str) -> String {
    match (&metadata.source, metadata.provide_location) {
        (Some(source), _) => format!("{} {source}, profile `{profile}`", metadata.name),
        (None, _) if metadata.name == ENVIRONMENT => format!("{}, every profile", variable(key)),
        (None, _) if metadata.name.starts_with("`ROCKET_`") => {
            "environment variable ROCKET_LOGTO, every profile".to_owned()
        }
        (None, Some(location)) if !metadata.name.contains(ENVIRONMENT) => {
            format!("in code at {location}, profile `{profile}`")
        }
        (None, _) => format!("{}, profile `{profile}`", metadata.name),
    }
}

/// The variable that sets `key`, or those that set what is below it.
fn variable(key: &str) -> String {
    match KEYS.iter().find(|(_, known, _)| is_within(key, known)) {
        Some((name, _, _)) => format!("{ENVIRONMENT} {PREFIX}{name}"),
        None => {
            let name = key.replace('.', "_").to_ascii_uppercase();
            format!("{ENVIRONMENT}s {PREFIX}{name}_*")
        }
    }
}

//! Reading the configuration's types, with all type errors at once.

use rocket::figment::error::Kind;
use rocket::figment::value::Value;
use rocket::figment::{self, Figment};

use super::Config;
use super::keys::TABLES;
use super::message::{is_of_stand_in, problem};
use super::problem::Problem;
use super::shape::is_table;
use super::source::{STAND_IN, nearest};

/// Reads the table `logto` and adds everything that cannot be read to `problems`. The
/// configuration has stand-ins or defaults for such values; it is `None` if the search cannot
/// continue.
pub(super) fn extract(figment: &Figment, problems: &mut Vec<Problem>) -> Option<Config> {
    let mut given = match figment.find_value("logto") {
        Ok(given) => given,
        Err(error) => {
            problems.push(problem(&error, figment));
            return None;
        }
    };
    remove_no_tables(&mut given);
    for _ in 0..MOST_REPAIRS {
        let error = match given.deserialize() {
            Ok(config) => return Some(config),
            Err(error) => located(error, &mut given),
        };
        let found = problem(&error, figment);
        let is_known = problems.iter().any(|known| known.key == found.key);
        if !is_known && !is_of_stand_in(&error) {
            problems.push(found);
        }
        put_right(&mut given, &error)?;
    }
    None
}

/// One message need not name more, and what cannot be put right must not keep
/// the launch here forever.
const MOST_REPAIRS: usize = 200;

/// Serde would read a list as the keys of the table in their order. [`super::shape`] names them.
fn remove_no_tables(given: &mut Value) {
    for key in TABLES {
        let path: Vec<_> = key.split('.').map(str::to_owned).collect();
        if at(given, &path).is_some_and(|value| !is_table(value)) {
            remove(given, &path);
        }
    }
}

/// Lists of names are read as text first: adds which item it is.
fn located(mut error: figment::Error, given: &mut Value) -> figment::Error {
    if let Kind::UnknownVariant(name, _) = &error.kind
        && let Some(Value::Array(_, items)) = at(given, &error.path)
        && let Some(item) = items.iter().position(|item| item.as_str() == Some(name))
    {
        error.path.push(item.to_string());
    }
    error
}

/// Puts a stand-in where a value is missing or cannot be read, which tells that it was given, and
/// removes what has no place; returns nothing if that is not possible.
fn put_right(given: &mut Value, error: &figment::Error) -> Option<()> {
    match &error.kind {
        Kind::MissingField(name) => {
            let Value::Dict(_, table) = at(given, &error.path)? else { return None };
            table.insert(name.to_string(), STAND_IN.into()).is_none().then_some(())
        }
        Kind::UnknownField(name, known) => rename(given, &error.path, nearest(name, known)),
        kind => {
            let value = at(given, &error.path)?;
            match kind {
                _ if value.as_str() != Some(STAND_IN) => *value = STAND_IN.into(),
                Kind::UnknownVariant(_, [first, ..]) => *value = (*first).into(),
                _ => return remove(given, &error.path).map(drop),
            }
            Some(())
        }
    }
}

/// Reads a misspelt key as the one that was likely meant: that one is not missing.
fn rename(given: &mut Value, path: &[String], meant: Option<&str>) -> Option<()> {
    let value = remove(given, path)?;
    if let (Some(meant), [outer @ .., _]) = (meant, path)
        && let Value::Dict(_, table) = at(given, outer)?
    {
        table.entry(meant.to_owned()).or_insert(value);
    }
    Some(())
}

fn remove(given: &mut Value, path: &[String]) -> Option<Value> {
    let (key, outer) = path.split_last()?;
    match at(given, outer)? {
        Value::Dict(_, table) => table.remove(key),
        Value::Array(_, items) => {
            let item = key.parse().ok().filter(|item| *item < items.len())?;
            Some(items.remove(item))
        }
        _ => None,
    }
}

fn at<'v>(given: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    path.iter().try_fold(given, |value, key| match value {
        Value::Dict(_, table) => table.get_mut(key),
        Value::Array(_, items) => items.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    })
}

//! What must be a table and is not.

use rocket::figment::Figment;
use rocket::figment::value::Value;

use super::keys::TABLES;
use super::message::type_name;
use super::place::{path, place};
use super::problem::Problem;

/// Looks for `logto` itself and the tables below it. To be called without our variables: they
/// would replace what is not a table.
pub(super) fn no_tables(figment: &Figment) -> Vec<Problem> {
    [""].into_iter().chain(TABLES).filter_map(|key| no_table(figment, key)).collect()
}

fn no_table(figment: &Figment, key: &str) -> Option<Problem> {
    let path = path(key);
    let value = figment.find_value(&path).ok().filter(|value| !is_table(value))?;
    Some(Problem {
        key: key.to_owned(),
        value: None,
        place: place(figment, key),
        message: format!("is {}", type_name(&value.to_actual())),
        fix: format!("write a table, `[default.{path}]`"),
    })
}

/// Code can also say that there is none.
pub(super) fn is_table(value: &Value) -> bool {
    matches!(value, Value::Dict(..) | Value::Empty(..))
}

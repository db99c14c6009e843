//! The chapter `guide::configuration` has every key, as it is.

use std::collections::BTreeSet;

use figment::error::Kind;
use figment::value::Value;
use figment::{Figment, Profile};

use super::super::keys::{KEYS, is_secret};
use super::{Config, read};

const CHAPTER: &str = include_str!("../../guide/configuration.md");

/// The tables below `logto` that have keys of their own.
const TABLES: [&str; 7] = ["", "sign_in", "routes", "session", "session.redis", "drain", "machine"];

/// What stands in the chapter of one key.
struct Row {
    key: &'static str,
    variables: BTreeSet<&'static str>,
    default: &'static str,
    range: &'static str,
}

fn rows() -> Vec<Row> {
    let row = |line: &'static str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let (key, link) = cells[1].strip_prefix("[`")?.split_once("`](crate::")?;
        let field = link.trim_end_matches(')').rsplit([':', '.']).next();
        assert_eq!(field, key.rsplit('.').next(), "the link of {key}");
        let variables = cells[2].split(", ").filter(|it| !it.is_empty());
        let variables = variables.map(|variable| variable.trim_matches('`')).collect();
        Some(Row { key, variables, default: cells[3].trim_matches('`'), range: cells[4] })
    };
    CHAPTER.lines().filter(|line| line.starts_with("| [")).filter_map(row).collect()
}

/// The keys of a table, which serde names where it meets another one.
fn keys_of(table: &str) -> Vec<String> {
    let full = |key: &str| if table.is_empty() { key.into() } else { format!("{table}.{key}") };
    let figment = Figment::from(("endpoint", "https://foo.logto.app")).merge((full("zzz"), 1));
    match figment.extract::<Config>().expect_err(table).kind {
        Kind::UnknownField(_, known) => known.iter().map(|key| full(key)).collect(),
        other => panic!("{table}: {other}"),
    }
}

/// A configuration that has each table, without the keys that `leaves_out` is.
fn base(leaves_out: &str) -> Figment {
    let given = [
        ("endpoint", "https://foo.logto.app"),
        ("session.redis.url", "redis://localhost"),
        ("machine.app_id", "m2m"),
        ("machine.app_secret", "secret"),
    ];
    let given = given.into_iter().filter(|(key, _)| *key != leaves_out);
    let figment = Figment::new().select(Profile::Default);
    given.fold(figment, |figment, (key, value)| figment.merge((format!("logto.{key}"), value)))
}

fn config(figment: &Figment) -> Config {
    figment.extract_inner("logto").unwrap_or_else(|error| panic!("{error}"))
}

fn set(figment: Figment, key: &str, value: Value) -> Figment {
    figment.merge((format!("logto.{key}"), value))
}

/// All fields, also those of users, which options of a sign-in leave out.
fn debug(config: &Config) -> String {
    let options = &config.sign_in;
    let left_out = [
        ("login_hint", &options.login_hint),
        ("ui_locales", &options.ui_locales),
        ("organization_id", &options.organization_id),
        ("post_redirect_path", &options.post_redirect_path),
    ];
    let left_out = left_out.map(|(name, value)| format!("{name}: {value:?}"));
    format!("{config:?} {}", left_out.join(" "))
}

fn value(text: &str) -> Value {
    text.parse().expect("figment reads everything")
}

#[test]
fn the_reference_has_every_key_and_no_other() {
    let found: BTreeSet<_> = TABLES.iter().flat_map(|table| keys_of(table)).collect();
    let is_table = |key: &String| TABLES.contains(&key.as_str());
    let found: BTreeSet<_> = found.into_iter().filter(|key| !is_table(key)).collect();
    let documented: BTreeSet<_> = rows().iter().map(|row| row.key.to_owned()).collect();
    assert_eq!(documented, found);
    assert_eq!(documented.len(), rows().len(), "each stands there once");
}

#[test]
fn the_reference_has_the_variables_of_each_key() {
    for Row { key, variables, .. } in rows() {
        let names = KEYS.iter().filter(|(_, of, _)| *of == key).map(|(name, _, _)| *name);
        let file = |name: &str| is_secret(key).then(|| format!("LOGTO_{name}_FILE"));
        let expected: BTreeSet<_> =
            names.flat_map(|name| [Some(format!("LOGTO_{name}")), file(name)]).flatten().collect();
        assert_eq!(variables, expected.iter().map(String::as_str).collect(), "{key}");
    }
}

#[test]
fn the_reference_has_the_default_of_each_key() {
    let debug = debug(&config(&base("")));
    for Row { key, default, .. } in rows() {
        let field = key.rsplit('.').next().unwrap_or(key);
        match default {
            "required" => {
                let figment = base(key).merge(("logto.session.store", "redis"));
                let error = read(&figment).expect_err(key).to_string();
                assert!(error.contains(&format!("`logto.{key}`")), "{key}: {error}");
                assert!(error.contains("is missing"), "{key}: {error}");
            }
            "none" => assert!(debug.contains(&format!(" {field}: None")), "{key}: {debug}"),
            default => {
                let figment = set(base(""), key, value(default));
                assert_eq!(config(&figment), config(&base("")), "{key} = {default}");
            }
        }
    }
}

/// Of a key with numbers, the first and the last one are taken, and none beyond.
#[test]
fn the_reference_has_the_range_of_each_number() {
    let mut ranges = 0;
    for Row { key, range, .. } in rows() {
        let Some((least, most)) = range.split_once(", ").and_then(|(_, it)| it.split_once(" to "))
        else {
            continue;
        };
        let numbers = [least.parse::<f64>(), most.parse::<f64>()];
        let [Ok(least), Ok(most)] = numbers else { panic!("{key}: {range}") };
        let is_in_range = |number: f64| {
            let number = match number.fract() == 0.0 && number >= 0.0 {
                true => Value::from(number as u64),
                false => Value::from(number),
            };
            let figment = base("").merge(("logto.session.store", "redis"));
            let read = read(&set(figment, key, number)).err().map(|error| error.to_string());
            read.is_none_or(|error| !error.contains(&format!("`logto.{key}` ")))
        };
        let step = if key.contains("redis") { 0.01 } else { 1.0 };
        assert!(is_in_range(least) && is_in_range(most), "{key}: {range}");
        assert!(!is_in_range(least - step) && !is_in_range(most + step), "{key}: {range}");
        ranges += 1;
    }
    assert!(ranges >= 11, "{ranges}");
}

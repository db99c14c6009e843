//! The chapter `guide::troubleshooting`: nothing is missing, and nothing is obsolete.

use std::collections::BTreeSet;
use std::fs;

use super::kinds::kinds;
use super::messages::Messages;
use super::root;

fn chapter() -> String {
    let file = root().join("logto-rocket/src/guide/troubleshooting.md");
    fs::read_to_string(file).expect("the chapter")
}

/// The rows of all tables whose first column has this name, as their cells.
fn rows<'a>(chapter: &'a str, first: &str) -> Vec<Vec<&'a str>> {
    let head = format!("| {first} |");
    let tables = chapter.split("\n\n").filter(|block| block.starts_with(&head));
    let rows = tables.flat_map(|table| table.lines().skip(2));
    rows.map(|row| row.split(" | ").map(|cell| cell.trim_matches(['|', ' '])).collect()).collect()
}

fn compare(documented: &BTreeSet<String>, found: &BTreeSet<String>) {
    let missing: Vec<_> = found.difference(documented).collect();
    let stale: Vec<_> = documented.difference(found).collect();
    assert!(missing.is_empty() && stale.is_empty(), "missing: {missing:#?}\nstale: {stale:#?}");
}

#[test]
fn every_message_has_an_entry_and_every_entry_a_message() {
    let chapter = chapter();
    let rows = rows(&chapter, "message");
    let quoted = rows.iter().map(|row| {
        let message = row[0].strip_prefix("`` ").and_then(|rest| rest.strip_suffix(" ``"));
        message.unwrap_or_else(|| panic!("{}", row[0])).to_owned()
    });
    let documented: BTreeSet<_> = quoted.collect();
    compare(&documented, &Messages::of_sources().printed);
}

#[test]
fn every_page_has_an_entry_and_every_entry_a_page() {
    let chapter = chapter();
    let rows = rows(&chapter, "page");
    let titles = rows.iter().filter_map(|row| row[0].strip_prefix("**")?.strip_suffix("**"));
    compare(&titles.map(str::to_owned).collect(), &Messages::of_sources().titles);
}

#[test]
fn every_kind_of_error_has_an_entry_with_its_status_and_words() {
    let chapter = chapter();
    let rows = rows(&chapter, "kind");
    let documented = rows.iter().map(|row| {
        let name = row[0].trim_start_matches("[`").split('`').next().expect("a name");
        assert!(row[0].ends_with(&format!("](crate::ErrorKind::{name})")), "{}", row[0]);
        format!("{name}, {}: {}", row[1], row[2].trim_matches('`'))
    });
    let found = kinds().into_iter();
    let found = found.map(|kind| format!("{}, {}: {}", kind.name, kind.status, kind.words));
    compare(&documented.collect(), &found.collect());
}

//! The rows of `rows.txt`: each has its tests, and what these tests say.
//!
//! `cargo test -p logto-tests --test rows` compares the rows with the documentation of all tests.
//! With `-- --ignored --nocapture` it also runs those tests and prints each row, its tests and
//! their results.

mod results;
mod sources;
mod table;

use std::path::Path;

use crate::results::Results;
use crate::sources::Test;
use crate::table::Row;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// What does not match between the rows and the tests.
fn problems(rows: &[Row], tests: &[Test]) -> Vec<String> {
    let mut problems = Vec::new();
    for row in rows {
        let tested = tests.iter().any(|test| test.rows.contains(&row.id));
        match (&row.exception, tested) {
            (None, false) => problems.push(format!("{} has no test", row.id)),
            (Some(reason), true) => problems.push(format!("{} has a test: `{reason}`", row.id)),
            _ => {}
        }
    }
    for test in tests {
        let unknown = test.rows.iter().filter(|id| rows.iter().all(|row| row.id != **id));
        problems.extend(unknown.map(|id| format!("{} names {id}, which is not a row", test.name)));
    }
    problems
}

/// A line for each row and test; the second half says whether all passed.
fn report(rows: &[Row], tests: &[Test], results: &Results) -> (Vec<String>, bool) {
    let (mut lines, mut passed) = (Vec::new(), true);
    for row in rows {
        if let Some(reason) = &row.exception {
            lines.push(format!("{:<6} -  {reason}", row.id));
        }
        for test in tests.iter().filter(|test| test.rows.contains(&row.id)) {
            let result = results.of(test);
            passed &= result == "ok";
            lines.push(format!("{:<6} {} {}  {result}", row.id, test.target, test.name));
        }
    }
    (lines, passed)
}

fn read() -> (Vec<Row>, Vec<Test>) {
    (table::rows(include_str!("rows.txt")), sources::tests(root()))
}

#[test]
fn every_row_has_a_test_and_every_test_knows_its_rows() {
    let (rows, tests) = read();
    assert!(rows.len() > 100 && tests.len() > 100, "the rows or the tests were not found");
    let problems = problems(&rows, &tests);
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
#[ignore = "runs the tests of all rows"]
fn the_tests_of_every_row_pass() {
    let (rows, tests) = read();
    let results = Results::of_running(root(), &tests);
    let (lines, passed) = report(&rows, &tests, &results);
    println!("{}", lines.join("\n"));
    let problems = problems(&rows, &tests);
    assert!(passed && problems.is_empty(), "a row is not shown: {problems:#?}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Target;

    fn test(name: &str, row: &str) -> Test {
        let target = Target { package: "p".to_owned(), binary: Some("flows".to_owned()) };
        Test { target, name: name.to_owned(), rows: vec![row.to_owned()] }
    }

    #[test]
    fn a_row_without_a_test_and_a_test_without_a_row_are_problems() {
        let rows = table::rows("A1 | one\nA2 | two\nA3 | three | later: soon\n");
        let tests = [test("a::one", "A1"), test("a::three", "A3"), test("a::four", "A4")];
        let expected = [
            "A2 has no test",
            "A3 has a test: `later: soon`",
            "a::four names A4, which is not a row",
        ];
        assert_eq!(problems(&rows, &tests), expected);
    }

    #[test]
    fn a_test_that_failed_or_did_not_run_fails_its_row() {
        let rows = table::rows("A1 | one\nA2 | two\nA3 | three\n");
        let tests = [test("a::one", "A1"), test("a::two", "A2"), test("a::three", "A3")];
        let target = tests[0].target.clone();
        let output = "test a::one ... ok\ntest a::two ... FAILED\n";
        let results = Results::parsed(&target, output);
        let (lines, passed) = report(&rows, &tests, &results);
        assert!(!passed);
        let ends: Vec<_> =
            lines.iter().map(|line| line.rsplit("  ").next().unwrap_or("")).collect();
        assert_eq!(ends, ["ok", "FAILED", "not run"]);
        let (_, passed) = report(&rows[..1], &tests[..1], &results);
        assert!(passed);
    }
}

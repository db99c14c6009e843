//! Documents are compared with the sources: the tests that they name exist, and what an
//! application can print or show is in the chapter that explains it.

mod kinds;
mod messages;
mod troubleshooting;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use logto_tests::{TestFunction, test_functions};

/// What a document promises to prove with a test.
const DOCUMENTS: [&str; 4] =
    ["SECURITY.md", "BENCHMARKS.md", "logto-rocket/PARITY.md", "tests/reports.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// The names of all tests in the sources below `folder`.
fn tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && name != "target" && name != "node_modules" {
            tests(&path, found);
        } else if name.ends_with(".rs") {
            let source = fs::read_to_string(&path).expect("a source file");
            let file = name.trim_end_matches(".rs");
            // What is not Rust, like some of the mistakes that must not compile, has no tests.
            for TestFunction { name: test, .. } in test_functions(&source).unwrap_or_default() {
                found.insert(format!("{file}::{test}"));
                found.insert(test);
            }
        }
    }
}

/// Whatever between backquotes looks like the name of a test.
fn named(document: &str) -> impl Iterator<Item = &str> {
    let quoted = document.split('`').skip(1).step_by(2);
    quoted.filter(|text| {
        let name = text.rsplit("::").next().unwrap_or_default();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b':';
        text.bytes().all(plain) && name.matches('_').count() >= 4
    })
}

#[test]
fn every_test_that_a_document_names_is_there() {
    let mut found = BTreeSet::new();
    tests(root(), &mut found);
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = fs::read_to_string(root().join(document)).expect(document);
        assert!(named(&text).count() > 0, "{document} names no test");
        for name in named(&text) {
            let known = match name.strip_prefix("crate::") {
                Some(unit) => unit.rsplit("::").next().is_some_and(|test| found.contains(test)),
                None => found.contains(name),
            };
            if !known {
                missing.push(format!("{document}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

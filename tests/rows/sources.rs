//! The tests of the workspace, and the rows that their documentation names.

use std::fs;
use std::path::Path;

use logto_tests::test_functions;

use crate::table::ids;

/// A test whose documentation names rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test {
    pub(crate) target: Target,
    /// As `cargo test` writes it: `flow::a_sentence`.
    pub(crate) name: String,
    pub(crate) rows: Vec<String>,
}

/// What `cargo test` builds a test into.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    pub(crate) package: String,
    /// The test binary; `None` for the library's unit tests.
    pub(crate) binary: Option<String>,
}

/// The test folders by package, and whether they are the library's.
const FOLDERS: [(&str, &str, bool); 5] = [
    ("logto-rocket", "logto-rocket/src", true),
    ("logto-macros", "logto-macros/src", true),
    ("logto-dev", "logto-dev/src", true),
    ("logto-dev", "logto-dev/tests", false),
    ("logto-tests", "tests", false),
];

/// Every test of the workspace that names rows.
pub(crate) fn tests(root: &Path) -> Vec<Test> {
    let mut found = Vec::new();
    for (package, folder, is_library) in FOLDERS {
        let folder = root.join(folder);
        walk(&folder, &mut |path, source| {
            let inside = path.strip_prefix(&folder).expect("a file of the folder");
            let mut parts = modules(inside);
            let binary = (!is_library).then(|| parts.remove(0));
            let target = Target { package: package.to_owned(), binary };
            found.extend(in_source(&target, &parts, source));
        });
    }
    found
}

fn walk(folder: &Path, take: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            walk(&path, take);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            take(&path, &fs::read_to_string(&path).expect("a source file"));
        }
    }
}

/// `session/cookie.rs` is `session`, `cookie`; `flows/main.rs` is `flows`.
fn modules(file: &Path) -> Vec<String> {
    let path = file.with_extension("");
    let parts = path.iter().filter_map(|part| part.to_str());
    parts.filter(|part| !["main", "lib", "mod"].contains(part)).map(str::to_owned).collect()
}

/// The tests in a source that name rows. What is not Rust has no tests.
fn in_source(target: &Target, modules: &[String], source: &str) -> Vec<Test> {
    let tests = test_functions(source).unwrap_or_default().into_iter().map(|test| {
        let name = [modules, &test.modules, &[test.name]].concat().join("::");
        let rows = ids(&test.documentation).map(str::to_owned).collect();
        Test { target: target.clone(), name, rows }
    });
    tests.filter(|test| !test.rows.is_empty()).collect()
}

#[test]
fn a_test_is_found_by_its_documentation_with_its_whole_name() {
    let source = "/// A1 and\n/// S2: why.\n#[rocket::async_test]\nasync fn first() {}\n\n\
                  /// A3: no test.\nfn helper() {}\n\nmod tests {\n    /// T4.\n    #[test]\n    \
                  fn second() {}\n\n    /// None.\n    #[test]\n    fn third() {}\n}\n";
    let target = Target { package: "p".to_owned(), binary: Some("flows".to_owned()) };
    let found = in_source(&target, &["callback".to_owned()], source);
    let names: Vec<_> = found.iter().map(|test| test.name.as_str()).collect();
    assert_eq!(names, ["callback::first", "callback::tests::second"]);
    assert_eq!(
        (&found[0].rows[..], &found[1].rows[..]),
        (&["A1".to_owned(), "S2".to_owned()][..], &["T4".to_owned()][..])
    );
}

#[test]
fn modules_follow_from_the_place_of_a_file() {
    assert_eq!(modules(Path::new("session/cookie.rs")), ["session", "cookie"]);
    assert_eq!(modules(Path::new("flows/main.rs")), ["flows"]);
    assert_eq!(modules(Path::new("logs.rs")), ["logs"]);
}

//! How the sources of `logto-rocket` compare what must not be guessed, and where they do what
//! must be done in only one way.

use std::path::Path;
use std::sync::LazyLock;

use logto_tests::{Source, TEST};

/// Names of values whose comparison must not reveal how far it went.
const SECRETS: [&str; 7] =
    ["state", "nonce", "nonce_hash", "at_hash", "pkce_verifier", "verifier", "secret"];

/// Accessors, which do not change what is compared.
const READINGS: [&str; 6] =
    [".as_str", ".as_bytes", ".as_deref", ".clone", ".to_owned", ".unwrap_or_default"];

/// Files that compare them, and in which functions.
const COMPARISONS: [(&str, &str); 5] = [
    ("tokens/refresh.rs", "fn same("),
    ("transaction.rs", "fn find("),
    ("sign_in/callback.rs", "fn code("),
    ("client/id_token/checks.rs", "fn check_nonce("),
    ("client/id_token/checks.rs", "fn check_at_hash("),
];

/// What only one file does.
const PLACES: [(&str, &str); 5] = [
    ("Header::new(\"Location\"", "location.rs"),
    ("Cookie::build(", "seal.rs"),
    (".open_in_place(", "seal.rs"),
    ("adjoin_header(cookie)", "fairing/response.rs"),
    ("Callback::parse(", "sign_in.rs"),
];

/// What is compiled into applications: neither tests nor what only the fuzz targets call.
static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../logto-rocket/src");
    Source::of_crate(&folder, &[TEST, "feature = \"__internal\""])
});

fn source(file: &str) -> &str {
    let found = SOURCES.iter().find(|source| source.file == Path::new(file));
    &found.unwrap_or_else(|| panic!("{file} is gone")).code
}

/// Whether a line compares one of the secrets with `==` or `!=`.
fn compares(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let code = [".eq(", ".ne(", ".eq_ignore_ascii_case("]
        .iter()
        .fold(code.to_owned(), |code, way| code.replace(way, " == "));
    let sides: Vec<_> = code.split("==").flat_map(|half| half.split("!=")).collect();
    sides.len() > 1
        && sides.windows(2).any(|two| is_secret(two[0], true) || is_secret(two[1], false))
}

/// Whether the operand at the end or the beginning of `text` is one of the secrets.
fn is_secret(text: &str, at_end: bool) -> bool {
    let separators = |c: char| " &|(!{,".contains(c);
    let operand = match at_end {
        true => text.trim_end().trim_end_matches("()").rsplit(separators).next(),
        false => {
            text.trim_start().split(|c: char| " &|){,;".contains(c)).find(|part| !part.is_empty())
        }
    };
    // `state.as_str()` is the state.
    let operand = operand.unwrap_or_default().split('(').next().unwrap_or_default();
    let operand = READINGS.iter().fold(operand, |text, way| text.trim_end_matches(way));
    SECRETS.contains(&operand.rsplit('.').next().unwrap_or_default())
}

/// H10: never with `==`, whose timing reveals how much was right.
#[test]
fn no_secret_is_compared_with_an_operator() {
    let mut wrong = Vec::new();
    for Source { file, code, .. } in &*SOURCES {
        let found = code.lines().filter(|line| compares(line));
        wrong.extend(found.map(|line| format!("{}: {}", file.display(), line.trim())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for line in [
        "if given == state {",
        "self.nonce != other",
        "x && secret==y",
        "a == self.secret {",
        "if token.secret() == other",
        "state.as_str() == given",
        "a == state.as_deref()",
        "if given.eq(&state) {",
        "a != *self.nonce",
    ] {
        assert!(compares(line), "{line}");
    }
    assert!(!compares("let state = 1; a == b") && !compares("status == 3 // state == 1"));
}

/// H10: but in constant time.
#[test]
fn secrets_are_compared_in_constant_time() {
    for (file, function) in COMPARISONS {
        let text = source(file);
        let (_, rest) = text.split_once(function).unwrap_or_else(|| panic!("{function} in {file}"));
        let body = rest.split("\n    }\n").next().unwrap_or_default();
        assert!(body.contains("same_secret("), "{function} in {file}");
    }
    let seal = source("seal.rs");
    assert!(seal.contains("constant_time::verify_slices_are_equal(a, b)"));
}

#[test]
fn what_must_be_done_in_one_way_is_done_in_one_place() {
    let having = |text: &str| {
        // Examples in the documentation belong to applications.
        let is = |line: &str| line.contains(text) && !line.trim_start().starts_with("//");
        let having = SOURCES.iter().filter(|source| source.code.lines().any(is));
        having.map(|source| source.file.as_path()).collect::<Vec<_>>()
    };
    for (code, place) in PLACES {
        assert_eq!(having(code), [Path::new(place)], "{code} is for {place} only");
    }
    for way in ["Cookie::new(", "Cookie::from(", "Redirect::see_other", "Redirect::found"] {
        assert!(having(way).is_empty(), "{way} in {:?}", having(way));
    }
}

//! The reader itself, on small sources.

use std::path::PathBuf;

use logto_tests::{Source, TEST, without};

use crate::arrows::Arrows;
use crate::table::Layers;

const LAYERS: &str = "\n### Layers of `c`\n| 0 | `error` |\n| 1 | `session::record` |\n\
                      | 2 | `session` |\n| 3 | `guard` `answer` |\n| 4 | `fairing` |\n";

/// What the test says about a crate with only these files.
fn wrong(files: &[(&str, &str)]) -> Vec<String> {
    let known = ["", "error", "session", "session::record", "guard", "answer", "fairing"];
    let empty = known.iter().map(|module| (*module, ""));
    let empty = empty.filter(|(module, _)| files.iter().all(|(named, _)| named != module));
    let source = |(module, text): (&str, &str)| Source {
        module: module.to_owned(),
        file: PathBuf::new(),
        code: without(text, &[TEST]),
    };
    let sources: Vec<_> = empty.chain(files.iter().copied()).map(source).collect();
    Arrows::of(&sources).wrong(&Layers::of(LAYERS, "c"))
}

/// What the test says about `session`, if this is its file.
fn wrong_in_session(text: &str) -> Vec<String> {
    wrong(&[("session", text)])
}

#[test]
fn an_arrow_that_points_up_is_wrong_and_names_both_ends() {
    let expected = ["guard must not import fairing (crate::fairing::Fairing in guard)"];
    assert_eq!(wrong(&[("guard", "use crate::fairing::Fairing;")]), expected);
}

#[test]
fn modules_of_one_layer_know_nothing_of_each_other() {
    let expected = ["guard must not import answer (crate::answer in guard)"];
    assert_eq!(wrong(&[("guard", "use crate::answer;")]), expected);
}

#[test]
fn an_arrow_that_points_down_is_right_in_every_form() {
    let text = "use crate::error::{self, Error}; use self::record::Record; mod record;
                fn f() -> error::Result<record::Record> { crate::error::f!() }";
    assert_eq!(wrong_in_session(text), [""; 0]);
}

#[test]
fn an_arrow_is_seen_however_it_is_written() {
    for (module, text) in [
        ("session", "use crate::guard;"),
        ("session", "use crate::{error::{self, Error}, guard::{a::{B, c}, *}};"),
        ("session", "use super::guard::Guard;"),
        ("session", "use self::super::guard::Guard;"),
        ("session", "pub(crate) use crate::guard::Guard as Other;"),
        ("session", "pub(in crate::error) use crate::guard::*;"),
        ("session", "fn f() { use crate::guard::Guard; }"),
        ("session", "mod inner { use super::super::guard::Guard; }"),
        ("session", "mod inner { fn f() { super::super::guard::f() } }"),
        ("session::opened", "use super::super::guard::Guard;"),
        ("session", "fn f(_: &crate::guard::Guard<'_>) {}"),
        ("session", "impl From<Vec<super::guard::Guard>> for S {}"),
        ("session", "fn f() { if let crate::guard::Guard::A { .. } = g {} }"),
        ("session", "fn f() { <crate::guard::Guard as A>::f(); }"),
        ("session", "fn f() { println!(\"{}\", crate::guard::NAME); }"),
        ("session", "fn f() { crate::guard::f!(); }"),
        ("session", "macro_rules! m { ($a:ident) => { $crate::guard::$a() } }"),
        ("session", "macro_rules! m { () => { use crate::guard::Guard; } }"),
        ("session", "#[derive(crate::guard::Derive)] struct S;"),
        ("session", "struct S { #[serde(default, with = \"crate::guard::read\")] a: u8 }"),
    ] {
        let wrong = wrong(&[(module, text)]);
        let right = |line: &String| line.starts_with("session must not import guard (");
        assert!(!wrong.is_empty() && wrong.iter().all(right), "{text}: {wrong:?}");
    }
}

#[test]
fn a_module_that_an_import_names_leads_to_what_is_in_it() {
    let record = "use crate::session; fn f() { session::f(session::record::g()) }";
    let expected = [
        "session::record must not import session (crate::session in session::record)",
        "session::record must not import session (session::f in session::record)",
    ];
    assert_eq!(wrong(&[("session::record", record)]), expected);
    let error = "use crate::session::record as r; fn f() { r::g() }";
    assert_eq!(wrong(&[("error", error)]).len(), 2);
}

#[test]
fn what_the_root_has_from_a_module_is_that_module_s() {
    let root = "mod guard; pub use self::guard::Guard; pub use other::Macro;";
    let files = [("", root), ("session", "fn f(_: crate::Guard) { crate::Macro::f() }")];
    assert_eq!(wrong(&files), ["session must not import guard (crate::Guard in session)"]);
    let unknown = wrong_in_session("fn f(_: crate::Guard) {}");
    assert_eq!(unknown, ["session names Guard, which is in no layer"]);
}

#[test]
fn the_whole_crate_is_above_every_module() {
    for text in ["use crate::*;", "use super::*;", "use crate as all;", "use super::{self as all};"]
    {
        let expected = "session must not import the whole crate";
        assert_eq!(wrong_in_session(text), [expected], "{text}");
    }
}

#[test]
fn what_only_looks_like_a_path_is_ignored() {
    for text in [
        "// use crate::guard;\n/* crate::guard::f() */ /// [`crate::guard::Guard`]\nstruct S;",
        "const A: &str = \"use crate::guard::Guard;\";",
        "const A: &str = r#\"crate::guard::f()\"#;",
        "#[doc = \"crate::guard::Guard\"] struct S;",
        "pub(in crate::guard) fn f() {}",
        "fn f(guard: ::guard::Guard) { Vec::<u8>::guard::f(guard.guard) }",
        "use ::guard::Guard; use std::guard; fn f() { guard::f() }",
        "fn f(guard: Guard) -> impl A + use<'_> { guard.f() + guard::f() }",
    ] {
        assert_eq!(wrong_in_session(text), [""; 0], "{text}");
    }
}

#[test]
fn tests_may_import_what_they_like() {
    for text in [
        "#[cfg(test)] mod tests { use crate::guard::Guard; }",
        "#[cfg(test)]\npub(crate) mod tests {\n    use crate::guard::Guard;\n}",
        "#[cfg(all(test, unix))] mod others { fn f() { crate::guard::f() } }",
        "#[cfg(test)] use crate::guard::Guard;",
        "impl S { #[cfg(test)] fn f() { crate::guard::f() } }",
    ] {
        assert_eq!(wrong_in_session(text), [""; 0], "{text}");
    }
}

#[test]
fn code_below_or_called_tests_is_code() {
    for text in [
        "#[cfg(test)]\nmod tests {\n}\nuse crate::guard::Guard;",
        "mod tests { use crate::guard::Guard; }",
        "#[cfg(not(test))] use crate::guard::Guard;",
        "#[cfg(any(test, feature = \"f\"))] use crate::guard::Guard;",
    ] {
        assert_eq!(wrong_in_session(text).len(), 1, "{text}");
    }
}

#[test]
fn a_module_needs_a_place_and_a_place_needs_a_module() {
    assert_eq!(wrong(&[("new", "")]), ["new has no layer"]);
    assert_eq!(wrong(&[("session::opened", "")]), [""; 0]);
    let layers = Layers::of("\n### Layers of `c`\n| 0 | `error` |\n", "c");
    assert_eq!(Arrows::of(&[]).wrong(&layers), ["error has no file"]);
}

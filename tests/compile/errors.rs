//! A user's own mistake in a protected handler is reported as in a plain one.
//!
//! Each file of `mistakes/` is compiled twice, with the attribute and without, and must give
//! the same errors and warnings: their texts, labels, notes and places.

mod compiler;
mod plain;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{fs, thread};

use serde_json::Value;

use crate::compiler::{Compiler, Edition, messages};
use crate::plain::without_the_attribute;

/// A mistake that is reported differently: how many diagnostics the attribute adds and removes.
struct Exception {
    mistake: &'static str,
    added: usize,
    removed: usize,
    #[expect(dead_code, reason = "for the reader")]
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        mistake: "missing-lifetime",
        added: 1,
        removed: 0,
        reason: "the hidden route has the same signature, so it misses the same lifetime",
    },
    Exception {
        mistake: "generic-handler",
        added: 2,
        removed: 1,
        reason: "neither the hidden route nor its call of the handler can infer the type",
    },
    Exception {
        mistake: "forbidden-warnings",
        added: 1,
        removed: 0,
        reason: "the hidden route allows what was already reported of the handler",
    },
    Exception {
        mistake: "never-returns",
        added: 1,
        removed: 1,
        reason: "the same warning; its second label is on the name and not on the type",
    },
    Exception {
        mistake: "same-name-twice",
        added: 0,
        removed: 3,
        reason: "fewer of the errors that follow from the first",
    },
    Exception {
        mistake: "missing-semicolon",
        added: 0,
        removed: 1,
        reason: "Rocket's error about the body, beside the compiler's own, is not there",
    },
    Exception {
        mistake: "unfinished-body",
        added: 1,
        removed: 1,
        reason: "as above; the compiler goes on to check types",
    },
];

#[test]
fn a_mistake_is_reported_as_without_the_attribute() {
    let compiler = Compiler::of_test("errors");
    let mistakes = Mutex::new(mistakes());
    let count = mistakes.lock().expect("a list").len();
    let failures = Mutex::new(Vec::new());
    let take = || mistakes.lock().expect("a list").pop();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, Into::into) {
            scope.spawn(|| {
                while let Some(path) = take() {
                    if let Err(failure) = compare(&compiler, &path) {
                        failures.lock().expect("a list").push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("a list");
    println!("{count} mistakes, {} exceptions", EXCEPTIONS.len());
    assert!(failures.is_empty(), "{} differ:\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 20, "only {count} mistakes");
}

#[test]
fn where_logto_rocket_has_another_name_one_error_asks_for_it() {
    let mut compiler = Compiler::of_test("errors");
    for library in &mut compiler.externs {
        *library = library.replace("logto_rocket=", "auth=");
    }
    let code = |arguments| {
        format!(
            "#[auth::authenticated{arguments}]\n#[rocket::get(\"/\")]\nfn page(_u: &auth::User) \
             {{}}\nfn main() {{\n    let _ = rocket::routes![page];\n}}\n"
        )
    };
    let found = diagnostics(&compiler, "renamed", "unknown", &code(""));
    let message = "error: this crate does not know `logto_rocket` by that name; say where it is: \
                   `#[authenticated(crate = path::to::logto_rocket)]`";
    let found: Vec<_> = found.into_iter().map(|text| text.replace('"', "")).collect();
    assert!(found.len() == 1 && found[0].starts_with(message), "{found:?}");
    assert_eq!(diagnostics(&compiler, "renamed", "known", &code("(crate = auth)")).len(), 0);
}

#[test]
fn no_mistake_is_reported_with_more_than_one_extra_error() {
    for Exception { mistake, added, removed, .. } in EXCEPTIONS {
        assert!(*added <= removed + 1, "{mistake}");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("compile/mistakes");
        assert!(path.join(mistake).with_extension("rs").is_file(), "{mistake} is gone");
    }
}

fn mistakes() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("compile/mistakes");
    let files =
        fs::read_dir(folder).expect("the mistakes").map(|file| file.expect("a file").path());
    files.filter(|path| path.extension() == Some(OsStr::new("rs"))).collect()
}

fn compare(compiler: &Compiler, path: &Path) -> Result<(), String> {
    let name = path.file_stem().and_then(OsStr::to_str).expect("a name");
    let protected = fs::read_to_string(path).expect("a file");
    let plain = without_the_attribute(&protected);
    assert_ne!(protected, plain, "{name} has no attribute");

    let plain = diagnostics(compiler, "plain", name, &plain);
    let protected = diagnostics(compiler, "protected", name, &protected);
    let added: Vec<_> = protected.difference(&plain).map(String::as_str).collect();
    let removed: Vec<_> = plain.difference(&protected).map(String::as_str).collect();
    let exception = EXCEPTIONS.iter().find(|exception| exception.mistake == name);
    let expected = exception.map_or((0, 0), |exception| (exception.added, exception.removed));
    if (added.len(), removed.len()) == expected {
        return Ok(());
    }
    let (added, removed) = (added.join("\n"), removed.join("\n"));
    Err(format!("== {name}\n-- only protected:\n{added}\n-- only plain:\n{removed}\n"))
}

fn diagnostics(compiler: &Compiler, variant: &str, name: &str, code: &str) -> BTreeSet<String> {
    let file = format!("{name}.rs");
    let output = compiler
        .rustc(Edition("2024"), variant, &file, code)
        .args(["--emit=metadata", "--error-format=json", "-Aunused_imports"])
        .output()
        .expect("rustc runs");
    let source = Source::new(&file, code);
    let all: Vec<_> = messages(&output.stderr).filter_map(|m| source.described(&m)).collect();
    // A second error with the same text in the same place counts.
    let nth = |at: usize| all[..at].iter().filter(|other| *other == &all[at]).count();
    (0..all.len()).map(|at| format!("{}#{}", all[at], nth(at) + 1)).collect()
}

/// The file that diagnostics are about.
struct Source<'a> {
    file: &'a str,
    lines: Vec<&'a str>,
}

impl<'a> Source<'a> {
    fn new(file: &'a str, code: &'a str) -> Self {
        Self { file, lines: code.lines().collect() }
    }

    /// A diagnostic as one text, without what names a macro.
    fn described(&self, message: &Value) -> Option<String> {
        let text = message["message"].as_str()?;
        let spans = message["spans"].as_array()?;
        let is_summary = spans.is_empty() && message["code"].is_null();
        if is_summary {
            return None;
        }
        let children = message["children"].as_array()?.iter().filter_map(|child| {
            let text = child["message"].as_str()?;
            let of_macros = text.starts_with("this ") && text.contains("originates in");
            let of_files = text.contains("the full name for the type has been written to");
            // Reported once in a compilation, with the first of its kind.
            let of_lints = text.starts_with("`#[warn(") && text.contains("on by default");
            let spans = self.places(&child["spans"]);
            (!of_macros && !of_files && !of_lints)
                .then(|| format!("\n  {}: {text} {spans}", child["level"]))
        });
        let children: String = children.collect();
        Some(format!("{}: {text} {}{children}", message["level"], self.places(&message["spans"])))
    }

    /// Where spans are in the user's file, and what their labels say.
    fn places(&self, spans: &Value) -> String {
        let mut places: Vec<_> =
            spans.as_array().into_iter().flatten().map(|span| self.place(span)).collect();
        places.sort_unstable();
        places.join(" ")
    }

    fn place(&self, span: &Value) -> String {
        let mut root = span;
        while root["file_name"] != self.file && !root["expansion"].is_null() {
            root = &root["expansion"]["span"];
        }
        let at = |key: &str| root[key].as_u64().unwrap_or_default();
        let line = at("line_start");
        let place = match self.is_attribute(line, at("column_start"), at("column_end")) {
            true => "the attribute".to_owned(),
            false => format!("{line}:{}-{}", at("column_start"), at("column_end")),
        };
        let label = span["label"].as_str().unwrap_or_default();
        let primary = if span["is_primary"] == true { "^" } else { "-" };
        format!("[{primary}{place} {label}]")
    }

    /// Whether the columns are a whole attribute: what plain Rocket says of its route attribute is
    /// said of `#[authenticated]` too, which stands for both.
    fn is_attribute(&self, line: u64, start: u64, end: u64) -> bool {
        let line = usize::try_from(line).ok().and_then(|line| self.lines.get(line.checked_sub(1)?));
        let text = line.map_or("", |line| line.trim());
        let is_route = text.starts_with("#[") && text.ends_with(']');
        is_route && end == start + text.len() as u64
    }
}

//! The titles of all pages, as they stand in the sources: none goes unvisited.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Expr, ExprCall, ExprLit, Lit, Local, Pat};

type Titles = BTreeSet<String>;

/// Those of logto-rocket: its chapter on troubleshooting has them, as the tests of documents
/// make sure.
pub(crate) fn of_library() -> Titles {
    let chapter = read(&root().join("logto-rocket/src/guide/troubleshooting.md"));
    let titles = chapter.lines().filter_map(|line| line.strip_prefix("| **")?.split("** |").next());
    // The answer to HEAD, which nobody sees.
    titles.filter(|title| *title != "Sign in").map(|title| format!("{title} · Shop")).collect()
}

/// Those of logto-dev.
pub(crate) fn of_provider() -> Titles {
    let titles = of(&root().join("logto-dev/src"));
    titles.iter().map(|title| format!("{title} · development provider")).collect()
}

/// Those of an example, in Rust, HTML and templates.
pub(crate) fn of_example(name: &str) -> Titles {
    of(&root().join("examples").join(name))
}

/// The names of all examples.
pub(crate) fn examples() -> Vec<String> {
    let entries = fs::read_dir(root().join("examples")).expect("the examples");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let folders = paths.filter(|path| path.is_dir());
    folders.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect()
}

/// The titles that nobody has seen, by themselves or with the name of the site behind them.
pub(crate) fn unseen(titles: Titles, seen: &Titles) -> Titles {
    let is_seen = |title: &String| {
        let with_site = format!("{title} · ");
        seen.iter().any(|seen| seen == title || seen.starts_with(&with_site))
    };
    titles.into_iter().filter(|title| !is_seen(title)).collect()
}

fn of(folder: &Path) -> Titles {
    let mut found = Found::default();
    read_folder(folder, &mut found);
    found.0
}

fn read_folder(folder: &Path, found: &mut Found) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let extension = path.extension().and_then(|it| it.to_str()).unwrap_or_default();
        let stem = path.file_stem().and_then(|it| it.to_str()).unwrap_or_default();
        match extension {
            _ if matches!(stem, "tests" | "target") => {}
            _ if path.is_dir() => read_folder(&path, found),
            "rs" => {
                let text = read(&path);
                found.visit_file(&syn::parse_file(&text).expect("Rust"));
                found.add_between(&text, "<title>", "</title>");
            }
            "html" => found.add_between(&read(&path), "<title>", "</title>"),
            "tera" => found.add_between(&read(&path), "{% block title %}", "{% endblock %}"),
            _ => {}
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Texts that a page is made with: the first one of a call of `page` or `notice`, and those that
/// a variable called `title` may have.
#[derive(Default)]
struct Found(Titles);

impl Found {
    fn add_between(&mut self, text: &str, before: &str, after: &str) {
        let title = text.split_once(before).and_then(|(_, rest)| rest.split_once(after));
        let title = title.map(|(title, _)| title.to_owned());
        // A frame of many pages is given theirs.
        self.0.extend(title.filter(|title| !title.is_empty() && !title.contains('{')));
    }
}

impl<'ast> Visit<'ast> for Found {
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let Expr::Path(function) = &*call.func
            && let Some(last) = function.path.segments.last()
            && (last.ident == "page" || last.ident == "notice")
        {
            self.0.extend(call.args.iter().find_map(text));
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_local(&mut self, local: &'ast Local) {
        if let Some(init) = &local.init
            && let Expr::Match(init) = &*init.expr
            && is_title(&local.pat)
        {
            self.0.extend(init.arms.iter().filter_map(|arm| first_text(&arm.body)));
        }
        visit::visit_local(self, local);
    }
}

fn is_title(pattern: &Pat) -> bool {
    match pattern {
        Pat::Ident(name) => name.ident == "title",
        Pat::Tuple(all) => all.elems.first().is_some_and(is_title),
        _ => false,
    }
}

/// A text, or the first one of a pair, in whatever block it stands.
fn first_text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Tuple(pair) => text(pair.elems.first()?),
        Expr::Block(block) => match block.block.stmts.last()? {
            syn::Stmt::Expr(last, None) => first_text(last),
            _ => None,
        },
        other => text(other),
    }
}

fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
        _ => None,
    }
}

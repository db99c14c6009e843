//! The paths named in a source.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};
use syn::{Ident, ItemUse, LitStr, Path, UseTree};

/// A path as it is written.
#[derive(Debug, PartialEq)]
pub(crate) struct Named {
    /// The modules of its file that it is in.
    pub(crate) inside: Vec<String>,
    pub(crate) path: Vec<String>,
    /// What the source calls it from here on, if it is an import.
    pub(crate) import: Option<String>,
}

/// The paths in the code of a file: its imports, and whatever it names with more than one word,
/// even in a macro or in a string that is an attribute for Serde.
///
/// # Panics
///
/// If the code is not Rust, or an import is not one: nothing may go unread.
pub(crate) fn paths(code: &str) -> Vec<Named> {
    let mut found = Vec::new();
    read(code.parse().expect("Rust"), &[], &mut found);
    found
}

fn read(tokens: TokenStream, inside: &[String], found: &mut Vec<Named>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut rest = &tokens[..];
    while let Some((first, after)) = rest.split_first() {
        let TokenTree::Ident(word) = first else {
            if let TokenTree::Group(group) = first {
                read(group.stream(), inside, found);
            }
            // Two colons without a word before them begin the path of another crate, or continue
            // after a type.
            rest = match after_colons(rest) {
                Some((word, after)) => path(word, after).1,
                None => after,
            };
            continue;
        };
        rest = match (word.to_string().as_str(), after) {
            // `impl Trait + use<'a>` imports nothing.
            ("use", [TokenTree::Punct(sign), ..]) if sign.as_char() == '<' => after,
            ("use", _) => imports(rest, inside, found),
            ("mod", [TokenTree::Ident(name), TokenTree::Group(body), after @ ..]) => {
                read(body.stream(), &[inside, &[name.to_string()]].concat(), found);
                after
            }
            // `pub(in crate::a)` takes nothing from there.
            ("pub", [TokenTree::Group(place), after @ ..])
                if place.delimiter() == Delimiter::Parenthesis =>
            {
                after
            }
            ("serde", [TokenTree::Group(arguments), after @ ..]) => {
                strings(arguments.stream(), inside, found);
                after
            }
            _ => {
                let (path, after) = path(word, after);
                if path.len() > 1 {
                    found.push(Named { inside: inside.to_vec(), path, import: None });
                }
                after
            }
        };
    }
}

/// A path that begins with `first`, and what comes after it.
fn path<'t>(first: &Ident, mut rest: &'t [TokenTree]) -> (Vec<String>, &'t [TokenTree]) {
    let mut path = vec![first.to_string()];
    while let Some((word, after)) = after_colons(rest) {
        path.push(word.to_string());
        rest = after;
    }
    (path, rest)
}

/// The word after `::`, and what comes after it.
fn after_colons(tokens: &[TokenTree]) -> Option<(&Ident, &[TokenTree])> {
    let [TokenTree::Punct(one), TokenTree::Punct(two), TokenTree::Ident(word), rest @ ..] = tokens
    else {
        return None;
    };
    let colons = one.as_char() == ':' && one.spacing() == Spacing::Joint && two.as_char() == ':';
    colons.then_some((word, rest))
}

/// Reads an import at the beginning of `tokens`, and returns what comes after it.
fn imports<'t>(
    tokens: &'t [TokenTree],
    inside: &[String],
    found: &mut Vec<Named>,
) -> &'t [TokenTree] {
    let is_end =
        |token: &TokenTree| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ';');
    let end = tokens.iter().position(is_end).expect("the end of an import");
    let (import, rest) = tokens.split_at(end + 1);
    let import: ItemUse = syn::parse2(import.iter().cloned().collect()).expect("an import");
    if import.leading_colon.is_none() {
        leaves(&import.tree, &[], &mut |path, name| {
            let (inside, import) = (inside.to_vec(), Some(name));
            found.push(Named { inside, path, import });
        });
    }
    rest
}

/// Yields each path of an import, and what it is called from there on.
fn leaves(tree: &UseTree, before: &[String], take: &mut impl FnMut(Vec<String>, String)) {
    let path = |name: &Ident| match name == "self" && !before.is_empty() {
        true => before.to_vec(),
        false => [before, &[name.to_string()]].concat(),
    };
    match tree {
        UseTree::Path(tree) => leaves(&tree.tree, &path(&tree.ident), take),
        UseTree::Name(tree) => {
            let path = path(&tree.ident);
            let name = path.last().cloned().unwrap_or_default();
            take(path, name);
        }
        UseTree::Rename(tree) => take(path(&tree.ident), tree.rename.to_string()),
        UseTree::Glob(_) => take(before.to_vec(), "*".to_owned()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, before, take)),
    }
}

/// Reads the strings that are paths: `deserialize_with = "crate::texts"`.
fn strings(tokens: TokenStream, inside: &[String], found: &mut Vec<Named>) {
    for token in tokens {
        let text = syn::parse2::<LitStr>(token.into()).ok();
        let Some(path) = text.and_then(|text| text.parse_with(Path::parse_mod_style).ok()) else {
            continue;
        };
        let path: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if path.len() > 1 {
            found.push(Named { inside: inside.to_vec(), path, import: None });
        }
    }
}

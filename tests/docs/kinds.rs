//! The kinds of errors, from the source.

use std::fs;

use super::root;

/// A kind of error.
pub(crate) struct Kind {
    pub(crate) name: String,
    /// The status of its answer.
    pub(crate) status: u16,
    /// What the log says about it.
    pub(crate) words: String,
}

/// The kinds of errors, by the functions that have an arm for each.
pub(crate) fn kinds() -> Vec<Kind> {
    let file = root().join("logto-rocket/src/error/kind.rs");
    let text = fs::read_to_string(file).expect("it is there");
    let (_, rest) = text.split_once("pub fn status(self)").expect("the statuses");
    let (statuses, words) = rest.split_once("fn as_str(self)").expect("the words");
    let variants = syn::parse_file(&text).expect("Rust").items.into_iter().find_map(|item| {
        let syn::Item::Enum(of) = item else { return None };
        (of.ident == "ErrorKind").then_some(of.variants)
    });
    let names = variants.expect("the kinds").into_iter().map(|variant| variant.ident.to_string());
    let kind = |name: String| {
        let status = after(statuses, &name).split_once("Status::").expect("a status").1;
        let status = status.split(|c: char| !c.is_alphabetic()).next();
        let said = after(words, &name).split('"').nth(1).expect("words").to_owned();
        Kind { status: code(status.expect("a status")), words: said, name }
    };
    names.map(kind).collect()
}

/// What comes after `Self::name` in `arms`.
fn after<'a>(arms: &'a str, name: &str) -> &'a str {
    let arm = format!("Self::{name}");
    let found = arms.match_indices(&arm).map(|(at, _)| &arms[at + arm.len()..]);
    let whole = |rest: &&str| !rest.starts_with(char::is_alphanumeric);
    found.into_iter().find(whole).unwrap_or_else(|| panic!("{arm}"))
}

fn code(status: &str) -> u16 {
    match status {
        "BadRequest" => 400,
        "Unauthorized" => 401,
        "Forbidden" => 403,
        "NotFound" => 404,
        "InternalServerError" => 500,
        "BadGateway" => 502,
        "ServiceUnavailable" => 503,
        other => panic!("another status: {other}"),
    }
}

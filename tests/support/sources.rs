//! The sources of a crate, as the compiler reads them: by their `mod` items, and without
//! what it leaves out.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, Meta, Stmt, Token, TraitItem};

/// What a `cfg` names that no application has.
pub const TEST: &str = "test";

/// A file of a crate.
#[derive(Debug)]
pub struct Source {
    /// The module: `session::cookie`, and nothing for `lib.rs`.
    pub module: String,
    /// The file, relative to the folder of `lib.rs`.
    pub file: PathBuf,
    /// Its contents, without the items that are left out.
    pub code: String,
}

impl Source {
    /// Reads a crate from the folder of its `lib.rs`, without what only a `cfg` of `absent` adds,
    /// such as [`TEST`] or `feature = "slow"`.
    ///
    /// # Panics
    ///
    /// If a file is missing or is not Rust: nothing may go unread.
    pub fn of_crate(folder: &Path, absent: &[&str]) -> Vec<Self> {
        let (mut found, mut modules) = (Vec::new(), vec![Vec::new()]);
        while let Some(module) = modules.pop() {
            let file = match module.is_empty() {
                true => PathBuf::from("lib.rs"),
                false => module.iter().collect::<PathBuf>().with_extension("rs"),
            };
            let text = fs::read_to_string(folder.join(&file));
            let text = text.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let parts = Parts::of(&text, absent);
            modules.extend(parts.modules.iter().map(|inner| [&module[..], inner].concat()));
            found.push(Self { module: module.join("::"), file, code: parts.code(&text) });
        }
        found
    }
}

/// The source `text` without the items and statements that only a `cfg` of `absent` adds.
///
/// # Panics
///
/// If it is not Rust.
pub fn without(text: &str, absent: &[&str]) -> String {
    Parts::of(text, absent).code(text)
}

/// What to leave out of a file, and the files that the rest of it refers to.
struct Parts<'a> {
    absent: &'a [&'a str],
    left_out: Vec<Range<usize>>,
    modules: Vec<Vec<String>>,
    /// The modules with a body around what is being read.
    around: Vec<String>,
}

impl<'a> Parts<'a> {
    fn of(text: &str, absent: &'a [&'a str]) -> Self {
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
        let (left_out, modules, around) = (Vec::new(), Vec::new(), Vec::new());
        let mut parts = Self { absent, left_out, modules, around };
        parts.visit_file(&file);
        parts
    }

    fn code(&self, text: &str) -> String {
        let mut code = text.to_owned();
        for range in self.left_out.iter().rev() {
            code.replace_range(range.clone(), "");
        }
        code
    }

    /// Whether `node` is left out, which is then recorded.
    fn leaves_out(&mut self, node: &(impl ToTokens + Spanned)) -> bool {
        let cfgs =
            attributes(node).into_iter().filter(|attribute| attribute.path().is_ident("cfg"));
        let out = cfgs.filter_map(|cfg| cfg.parse_args().ok()).any(|cfg| self.is_absent(&cfg));
        if out {
            self.left_out.push(node.span().byte_range());
        }
        out
    }

    /// Whether a predicate can hold only with something of `absent`.
    fn is_absent(&self, cfg: &Meta) -> bool {
        let mut inner = inner(cfg).into_iter();
        match cfg.path() {
            path if path.is_ident("all") => inner.any(|cfg| self.is_absent(&cfg)),
            path if path.is_ident("any") => inner.all(|cfg| self.is_absent(&cfg)),
            _ => self.absent.contains(&cfg.to_token_stream().to_string().as_str()),
        }
    }
}

fn inner(cfg: &Meta) -> Punctuated<Meta, Token![,]> {
    let list = cfg.require_list().ok();
    list.and_then(|list| list.parse_args_with(Punctuated::parse_terminated).ok())
        .unwrap_or_default()
}

/// The attributes of an item of any kind.
fn attributes(node: &impl ToTokens) -> Vec<Attribute> {
    let above = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<TokenStream>().map(|_| attributes)
    };
    above.parse2(node.to_token_stream()).expect("attributes")
}

impl<'ast> Visit<'ast> for Parts<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !self.leaves_out(item) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !self.leaves_out(item) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if !self.leaves_out(item) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if !self.leaves_out(statement) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.around.push(module.ident.to_string());
        match module.content {
            Some(_) => visit::visit_item_mod(self, module),
            None => self.modules.push(self.around.clone()),
        }
        self.around.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_that_only_tests_compile_is_left_out_wherever_it_stands() {
        let source = "
            #[cfg(test)]
            use one::A;
            /// Documented.
            #[cfg(all(unix, any(test, all(test, windows))))]
            mod two { fn three() {} }
            impl S { #[cfg(test)] fn four() {} }
            trait T { #[cfg(test)] fn five() {} }
            fn six() { #[cfg(test)] let seven = 1; #[cfg(test)] eight(); }
        ";
        let left = without(source, &[TEST]).split_whitespace().collect::<String>();
        assert_eq!(left, "implS{}traitT{}fnsix(){}");
    }

    #[test]
    fn what_may_be_compiled_elsewhere_stays() {
        for source in [
            "#[cfg(not(test))] fn one() {}",
            "#[cfg(any(test, unix))] fn one() {}",
            "#[cfg(feature = \"test\")] fn one() {}",
            "#[cfg_attr(test, allow(unused))] fn one() {}",
            "mod tests { fn one() {} }",
            "// #[cfg(test)]\nconst ONE: &str = \"#[cfg(test)]\nmod tests {\";",
        ] {
            assert_eq!(without(source, &[TEST]), source);
        }
    }

    #[test]
    fn a_feature_is_left_out_by_name_and_beside_the_tests() {
        let absent = [TEST, "feature = \"slow\""];
        let source = "#[cfg(any(test, feature = \"slow\"))] fn one() {}";
        assert_eq!(without(source, &absent), "");
        assert_eq!(without(source, &[TEST]), source);
    }

    #[test]
    fn the_modules_of_a_file_are_those_that_it_compiles() {
        let source = "mod a; pub(crate) mod b { mod c; } #[cfg(test)] mod tests; // mod d;";
        let parts = Parts::of(source, &[TEST]);
        assert_eq!(parts.modules, [vec!["a".to_owned()], vec!["b".to_owned(), "c".to_owned()]]);
    }
}

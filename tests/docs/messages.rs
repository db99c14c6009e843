//! What an application can print or show when something is wrong, from the sources.

use std::collections::BTreeSet;

use logto_tests::{Source, TEST};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Expr, ExprCall, ExprMethodCall, ExprStruct, ImplItemFn, ItemConst, ItemFn, Lit, LitStr, Local,
    Macro, Member, Pat, ReturnType, Token,
};

use super::root;

/// Modules in which a function that fails with a text ends the launch.
const LAUNCH: [&str; 5] =
    ["config::redis", "config::resources", "fairing", "protect::rules", "session::redis::target"];

/// What the sources of our crates print and show.
#[derive(Default)]
pub(crate) struct Messages {
    /// Errors and warnings in the log, problems of the configuration and refused launches, each
    /// to the end of its first sentence, with `…` for the parts that vary.
    pub(crate) printed: BTreeSet<String>,
    /// The titles of pages.
    pub(crate) titles: BTreeSet<String>,
    module: String,
    /// How many functions that fail with a text the current code is inside.
    failing: usize,
}

impl Messages {
    pub(crate) fn of_sources() -> Self {
        let mut found = Self::default();
        for folder in ["logto-rocket/src", "logto-dev/src"] {
            for source in Source::of_crate(&root().join(folder), &[TEST]) {
                found.module = source.module;
                found.visit_file(&syn::parse_file(&source.code).expect("Rust"));
            }
        }
        found
    }

    fn is_configuration(&self) -> bool {
        self.module.starts_with("config")
    }

    fn is_launch(&self) -> bool {
        let of = |launch: &&str| {
            self.module == **launch || self.module.starts_with(&format!("{launch}::"))
        };
        LAUNCH.iter().any(of)
    }

    fn add(&mut self, text: &LitStr) {
        let text = gist(&text.value());
        // A message without words of its own carries another message's text.
        let text = text.trim_start_matches("… (… more like it before)").to_owned();
        let has_words = text.split_whitespace().any(|word| word.chars().all(char::is_alphabetic));
        if has_words || text.starts_with("`deny") {
            self.printed.insert(text);
        }
    }

    fn add_all(&mut self, expression: &Expr) {
        literals(expression).iter().for_each(|text| self.add(text));
    }

    /// A function that returns a text which ends the launch.
    fn fails(&self, output: &ReturnType) -> bool {
        let ReturnType::Type(_, kind) = output else { return false };
        let kind = quote::quote!(#kind).to_string();
        // The places of values are not messages.
        let is_text =
            kind.contains("String") && (kind.contains("Result") || !self.is_configuration());
        self.is_launch() && (is_text || kind.contains("Option < & 'static str >"))
    }

    fn in_function(&mut self, fails: bool, visit: impl FnOnce(&mut Self)) {
        self.failing += usize::from(fails);
        visit(self);
        self.failing -= usize::from(fails);
    }
}

/// A message without our name, up to where it explains or says what to do.
fn gist(text: &str) -> String {
    let text = text.strip_prefix("logto: ").unwrap_or(text);
    let mut gist = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        gist += before;
        gist.push('…');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    gist += rest;
    let gist = gist.replace("……", "…");
    let ends = ["; ", ": ", ", as `"].iter().filter_map(|end| gist.find(end));
    let end = ends.min().unwrap_or(gist.len());
    gist[..end].trim_end_matches('.').to_owned()
}

/// The string literals in an expression, including those in its macros.
fn literals(expression: &Expr) -> Vec<LitStr> {
    #[derive(Default)]
    struct Literals(Vec<LitStr>);

    impl<'ast> Visit<'ast> for Literals {
        fn visit_lit_str(&mut self, text: &'ast LitStr) {
            self.0.push(text.clone());
        }

        fn visit_macro(&mut self, of: &'ast Macro) {
            self.0.extend(format(of));
        }
    }
    let mut found = Literals::default();
    found.visit_expr(expression);
    found.0
}

/// The first text in a macro's arguments.
fn format(of: &Macro) -> Option<LitStr> {
    let arguments = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(of.tokens.clone());
    // That of `target: ..` comes first, and is not an expression.
    let arguments = arguments.ok()?;
    arguments.into_iter().find_map(|argument| match argument {
        Expr::Lit(literal) => match literal.lit {
            Lit::Str(text) => Some(text),
            _ => None,
        },
        _ => None,
    })
}

fn is_named(pattern: &Pat, name: &str) -> bool {
    matches!(pattern, Pat::Ident(ident) if ident.ident == name)
}

impl<'ast> Visit<'ast> for Messages {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        let fails = self.fails(&function.sig.output);
        self.in_function(fails, |it| visit::visit_item_fn(it, function));
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        let fails = self.fails(&function.sig.output);
        self.in_function(fails, |it| visit::visit_impl_item_fn(it, function));
    }

    fn visit_item_const(&mut self, of: &'ast ItemConst) {
        if self.module == "protect::rules" {
            self.add_all(&of.expr);
        }
    }

    fn visit_macro(&mut self, of: &'ast Macro) {
        let path: Vec<_> = of.path.segments.iter().map(|part| part.ident.to_string()).collect();
        let is_logged =
            path[0] == "log" && matches!(path.last().map(String::as_str), Some("error" | "warn"));
        if (is_logged || self.failing > 0 && of.path.is_ident("format"))
            && let Some(text) = format(of)
        {
            self.add(&text);
        }
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        let Expr::Path(function) = &*call.func else { return visit::visit_expr_call(self, call) };
        let path: Vec<_> = function.path.segments.iter().map(|it| it.ident.to_string()).collect();
        let last = path.last().map_or("", String::as_str);
        match last {
            "warn" | "warn_of" if path[0] == "warning" => self.add_all(&call.args[0]),
            // Of `Page`.
            "new" if path[0] == "Page" => {
                if let Expr::Lit(_) = &call.args[1] {
                    self.titles.extend(literals(&call.args[1]).iter().map(LitStr::value));
                }
            }
            "Err" if self.is_launch() => self.add_all(&call.args[0]),
            "Some" if self.failing > 0 => self.add_all(&call.args[0]),
            _ => {}
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if self.is_configuration() && call.method == "problem" && call.args.len() == 4 {
            match &call.args[2] {
                Expr::Lit(_) => self.add_all(&call.args[2]),
                // Found where it is written.
                Expr::Path(path) if path.path.is_ident("message") => {}
                Expr::Reference(it) if matches!(&*it.expr, Expr::Path(path) if path.path.is_ident("message")) =>
                    {}
                other => panic!("{}: name it `message`: {}", self.module, quote::quote!(#other)),
            }
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_expr_struct(&mut self, of: &'ast ExprStruct) {
        if self.is_configuration() && of.path.is_ident("Problem") {
            for field in &of.fields {
                if matches!(&field.member, Member::Named(name) if name == "message") {
                    self.add_all(&field.expr);
                }
            }
        }
        visit::visit_expr_struct(self, of);
    }

    fn visit_local(&mut self, local: &'ast Local) {
        let init = local.init.as_ref().map(|init| &*init.expr);
        match (&local.pat, init) {
            (pattern, Some(init))
                if self.is_launch() && is_named(pattern, "detail")
                    || (self.is_launch() || self.is_configuration())
                        && is_named(pattern, "message") =>
            {
                self.add_all(init);
            }
            // The pairs of a problem, in `(message, fix)`, or of a page.
            (Pat::Tuple(pair), Some(Expr::Match(init))) => {
                for arm in &init.arms {
                    let first = first_of(&arm.body);
                    match &pair.elems[0] {
                        it if is_named(it, "message") && self.is_configuration() => {
                            first.iter().for_each(|text| self.add(text));
                        }
                        it if is_named(it, "title") => {
                            self.titles.extend(first.iter().map(LitStr::value));
                        }
                        _ => {}
                    }
                }
            }
            (pattern, Some(Expr::Match(init))) if is_named(pattern, "title") => {
                let texts = init.arms.iter().flat_map(|arm| literals(&arm.body));
                self.titles.extend(texts.map(|text| text.value()));
            }
            _ => {}
        }
        visit::visit_local(self, local);
    }
}

/// The texts in the first element of a pair, even one that ends a block.
fn first_of(expression: &Expr) -> Vec<LitStr> {
    match expression {
        Expr::Tuple(pair) => literals(&pair.elems[0]),
        Expr::Block(block) => match block.block.stmts.last() {
            Some(syn::Stmt::Expr(last, None)) => first_of(last),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

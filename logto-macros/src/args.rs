//! What stands between the parentheses.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Ident, Lit, LitStr, Path, Result, Token, parse_quote};

use crate::errors::collect;
use crate::spelling::is_close;

/// The arguments of `#[authenticated(..)]`.
pub(crate) struct Args {
    pub(crate) redirect: Redirect,
    pub(crate) fetch_user_info: bool,
    /// The path to `logto_rocket`.
    pub(crate) krate: Path,
}

/// Where a stranger is sent.
pub(crate) enum Redirect {
    No,
    SignIn,
    To(LitStr),
}

/// One argument: `name` or `name = value`.
struct Arg {
    name: Ident,
    /// All tokens behind the name, up to the comma.
    rest: TokenStream,
}

/// The arguments as they come in; a slot is taken once.
#[derive(Default)]
struct Slots {
    redirect: Option<Redirect>,
    fetch_user_info: Option<bool>,
    krate: Option<Path>,
}

const NAMES: [&str; 3] = ["redirect", "fetch_user_info", "crate"];

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut slots = Slots::default();
        let mut errors = None;
        while !input.is_empty() {
            let result = Arg::parse(input).and_then(|arg| slots.fill(&arg));
            collect(&mut errors, result);
        }

        match errors {
            Some(error) => Err(error),
            None => Ok(Self {
                redirect: slots.redirect.unwrap_or(Redirect::No),
                fetch_user_info: slots.fetch_user_info.unwrap_or(false),
                krate: slots.krate.unwrap_or_else(|| parse_quote!(::logto_rocket)),
            }),
        }
    }
}

impl Args {
    /// The path to what the expansion uses.
    pub(crate) fn private(&self) -> TokenStream {
        let krate = &self.krate;
        quote!(#krate::__private)
    }
}

impl Arg {
    /// Takes all tokens up to the next comma, whatever they are, so that the
    /// arguments behind a bad one are still checked.
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut tokens = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![,]) {
            tokens.extend([input.parse::<proc_macro2::TokenTree>()?]);
        }
        let comma = input.parse::<Option<Token![,]>>()?;
        if tokens.is_empty() {
            return Err(Error::new_spanned(comma, "expected an argument before this comma"));
        }

        let name_and_rest = |input: ParseStream<'_>| {
            let name = Ident::parse_any(input)?;
            Ok(Self { name, rest: input.parse()? })
        };
        name_and_rest
            .parse2(tokens.clone())
            .map_err(|_| Error::new_spanned(tokens, format!("expected {}", expected())))
    }

    /// The value of `name` or `name = true|false`.
    fn flag(&self) -> Option<bool> {
        if self.rest.is_empty() {
            return Some(true);
        }
        match self.literal() {
            Some(Lit::Bool(value)) => Some(value.value),
            _ => None,
        }
    }

    fn literal(&self) -> Option<Lit> {
        self.value::<Lit>()
    }

    fn value<T: Parse>(&self) -> Option<T> {
        let value = |input: ParseStream<'_>| {
            input.parse::<Token![=]>()?;
            input.parse::<T>()
        };
        value.parse2(self.rest.clone()).ok()
    }

    fn wrong_value(&self, forms: &str) -> Error {
        let Self { name, rest } = self;
        Error::new_spanned(quote!(#name #rest), format!("`{name}` takes {forms}"))
    }
}

impl Slots {
    fn fill(&mut self, arg: &Arg) -> Result<()> {
        match arg.name.to_string().as_str() {
            "redirect" => set(&mut self.redirect, arg, redirect),
            "fetch_user_info" => set(&mut self.fetch_user_info, arg, fetch_user_info),
            "crate" => set(&mut self.krate, arg, krate),
            unknown => Err(Error::new_spanned(&arg.name, unknown_argument(unknown))),
        }
    }
}

// A repeated argument is refused whatever its value: `redirect = false, redirect` would leave the
// reader guessing which one protects the route.
fn set<T>(slot: &mut Option<T>, arg: &Arg, value: fn(&Arg) -> Result<T>) -> Result<()> {
    if slot.is_some() {
        return Err(Error::new_spanned(&arg.name, format!("`{}` is given twice", arg.name)));
    }
    *slot = Some(value(arg)?);
    Ok(())
}

fn redirect(arg: &Arg) -> Result<Redirect> {
    if let Some(Lit::Str(path)) = arg.literal() {
        return match not_on_this_site(&path.value()) {
            Some(reason) => Err(Error::new(path.span(), reason)),
            None => Ok(Redirect::To(path)),
        };
    }
    match arg.flag() {
        Some(true) => Ok(Redirect::SignIn),
        Some(false) => Ok(Redirect::No),
        None => Err(arg.wrong_value("no value, or a path on this site: `redirect = \"/path\"`")),
    }
}

fn fetch_user_info(arg: &Arg) -> Result<bool> {
    arg.flag().ok_or_else(|| arg.wrong_value("no value, `true` or `false`"))
}

fn krate(arg: &Arg) -> Result<Path> {
    let path = |input: ParseStream<'_>| {
        input.parse::<Token![=]>()?;
        input.call(Path::parse_mod_style)
    };
    path.parse2(arg.rest.clone())
        .map_err(|_| arg.wrong_value("the path to logto-rocket: `crate = path::to::logto_rocket`"))
}

/// Why `path` could lead to another site, or is no path at all.
fn not_on_this_site(path: &str) -> Option<&'static str> {
    // Browsers read `\` as `/`, and drop tabs and newlines before they look for `//`: each of
    // `//evil.com`, `/\evil.com` and `/<tab>/evil.com` names another host.
    if !path.starts_with('/') {
        Some("expected a path on this site, which begins with `/`")
    } else if path.starts_with("//") {
        Some("a path that begins with `//` names another site; begin it with one `/`")
    } else if path.contains('\\') {
        Some("browsers read `\\` in a path as `/`; write `/` or `%5C`")
    } else if !path.bytes().all(|b| b.is_ascii_graphic()) {
        Some("spaces, control characters and non-ASCII characters must be percent-encoded")
    } else {
        None
    }
}

fn unknown_argument(name: &str) -> String {
    match NAMES.iter().find(|known| is_close(name, known)) {
        Some(known) => format!("unknown argument `{name}`; did you mean `{known}`?"),
        None => format!("unknown argument `{name}`; expected {}", expected()),
    }
}

fn expected() -> &'static str {
    "`redirect`, `redirect = \"/path\"`, `fetch_user_info` or `crate = path`"
}

#[cfg(test)]
mod tests;

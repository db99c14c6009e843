//! One argument of an attribute.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, Lit, LitStr, Path, Result, Token, parenthesized};

use crate::spelling::is_close;

/// `name`, `name = value` or `name(..)`.
pub(crate) struct Arg {
    pub(crate) name: Ident,
    /// All tokens after the name, up to the comma.
    rest: TokenStream,
}

/// Takes all tokens up to the next comma, so that the arguments after a bad one are still
/// checked.
pub(crate) fn next(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        if let Some(semicolon) = input.parse::<Option<Token![;]>>()? {
            return Err(Error::new_spanned(semicolon, "arguments are separated by `,`"));
        }
        tokens.extend([input.parse::<proc_macro2::TokenTree>()?]);
    }
    let comma = input.parse::<Option<Token![,]>>()?;
    match tokens.is_empty() {
        true => Err(Error::new_spanned(comma, "expected an argument before this comma")),
        false => Ok(tokens),
    }
}

/// The message about an argument that is not one of `names`.
pub(crate) fn unknown(name: &str, names: &[&str], expected: &str) -> String {
    match names.iter().find(|known| is_close(name, known)) {
        Some(known) => format!("unknown argument `{name}`; did you mean `{known}`?"),
        None => format!("unknown argument `{name}`; expected {expected}"),
    }
}

impl Arg {
    /// Reads what [`next()`] took.
    pub(crate) fn parse(tokens: TokenStream, expected: &str) -> Result<Self> {
        let name_and_rest = |input: ParseStream<'_>| {
            let name = Ident::parse_any(input)?;
            Ok(Self { name, rest: input.parse()? })
        };
        name_and_rest
            .parse2(tokens.clone())
            .map_err(|_| Error::new_spanned(tokens, format!("expected {expected}")))
    }

    /// Fills a slot, once. A repeated argument is refused, even with the same value:
    /// `redirect = false, redirect` would leave the reader guessing which one wins.
    pub(crate) fn set<T>(&self, slot: &mut Option<T>, value: fn(&Self) -> Result<T>) -> Result<()> {
        if slot.is_some() {
            let message = format!("`{}` is given twice", self.name);
            return Err(Error::new_spanned(&self.name, message));
        }
        *slot = Some(value(self)?);
        Ok(())
    }

    /// The value of `name` or `name = true|false`.
    pub(crate) fn flag(&self) -> Option<bool> {
        if self.rest.is_empty() {
            return Some(true);
        }
        match self.value() {
            Some(Lit::Bool(value)) => Some(value.value),
            _ => None,
        }
    }

    /// The value of `name = "string"`.
    pub(crate) fn string(&self) -> Option<LitStr> {
        self.value()
    }

    /// The values of `name("string", ..)`.
    pub(crate) fn strings(&self) -> Option<Vec<LitStr>> {
        self.list()
    }

    /// The items of `name(item, ..)`.
    pub(crate) fn list<T: Parse>(&self) -> Option<Vec<T>> {
        let list = |input: ParseStream<'_>| {
            let items;
            parenthesized!(items in input);
            Punctuated::<T, Token![,]>::parse_terminated(&items)
        };
        list.parse2(self.rest.clone()).ok().map(|items| items.into_iter().collect())
    }

    fn value<T: Parse>(&self) -> Option<T> {
        let value = |input: ParseStream<'_>| {
            input.parse::<Token![=]>()?;
            input.parse::<T>()
        };
        value.parse2(self.rest.clone()).ok()
    }

    /// What is wrong with a value that is not of the form `name = "string"`.
    pub(crate) fn no_string(&self, forms: &str) -> Error {
        let Self { name, rest } = self;
        let message = if let Some([value]) = self.strings().as_deref() {
            let value = value.token();
            format!("the value of `{name}` goes after `=`; write `{name} = {value}`")
        } else if let Some(path) = self.value::<Path>() {
            let path = quote!(#path).to_string().replace(' ', "");
            format!("`{name}` takes a literal: an attribute cannot read the value of `{path}`")
        } else {
            return self.wrong_value(forms);
        };
        Error::new_spanned(quote!(#name #rest), message)
    }

    pub(crate) fn wrong_value(&self, forms: &str) -> Error {
        let Self { name, rest } = self;
        Error::new_spanned(quote!(#name #rest), format!("`{name}` takes {forms}"))
    }

    /// The value of `crate = path`.
    pub(crate) fn krate(&self) -> Result<Path> {
        let path = |input: ParseStream<'_>| {
            input.parse::<Token![=]>()?;
            input.call(Path::parse_mod_style)
        };
        path.parse2(self.rest.clone()).map_err(|_| {
            self.wrong_value("the path to logto-rocket: `crate = path::to::logto_rocket`")
        })
    }
}

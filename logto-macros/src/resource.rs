//! `#[derive(ApiResource)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, DeriveInput, Error, LitStr, Meta, Path, Result, parse_quote};

use crate::arg::{self, Arg};
use crate::errors::collect;
use crate::values;

/// What `#[resource(..)]` says.
struct Resource {
    indicator: LitStr,
    scopes: Vec<LitStr>,
    /// The path to `logto_rocket`.
    krate: Path,
}

/// The arguments as they come in; a slot is taken once.
#[derive(Default)]
struct Slots {
    indicator: Option<LitStr>,
    scopes: Option<Vec<LitStr>>,
    krate: Option<Path>,
}

const NAMES: [&str; 2] = ["scopes", "crate"];

const EXPECTED: &str = "`\"https://..\"`, `scopes(\"..\")` or `crate = path`";

const NO_RESOURCE: &str = "`#[derive(ApiResource)]` needs the indicator that the resource has in \
                           the Logto Console; write `#[resource(\"https://api.example.com\")]`";

const TWICE: &str = "`#[resource(..)]` is given twice; write all arguments in one";

// Input:
//     #[derive(ApiResource)]
//     #[resource("https://api.example.com", scopes("read:items"))]
//     struct Items;
// Output:
//     impl ::logto_rocket::ApiResource for Items {
//         const INDICATOR: &'static str = "https://api.example.com";
//         const SCOPES: &'static [&'static str] = &["read:items"];
//     }
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match resource(&input) {
        Ok(resource) => implementation(&input, &resource),
        // The type still is a resource, so that one mistake is not reported wherever it is used.
        Err(error) => {
            let error = error.into_compile_error();
            let (indicator, krate) = (parse_quote!("https://invalid"), krate());
            let resource = Resource { indicator, scopes: Vec::new(), krate };
            let implementation = implementation(&input, &resource);
            quote!(#error #implementation)
        }
    }
}

fn implementation(input: &DeriveInput, resource: &Resource) -> TokenStream {
    let Resource { indicator, scopes, krate } = resource;
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    quote! {
        impl #generics #krate::ApiResource for #ident #arguments #bounds {
            const INDICATOR: &'static str = #indicator;
            const SCOPES: &'static [&'static str] = &[#(#scopes),*];
        }
    }
}

fn resource(input: &DeriveInput) -> Result<Resource> {
    let mut attrs = input.attrs.iter().filter(|attr| attr.path().is_ident("resource"));
    match (attrs.next(), attrs.next()) {
        (Some(attr), None) => Resource::of(attr),
        (Some(_), Some(second)) => Err(Error::new_spanned(second, TWICE)),
        (None, _) => Err(Error::new_spanned(&input.ident, NO_RESOURCE)),
    }
}

fn krate() -> Path {
    parse_quote!(::logto_rocket)
}

impl Resource {
    fn of(attr: &Attribute) -> Result<Self> {
        let Meta::List(list) = &attr.meta else {
            return Err(Error::new_spanned(attr, NO_RESOURCE));
        };
        let slots = Slots::parse.parse2(list.tokens.clone())?;
        let Some(indicator) = slots.indicator else {
            return Err(Error::new_spanned(attr, NO_RESOURCE));
        };
        let scopes = slots.scopes.unwrap_or_default();
        Ok(Self { indicator, scopes, krate: slots.krate.unwrap_or_else(krate) })
    }
}

impl Parse for Slots {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut slots = Self::default();
        let mut errors = None;
        while !input.is_empty() {
            collect(&mut errors, arg::next(input).and_then(|tokens| slots.fill(tokens)));
        }
        errors.map_or(Ok(slots), Err)
    }
}

impl Slots {
    fn fill(&mut self, tokens: TokenStream) -> Result<()> {
        if let Ok(indicator) = syn::parse2::<LitStr>(tokens.clone()) {
            if self.indicator.is_some() {
                return Err(Error::new(indicator.span(), "the indicator is given twice"));
            }
            self.indicator = Some(values::indicator(indicator)?);
            return Ok(());
        }
        let arg = Arg::parse(tokens, EXPECTED)?;
        match arg.name.to_string().as_str() {
            "scopes" => arg.set(&mut self.scopes, scopes),
            "crate" => arg.set(&mut self.krate, Arg::krate),
            name => Err(Error::new_spanned(&arg.name, arg::unknown(name, &NAMES, EXPECTED))),
        }
    }
}

fn scopes(arg: &Arg) -> Result<Vec<LitStr>> {
    let scopes = arg.strings().filter(|scopes| !scopes.is_empty());
    let scopes = scopes
        .ok_or_else(|| arg.wrong_value("strings: `scopes(\"read:items\", \"write:items\")`"))?;
    let mut errors = None;
    for (at, scope) in scopes.iter().enumerate() {
        collect(&mut errors, values::scope(scope));
        if scopes[..at].iter().any(|before| before.value() == scope.value()) {
            let message = format!("the scope `{}` is given twice", scope.value());
            collect(&mut errors, Err(Error::new(scope.span(), message)));
        }
    }
    errors.map_or(Ok(scopes), Err)
}

#[cfg(test)]
mod tests;

//! `#[derive(ApiResource)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{
    Attribute, Data, DataEnum, DeriveInput, Error, Fields, LitStr, Meta, Path, Result, Variant,
    parse_quote,
};

use crate::arg::{self, Arg};
use crate::errors::collect;
use crate::values;

/// The arguments of `#[resource(..)]`.
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

const NO_SCOPE: &str = "each variant is a scope; write `#[scope(\"read:items\")]` above it";

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
// Input:
//     #[resource("https://api.example.com")] enum Items { #[scope("read:items")] Read }
// Output, beside the same:
//     impl Items { const fn scope(&self) -> &'static str { match self { Self::Read => "read:items" } } }
pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(item) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    match resource(&input) {
        Ok(resource) => {
            let (implementation, scope) = (implementation(&input, &resource), scope(&input));
            let scope = scope.unwrap_or_else(Error::into_compile_error);
            quote!(#implementation #scope)
        }
        // The type remains a resource, so that one mistake is not reported at every use.
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

/// The enum, if its variants are scopes. A resource may be any other type.
fn of_scopes(input: &DeriveInput) -> Option<&DataEnum> {
    let Data::Enum(data) = &input.data else { return None };
    let mut attrs = data.variants.iter().flat_map(|variant| &variant.attrs);
    attrs.any(|attr| attr.path().is_ident("scope")).then_some(data)
}

/// The scope of each variant of an enum.
fn scope(input: &DeriveInput) -> Result<TokenStream> {
    let Some(data) = of_scopes(input) else { return Ok(TokenStream::new()) };
    let (vis, ident) = (&input.vis, &input.ident);
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let variants = data.variants.iter().map(|variant| &variant.ident);
    let scopes = variants_scopes(data)?;
    Ok(quote! {
        impl #generics #ident #arguments #bounds {
            /// This scope's name at Logto.
            #vis const fn scope(&self) -> &'static str {
                match self { #(Self::#variants { .. } => #scopes,)* }
            }
        }
    })
}

fn variants_scopes(data: &DataEnum) -> Result<Vec<LitStr>> {
    let mut errors = None;
    let mut scopes: Vec<LitStr> = Vec::new();
    for variant in &data.variants {
        let scope = variant_scope(variant).and_then(|scope| {
            if scopes.iter().any(|before| before.value() == scope.value()) {
                let message = format!("the scope `{}` is given twice", scope.value());
                return Err(Error::new(scope.span(), message));
            }
            scopes.push(scope);
            Ok(())
        });
        collect(&mut errors, scope);
    }
    errors.map_or(Ok(scopes), Err)
}

fn variant_scope(variant: &Variant) -> Result<LitStr> {
    let attr = variant.attrs.iter().find(|attr| attr.path().is_ident("scope"));
    let attr = attr.ok_or_else(|| Error::new_spanned(&variant.ident, NO_SCOPE))?;
    let scope: LitStr = attr.parse_args().map_err(|_| Error::new_spanned(attr, NO_SCOPE))?;
    values::scope(&scope)?;
    match &variant.fields {
        Fields::Unit => Ok(scope),
        fields => Err(Error::new_spanned(fields, "a scope cannot have fields")),
    }
}

fn resource(input: &DeriveInput) -> Result<Resource> {
    let mut resource = of_attribute(input)?;
    if let Some(data) = of_scopes(input) {
        if let Some(scope) = resource.scopes.first() {
            let message = "the variants are the scopes; leave `scopes(..)` out";
            return Err(Error::new(scope.span(), message));
        }
        resource.scopes = variants_scopes(data)?;
    }
    Ok(resource)
}

fn of_attribute(input: &DeriveInput) -> Result<Resource> {
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

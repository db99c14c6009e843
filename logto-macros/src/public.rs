//! `#[public]`: the expansion of `#[authenticated]`, with a mark in place of the protection.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Result};

use crate::arg::{self, Arg};
use crate::args::Args;
use crate::errors::both;
use crate::expand::protected;
use crate::route::{PUBLIC, Route, TWICE, recovered};

// Input:
//     #[get("/health")] fn health() -> &'static str { .. }
// Output:
//     fn health() -> &'static str { .. }
//     #[get("/health")] fn __logto_route_health() -> &'static str
//     struct health {}
//     impl health { pub fn into_route(self) -> Route { public_route(..) } }
//     ..
pub(crate) fn public(args: TokenStream, item: TokenStream) -> TokenStream {
    match both(parse_args.parse2(args), syn::parse2::<Route>(item.clone())) {
        Ok((args, route)) => protected(&args, &route),
        Err(error) => {
            let item = recovered(item);
            let error = renamed(error).into_compile_error();
            quote!(#error #item)
        }
    }
}

fn parse_args(input: ParseStream<'_>) -> Result<Args> {
    const EXPECTED: &str = "`crate = path` or nothing";
    let mut all = TokenStream::new();
    while !input.is_empty() {
        let tokens = arg::next(input)?;
        let arg = Arg::parse(tokens.clone(), EXPECTED)?;
        if arg.name != "crate" {
            let message = arg::unknown(&arg.name.to_string(), &["crate"], EXPECTED);
            return Err(Error::new_spanned(&arg.name, message));
        }
        all.extend(quote!(#tokens,));
    }
    let mut args = syn::parse2::<Args>(all)?;
    args.public = true;
    args.with_known_crate()
}

/// The error about the route, with the name of this attribute.
fn renamed(error: Error) -> Error {
    let renamed = error.into_iter().map(|error| {
        let message = match error.to_string() {
            message if message == PUBLIC => "`#[public]` is given twice".to_owned(),
            message if message == TWICE => PUBLIC.to_owned(),
            message => message.replace("#[authenticated", "#[public"),
        };
        Error::new(error.span(), message)
    });
    let all = renamed.reduce(|mut all, error| {
        all.combine(error);
        all
    });
    all.expect("an error has a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(args: TokenStream, item: TokenStream) -> Vec<String> {
        let parsed = both(parse_args.parse2(args), syn::parse2::<Route>(item));
        let error = renamed(parsed.err().expect("an error"));
        error.into_iter().map(|error| error.to_string()).collect()
    }

    #[test]
    fn a_mistake_names_this_attribute() {
        let missing = "no route attribute below `#[public]`; write `#[public]` directly above";
        let found = errors(
            quote!(),
            quote!(
                fn h() {}
            ),
        );
        assert!(found.len() == 1 && found[0].starts_with(missing), "{found:?}");
        let found = errors(
            quote!(),
            quote!(
                #[catch(404)]
                fn h() {}
            ),
        );
        assert!(found[0].starts_with("`#[public]` goes on a route, not on a catcher"), "{found:?}");
        let twice = quote!(
            #[logto_rocket::public]
            #[get("/")]
            fn h() {}
        );
        assert_eq!(errors(quote!(), twice), ["`#[public]` is given twice"]);
    }

    #[test]
    fn a_route_is_not_protected_and_public() {
        let item = quote!(
            #[logto_rocket::authenticated(redirect)]
            #[get("/")]
            fn h() {}
        );
        assert_eq!(errors(quote!(), item), [PUBLIC]);
    }

    /// An item with many routes, or none, opens nothing.
    #[test]
    fn only_a_route_is_public() {
        for item in [
            quote!(
                mod api {}
            ),
            quote!(
                use api::*;
            ),
            quote!(
                impl Api {}
            ),
            quote!(routes![a, b]),
            quote!(
                fn h() {}
            ),
        ] {
            let found = errors(quote!(), item.clone());
            assert!(!found.is_empty() && !found[0].contains("authenticated"), "{item}: {found:?}");
        }
    }

    #[test]
    fn only_the_crate_is_an_argument() {
        let route = || {
            quote!(
                #[get("/")]
                fn h() {}
            )
        };
        let parse = |args| parse_args.parse2(args).map(|args| args.public);
        for args in [quote!(), quote!(crate = a::b), quote!(crate = a,)] {
            assert!(matches!(parse(args), Ok(true)));
        }
        let message = "unknown argument `redirect`; expected `crate = path` or nothing";
        assert_eq!(errors(quote!(redirect), route()), [message]);
        assert_eq!(errors(quote!(crate = a, crate = b), route()), ["`crate` is given twice"]);
        assert_eq!(
            errors(
                quote!("/"),
                quote!(
                    fn h();
                )
            )
            .len(),
            3
        );
    }
}

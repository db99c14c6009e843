//! The URI in the route attribute, and Rocket's `uri!` for the user's function.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, FnArg, Ident, LitStr, Meta, Result, Signature, Token};

use crate::arg;
use crate::shim::param_name;

/// The URI in a route attribute, and the parameter for the body.
pub(crate) struct Uri {
    literal: LitStr,
    data: Option<String>,
}

impl Uri {
    /// `None` if it cannot be read, and Rocket will say why.
    pub(crate) fn of(route: &Attribute) -> Option<Self> {
        let Meta::List(list) = &route.meta else { return None };
        let read = |input: ParseStream<'_>| {
            let (mut literal, mut data) = (None, None);
            while !input.is_empty() {
                let argument: TokenStream = arg::next(input)?;
                match value.parse2(argument) {
                    Ok((None, value)) => literal = literal.or(Some(value)),
                    Ok((Some(name), value)) if name == "uri" => literal = Some(value),
                    Ok((Some(name), value)) if name == "data" => data = Some(value.value()),
                    _ => {}
                }
            }
            let data = data.as_deref().and_then(parameter).map(str::to_owned);
            let literal = literal.ok_or_else(|| Error::new(input.span(), "no URI"))?;
            Ok(Self { literal, data })
        };
        read.parse2(list.tokens.clone()).ok()
    }

    /// Whether the parameter is a request guard, not part of the URI or the body.
    pub(crate) fn is_guard(&self, name: &Ident) -> bool {
        let name = name.unraw().to_string();
        self.data.as_ref() != Some(&name) && !self.names().contains(&name)
    }

    /// The path's parameters that are one segment each.
    pub(crate) fn segments(&self) -> Vec<String> {
        let uri = self.literal.value();
        let path = uri.split('?').next().unwrap_or_default();
        let all = path.split('/').filter_map(parameter);
        all.filter(|name| *name != "_" && !name.ends_with("..")).map(str::to_owned).collect()
    }

    /// All parameters that have a name, those of the path first.
    fn names(&self) -> Vec<String> {
        let uri = self.literal.value();
        let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
        let all = path.split('/').chain(query.split('&')).filter_map(parameter);
        let all = all.map(|name| name.strip_suffix("..").unwrap_or(name));
        all.filter(|name| *name != "_").map(str::to_owned).collect()
    }
}

/// The name in `<name>`, or `name..` in `<name..>`.
fn parameter(segment: &str) -> Option<&str> {
    segment.strip_prefix('<')?.strip_suffix('>')
}

/// `"value"` or `name = "value"`.
fn value(input: ParseStream<'_>) -> Result<(Option<Ident>, LitStr)> {
    let name = input.parse::<Option<Ident>>()?;
    if name.is_some() {
        input.parse::<Token![=]>()?;
    }
    Ok((name, input.parse()?))
}

// Input:
//     #[get("/orders/<id>?<page>")] fn __logto_route_order(id: u64, page: Option<u8>) -> String
// Output:
//     pub mod __logto_route_order_uri {
//         #[macro_export]
//         macro_rules! __logto_route_order_uri { .. }
//         pub use __logto_route_order_uri as rocket_uri_macro_order;
//     }
//     pub use __logto_route_order_uri::rocket_uri_macro_order;
/// What Rocket's `uri!` looks for, under the name of the user's function.
///
/// This is what Rocket itself writes. A second name for the macro of the hidden route
/// would be shorter, but a module that globs a module that globs it back has the first
/// name twice, which the compiler calls ambiguous.
pub(crate) fn uri_macro(uri: &Uri, ident: &Ident, hidden: &Signature) -> TokenStream {
    let span = ident.span().resolved_at(Span::call_site());
    let ours = format_ident!("rocket_uri_macro_{}", ident.unraw(), span = span);
    let unique = format_ident!("{}_uri", hidden.ident);
    let literal = &uri.literal;
    let arguments = uri.names().into_iter().filter_map(|name| argument(hidden, &name));
    quote! {
        #[doc(hidden)]
        pub mod #unique {
            #[doc(hidden)]
            #[macro_export]
            macro_rules! #unique {
                ($($token:tt)*) => {{
                    rocket::rocket_internal_uri!(#literal, (#(#arguments),*), $($token)*)
                }};
            }
            pub use #unique as #ours;
        }
        #[doc(hidden)]
        pub use #unique::#ours;
    }
}

/// The parameter `name` and its type.
fn argument(sig: &Signature, name: &str) -> Option<TokenStream> {
    sig.inputs.iter().find_map(|input| match (input, param_name(input)?) {
        (FnArg::Typed(arg), ident) if ident.unraw() == name => {
            let ty = &arg.ty;
            Some(quote!(#ident: #ty))
        }
        _ => None,
    })
}

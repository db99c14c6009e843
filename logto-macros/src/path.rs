//! The path of a route attribute.

use proc_macro2::TokenStream;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Ident, LitStr, Meta, Result, Token};

use crate::arg;

/// The path's parameters of one segment each; `None` if the path cannot be read,
/// and Rocket will say why.
pub(crate) fn parameters(route: &Attribute) -> Option<Vec<String>> {
    let Meta::List(list) = &route.meta else { return None };
    let uri = uri.parse2(list.tokens.clone()).ok()?.value();
    let path = uri.split('?').next().unwrap_or_default();
    let name = |segment: &str| segment.strip_prefix('<')?.strip_suffix('>').map(str::to_owned);
    let is_one = |name: &String| name != "_" && !name.ends_with("..");
    Some(path.split('/').filter_map(name).filter(is_one).collect())
}

/// The URI in `"/path", ..`, `GET, uri = "/path", ..` and the like.
fn uri(input: ParseStream<'_>) -> Result<LitStr> {
    let mut found = None;
    while !input.is_empty() {
        let argument: TokenStream = arg::next(input)?;
        found = found.or_else(|| value.parse2(argument).ok());
    }
    found.ok_or_else(|| Error::new(input.span(), "no URI"))
}

fn value(input: ParseStream<'_>) -> Result<LitStr> {
    if let Some(name) = input.parse::<Option<Ident>>()? {
        if name != "uri" {
            return Err(Error::new(name.span(), "not the URI"));
        }
        input.parse::<Token![=]>()?;
    }
    input.parse()
}

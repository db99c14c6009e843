//! The function below the attribute.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{
    Attribute, Error, FnArg, Ident, LitStr, Meta, Pat, Path, Result, Signature, Type, Visibility,
    token,
};

use crate::arg;
use crate::errors::{both, collect};
use crate::guards::{self, Token, is_user_info};

/// A function with a route attribute.
pub(crate) struct Route {
    pub(crate) route_attr: Attribute,
    /// The parameters in the path, if it can be read.
    pub(crate) parameters: Option<Vec<String>>,
    /// All other attributes. No `#[cfg_attr(..)]`: the compiler resolves those first.
    pub(crate) attrs: Vec<Attribute>,
    /// `#[deprecated]`, which Rocket puts on the struct too.
    pub(crate) deprecated: Option<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// Visibility, signature and body, as the user wrote them.
    pub(crate) function: TokenStream,
}

impl Parse for Route {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let function = input.fork().parse()?;
        let vis = input.parse()?;
        let sig = signature(input)?;

        let (routes, attrs) = attrs.into_iter().partition::<Vec<_>, _>(is_route);
        let deprecated = attrs.iter().find(|attr| is(attr, "deprecated")).cloned();
        let (route_attr, ()) = both(route_attr(routes, &attrs), check_signature(&sig))?;
        let parameters = parameters(&route_attr);
        Ok(Self { route_attr, parameters, attrs, deprecated, vis, sig, function })
    }
}

impl Route {
    fn types(&self) -> impl Iterator<Item = &Type> {
        self.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(arg) => Some(&*arg.ty),
            FnArg::Receiver(_) => None,
        })
    }

    /// The types of the parameters that only `fetch_user_info` can serve.
    pub(crate) fn user_infos(&self) -> impl Iterator<Item = &Type> {
        self.types().filter(|ty| is_user_info(ty))
    }

    /// Those that only `resource` or `organization` can serve.
    pub(crate) fn tokens(&self, krate: &Path) -> impl Iterator<Item = (&Type, Token)> {
        self.types().filter_map(move |ty| Some((ty, guards::token(ty, krate)?)))
    }
}

/// The item to leave beside an error: as it is, but without the route attributes
/// that Rocket would report once more.
pub(crate) fn recovered(item: TokenStream) -> TokenStream {
    let recover = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_outer)?;
        let function = input.fork().parse::<TokenStream>()?;
        input.parse::<Visibility>()?;
        let sig = signature(input)?;

        let (routes, others) = attrs.into_iter().partition::<Vec<_>, _>(is_route);
        let route = routes.first().filter(|_| check_signature(&sig).is_ok());
        Ok(quote!(#(#others)* #route #function))
    };
    recover.parse2(item.clone()).unwrap_or(item)
}

/// Parses the signature, and leaves the body alone: one that is half typed must
/// not take the route from the editor.
fn signature(input: ParseStream<'_>) -> Result<Signature> {
    let start = input.cursor().token_stream().into_iter().next();
    let is_fn = input.cursor().token_stream().into_iter().any(|token| token.to_string() == "fn");
    let sig = input.parse::<Signature>();
    let has_body = input.peek(token::Brace);
    input.parse::<TokenStream>()?;
    match sig {
        Ok(sig) if has_body => Ok(sig),
        Err(error) if is_fn => Err(error),
        _ => Err(Error::new_spanned(
            start,
            "`#[authenticated]` goes on a route, which is a function",
        )),
    }
}

/// The one route attribute. The mistakes that explain why it is missing go first.
fn route_attr(routes: Vec<Attribute>, others: &[Attribute]) -> Result<Attribute> {
    if let Some(attr) = others.iter().find(|attr| is(attr, "authenticated")) {
        return Err(Error::new_spanned(attr, TWICE));
    }
    if let Some(attr) = others.iter().find(|attr| is(attr, "public")) {
        return Err(Error::new_spanned(attr, PUBLIC));
    }
    if let Some(attr) = others.iter().find(|attr| is(attr, "catch")) {
        return Err(Error::new_spanned(attr, CATCHER));
    }
    let mut routes = routes.into_iter();
    match (routes.next(), routes.next()) {
        (Some(route), None) => Ok(route),
        (Some(_), Some(second)) => Err(Error::new_spanned(second, SECOND_ROUTE)),
        (None, _) => Err(Error::new(Span::call_site(), NO_ROUTE)),
    }
}

pub(crate) const TWICE: &str = "`#[authenticated]` is given twice; write all arguments in one";

pub(crate) const PUBLIC: &str = "a route is protected or public: `#[authenticated]` and \
                                 `#[public]` exclude each other";

const CATCHER: &str = "`#[authenticated]` goes on a route, not on a catcher, \
                       which has to answer strangers too";

const SECOND_ROUTE: &str = "a second route attribute; write a function for each route";

// Rocket expands a route attribute above ours first and takes it away, so the two mistakes look
// the same from here.
const NO_ROUTE: &str = "no route attribute below `#[authenticated]`; write `#[authenticated]` \
                        directly above `#[get(..)]`, `#[post(..)]` or the like";

fn is_route(attr: &Attribute) -> bool {
    ["get", "put", "post", "delete", "head", "options", "patch", "route"]
        .iter()
        .any(|name| is(attr, name))
}

/// The path's parameters of one segment each; `None` if the path cannot be read,
/// and Rocket will say why.
fn parameters(route: &Attribute) -> Option<Vec<String>> {
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
        input.parse::<syn::Token![=]>()?;
    }
    input.parse()
}

/// Whether the attribute is `name` or `path::to::name`.
fn is(attr: &Attribute, name: &str) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == name)
}

fn check_signature(sig: &Signature) -> Result<()> {
    let mut errors = None;
    if let Some(unsafety) = sig.unsafety {
        let message = "a handler cannot be `unsafe`: Rocket calls it from safe code";
        collect(&mut errors, Err(Error::new_spanned(unsafety, message)));
    }
    for input in &sig.inputs {
        collect(&mut errors, check_parameter(input));
    }
    errors.map_or(Ok(()), Err)
}

fn check_parameter(input: &FnArg) -> Result<()> {
    match input {
        FnArg::Receiver(this) => Err(Error::new_spanned(
            this,
            "`#[authenticated]` goes on a route, which is a free function, not a method",
        )),
        FnArg::Typed(arg) => match &*arg.pat {
            Pat::Ident(_) => Ok(()),
            Pat::Wild(_) => Err(Error::new_spanned(
                &arg.pat,
                "handler arguments must be named; to name an ignored one, write `_name`",
            )),
            _ => Err(Error::new_spanned(
                &arg.pat,
                "handler arguments must be of the form `ident: Type`",
            )),
        },
    }
}

#[cfg(test)]
mod tests;

//! The function below the attribute.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Error, FnArg, Pat, Path, Result, Signature, Token, Type, Visibility};

use crate::errors::{both, collect};
use crate::guards::{self, is_user_info};
use crate::shim::param_name;
use crate::uri::Uri;

/// A function with a route attribute.
pub(crate) struct Route {
    pub(crate) route_attr: Attribute,
    /// The URI in it, if it can be read.
    pub(crate) uri: Option<Uri>,
    /// All other attributes. `#[cfg_attr(..)]` is not among them: the compiler resolves
    /// it first.
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
        let (sig, end) = signature(input)?;

        let (routes, attrs) = attrs.into_iter().partition::<Vec<_>, _>(is_route);
        let deprecated = attrs.iter().find(|attr| is(attr, "deprecated")).cloned();
        let (route_attr, ()) = both(route_attr(routes, &attrs), check_signature(&sig, end))?;
        let uri = Uri::of(&route_attr);
        Ok(Self { route_attr, uri, attrs, deprecated, vis, sig, function })
    }
}

impl Route {
    fn types(&self) -> impl Iterator<Item = &Type> {
        self.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(arg) => Some(&*arg.ty),
            FnArg::Receiver(_) => None,
        })
    }

    /// The types of the request guards.
    pub(crate) fn guards(&self) -> impl Iterator<Item = &Type> {
        self.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(arg) if self.is_guard(input) => Some(&*arg.ty),
            _ => None,
        })
    }

    /// Whether the parameter is a request guard.
    pub(crate) fn is_guard(&self, input: &FnArg) -> bool {
        let uri = self.uri.as_ref().zip(param_name(input));
        uri.is_some_and(|(uri, name)| uri.is_guard(name))
    }

    /// The types of the parameters that only `fetch_user_info` can serve.
    pub(crate) fn user_infos(&self) -> impl Iterator<Item = &Type> {
        self.types().filter(|ty| is_user_info(ty))
    }

    /// Those that only `resource` or `organization` can serve.
    pub(crate) fn tokens(&self, krate: &Path) -> impl Iterator<Item = (&Type, guards::Token)> {
        self.types().filter_map(move |ty| Some((ty, guards::token(ty, krate)?)))
    }
}

/// The item to leave next to an error: unchanged, but without the route attributes that
/// Rocket would report again, and with a body.
pub(crate) fn recovered(item: TokenStream) -> TokenStream {
    let recover = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_outer)?;
        let function = input.fork().parse::<TokenStream>()?;
        input.parse::<Visibility>()?;
        let (sig, end) = signature(input)?;

        let (routes, others) = attrs.into_iter().partition::<Vec<_>, _>(is_route);
        let route = routes.first().filter(|_| check_signature(&sig, end).is_ok());
        let body = end.map(|_| quote!({ loop {} }));
        let length = function.clone().into_iter().count() - usize::from(end.is_some());
        let function = function.into_iter().take(length);
        Ok(quote!(#(#others)* #route #(#function)* #body))
    };
    recover.parse2(item.clone()).unwrap_or(item)
}

/// Parses the signature, and leaves the body alone: a half-typed body must not hide the
/// route from the editor. Without a body there is a `;`.
fn signature(input: ParseStream<'_>) -> Result<(Signature, Option<Token![;]>)> {
    let start = input.cursor().token_stream().into_iter().next();
    let is_fn = input.cursor().token_stream().into_iter().any(|token| token.to_string() == "fn");
    let sig = input.parse::<Signature>();
    let end = input.parse::<Option<Token![;]>>()?;
    input.parse::<TokenStream>()?;
    match sig {
        Ok(sig) => Ok((sig, end)),
        Err(error) if is_fn => Err(error),
        Err(_) => Err(Error::new_spanned(
            start,
            "`#[authenticated]` goes on a route, which is a function",
        )),
    }
}

/// The one route attribute. Mistakes that explain why it is missing come first.
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

const SECOND_ROUTE: &str = "a second route attribute; write one function per route";

// Rocket expands a route attribute above ours first and takes it away, so the two mistakes look
// the same from here.
const NO_ROUTE: &str = "no route attribute below `#[authenticated]`; write `#[authenticated]` \
                        directly above `#[get(..)]`, `#[post(..)]` or the like, under Rocket's \
                        name and not an alias, as in `use rocket::get as g`";

fn is_route(attr: &Attribute) -> bool {
    ["get", "put", "post", "delete", "head", "options", "patch", "route"]
        .iter()
        .any(|name| is(attr, name))
}

/// Whether the attribute is `name` or `path::to::name`.
fn is(attr: &Attribute, name: &str) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == name)
}

fn check_signature(sig: &Signature, end: Option<Token![;]>) -> Result<()> {
    let mut errors = None;
    if let Some(semicolon) = end.filter(|_| sig.receiver().is_none()) {
        let message = "the handler has no body; write `{ .. }` in place of `;`";
        collect(&mut errors, Err(Error::new_spanned(semicolon, message)));
    }
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

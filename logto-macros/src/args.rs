//! The arguments between the parentheses.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Error, LitStr, Path, Result, parse_quote};

use crate::access::{Access, FLAGS, LISTS};
use crate::arg::{self, Arg};
use crate::errors::collect;
use crate::externs::is_unknown;
use crate::values::{self, Organization, not_on_this_site};

/// The arguments of `#[authenticated(..)]`.
pub(crate) struct Args {
    pub(crate) redirect: Redirect,
    pub(crate) fetch_user_info: bool,
    /// The API resource to fetch a token for.
    pub(crate) resource: Option<LitStr>,
    pub(crate) organization: Option<Organization>,
    pub(crate) allow_cross_origin: bool,
    pub(crate) access: Access,
    /// Whether the attribute is `#[public]`, which has none of these.
    pub(crate) public: bool,
    /// The path to `logto_rocket`, if it was given.
    given_crate: Option<Path>,
}

/// Where a stranger is sent.
pub(crate) enum Redirect {
    No,
    SignIn,
    To(LitStr),
}

/// The arguments as they come in; a slot is taken once.
#[derive(Default)]
struct Slots {
    redirect: Option<Redirect>,
    fetch_user_info: Option<bool>,
    resource: Option<LitStr>,
    organization: Option<Organization>,
    allow_cross_origin: Option<bool>,
    access: Access,
    krate: Option<Path>,
}

const NAMES: [&str; 6] =
    ["redirect", "fetch_user_info", "resource", "organization", "allow_cross_origin", "crate"];

const EXPECTED: &str = "`redirect`, `redirect = \"/path\"`, `fetch_user_info`, \
                        `resource = \"https://..\"`, `organization = \"<org>\"`, \
                        `allow_cross_origin`, `session`, `bearer`, a condition as \
                        `roles(\"admin\")` or `scopes(\"read:items\")`, or `crate = path`";

const UNKNOWN_CRATE: &str = "this crate does not know `logto_rocket` by that name; say where it \
                             is: `#[authenticated(crate = path::to::logto_rocket)]`";

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut slots = Slots::default();
        let mut errors = None;
        while !input.is_empty() {
            let arg = arg::next(input).and_then(argument);
            collect(&mut errors, arg.and_then(|arg| slots.fill(&arg)));
        }

        match errors {
            Some(error) => Err(error),
            None => Ok(Self {
                redirect: slots.redirect.unwrap_or(Redirect::No),
                fetch_user_info: slots.fetch_user_info.unwrap_or(false),
                resource: slots.resource,
                organization: slots.organization,
                allow_cross_origin: slots.allow_cross_origin.unwrap_or(false),
                access: slots.access,
                public: false,
                given_crate: slots.krate,
            }),
        }
    }
}

impl Args {
    /// The path to `logto_rocket`.
    pub(crate) fn krate(&self) -> Path {
        self.given_crate.clone().unwrap_or_else(|| parse_quote!(::logto_rocket))
    }

    /// Refuses to guess if the crate is not known by its name.
    pub(crate) fn with_known_crate(self) -> Result<Self> {
        match self.given_crate.is_none() && is_unknown("logto_rocket", std::env::args()) {
            true => Err(Error::new(Span::call_site(), UNKNOWN_CRATE)),
            false => Ok(self),
        }
    }

    /// The path to the items that the expansion uses.
    pub(crate) fn private(&self) -> TokenStream {
        let krate = self.krate();
        quote!(#krate::__private)
    }

    /// Whether the route needs more of the configuration than sign-in, or no sign-in at all.
    pub(crate) fn needs_something(&self) -> bool {
        self.access.is_bearer() || self.has_audience() || self.access.asks_roles()
    }

    /// Whether a token is for an API resource.
    pub(crate) fn has_resource(&self) -> bool {
        self.resource.is_some() || self.access.resource.is_some()
    }

    /// Whether the audience of a token is known.
    pub(crate) fn has_audience(&self) -> bool {
        self.has_resource() || self.organization.is_some()
    }
}

impl Slots {
    fn fill(&mut self, arg: &Arg) -> Result<()> {
        if self.access.fill(arg)? {
            return Ok(());
        }
        match arg.name.to_string().as_str() {
            "redirect" => arg.set(&mut self.redirect, redirect),
            "fetch_user_info" => arg.set(&mut self.fetch_user_info, flag),
            "resource" => arg.set(&mut self.resource, resource),
            "organization" => arg.set(&mut self.organization, organization),
            "allow_cross_origin" => arg.set(&mut self.allow_cross_origin, flag),
            "crate" => arg.set(&mut self.krate, Arg::krate),
            name => {
                let known = [&NAMES[..], &FLAGS, &LISTS].concat();
                Err(Error::new_spanned(&arg.name, arg::unknown(name, &known, EXPECTED)))
            }
        }
    }
}

fn argument(tokens: TokenStream) -> Result<Arg> {
    match syn::parse2::<LitStr>(tokens.clone()) {
        Ok(path) if path.value().starts_with('/') => {
            let message =
                format!("the path is the value of `redirect`; write `redirect = {}`", path.token());
            Err(Error::new(path.span(), message))
        }
        _ => Arg::parse(tokens, EXPECTED),
    }
}

fn redirect(arg: &Arg) -> Result<Redirect> {
    if let Some(path) = arg.string() {
        return match not_on_this_site(&path.value()) {
            Some(reason) => Err(Error::new(path.span(), reason)),
            None => Ok(Redirect::To(path)),
        };
    }
    match arg.flag() {
        Some(true) => Ok(Redirect::SignIn),
        Some(false) => Ok(Redirect::No),
        None => Err(arg.no_string("no value, or a path on this site: `redirect = \"/path\"`")),
    }
}

fn flag(arg: &Arg) -> Result<bool> {
    arg.flag().ok_or_else(|| arg.wrong_value("`true`, `false` or no value"))
}

fn resource(arg: &Arg) -> Result<LitStr> {
    let forms = "the indicator of an API resource: `resource = \"https://api.example.com\"`";
    arg.string().ok_or_else(|| arg.no_string(forms)).and_then(values::indicator)
}

fn organization(arg: &Arg) -> Result<Organization> {
    let forms = "a parameter of the route's path, or an id: `organization = \"<org>\"`";
    arg.string().ok_or_else(|| arg.no_string(forms)).and_then(Organization::new)
}

#[cfg(test)]
mod tests;

//! The attributes and the derive of `logto-rocket`; an implementation detail.
//!
//! Do not depend on this crate: its expansion names hidden items of `logto-rocket` of the same
//! version.

mod access;
mod arg;
mod args;
mod checks;
mod errors;
mod expand;
mod externs;
mod guards;
mod probe;
mod public;
mod resource;
mod route;
mod shim;
mod spelling;
mod uri;
mod values;

use proc_macro::TokenStream;

/// Admits only signed-in users to a route; see `logto_rocket::authenticated`.
#[proc_macro_attribute]
pub fn authenticated(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::authenticated(args.into(), item.into()).into()
}

/// Marks a route that anybody may use; see `logto_rocket::public`.
#[proc_macro_attribute]
pub fn public(args: TokenStream, item: TokenStream) -> TokenStream {
    public::public(args.into(), item.into()).into()
}

/// Makes a type stand for an API resource; see `logto_rocket::ApiResource`.
#[proc_macro_derive(ApiResource, attributes(resource, scope))]
pub fn api_resource(item: TokenStream) -> TokenStream {
    resource::derive(item.into()).into()
}

//! The attribute of `logto-rocket`; an implementation detail.
//!
//! Do not depend on this crate: its expansion names hidden items of `logto-rocket` of the same
//! version.

mod args;
mod errors;
mod expand;
mod route;
mod shim;
mod spelling;

use proc_macro::TokenStream;

/// Admits only signed-in users to a route; see `logto_rocket::authenticated`.
#[proc_macro_attribute]
pub fn authenticated(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::authenticated(args.into(), item.into()).into()
}

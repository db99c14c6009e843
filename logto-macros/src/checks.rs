//! What the attribute promises, against the function below it.

use quote::ToTokens;
use syn::{Error, Result};

use crate::args::Args;
use crate::errors::collect;
use crate::guards::Token;
use crate::route::Route;
use crate::spelling::is_close;
use crate::uri::Uri;
use crate::values::Organization;

pub(crate) fn check(args: &Args, route: &Route) -> Result<()> {
    let mut errors = None;
    collect(&mut errors, organization(args, route));
    for ty in route.user_infos().filter(|_| !args.fetch_user_info) {
        collect(&mut errors, refused(ty, NO_USER_INFO));
    }
    for (ty, token) in route.tokens(&args.krate) {
        let message = match (token, &args.resource, &args.organization) {
            (Token::Access, None, None) => NO_RESOURCE,
            (Token::Access, None, Some(_)) => ORGANIZATION_ALONE,
            (Token::Organization, _, None) => NO_ORGANIZATION,
            (Token::Organization, Some(_), Some(_)) => RESOURCE_TOO,
            (Token::Access, Some(_), _) | (Token::Organization, None, Some(_)) => continue,
        };
        collect(&mut errors, refused(ty, message));
    }
    errors.map_or(Ok(()), Err)
}

const NO_USER_INFO: &str = "`&UserInfo` is fetched only with `fetch_user_info`; \
                            add it, as in `#[authenticated(fetch_user_info)]`";

const NO_RESOURCE: &str = "`AccessToken` is fetched only with `resource`; add it, as in \
                           `#[authenticated(resource = \"https://api.example.com\")]`, \
                           or name the type of the resource: `AccessToken<Items>`";

const ORGANIZATION_ALONE: &str = "`AccessToken` is of an API resource, which the attribute does \
                                  not name; add `resource`, or take `OrganizationToken`";

const NO_ORGANIZATION: &str = "`OrganizationToken` is fetched only with `organization`; \
                               add it, as in `#[authenticated(organization = \"<org>\")]`";

const RESOURCE_TOO: &str = "with `resource`, the token of `organization` is one of the API \
                            resource; take `AccessToken`, or leave out `resource`";

fn refused(at: impl ToTokens, message: impl Into<String>) -> Result<()> {
    Err(Error::new_spanned(at, message.into()))
}

/// The organization's parameter is one of the route's path.
fn organization(args: &Args, route: &Route) -> Result<()> {
    let Some(Organization::Param(name, literal)) = &args.organization else { return Ok(()) };
    let Some(known) = route.uri.as_ref().map(Uri::segments) else { return Ok(()) };
    if known.contains(name) {
        return Ok(());
    }
    let close = |known: &&String| is_close(name, known) || is_close(known, name);
    let hint = match (known.iter().find(close), &*known) {
        (Some(name), _) => format!("did you mean `<{name}>`?"),
        (None, []) => format!("it has none; write `<{name}>` into the path"),
        (None, [one]) => format!("did you mean `<{one}>`?"),
        (None, several) => {
            let names: Vec<_> = several.iter().map(|name| format!("`<{name}>`")).collect();
            format!("those are {}", names.join(", "))
        }
    };
    refused(literal, format!("`<{name}>` is no parameter of the route's path; {hint}"))
}

#[cfg(test)]
mod tests;

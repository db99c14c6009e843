//! What the attribute promises, against the function below it.

use quote::ToTokens;
use syn::{Error, LitStr, Result};

use crate::args::Args;
use crate::errors::collect;
use crate::guards::{self, Identity, Token};
use crate::route::Route;
use crate::spelling::is_close;
use crate::uri::Uri;
use crate::values::Organization;

pub(crate) fn check(args: &Args, route: &Route) -> Result<()> {
    let mut errors = None;
    collect(&mut errors, organization(args, route));
    collect(&mut errors, resource(args));
    for ty in route.guards() {
        let message = of_identity(args, guards::identity(ty));
        let fetched = args.access.is_bearer() && guards::is_of_resource(ty, &args.krate());
        let message = message.or(fetched.then_some(NO_SESSION_TO_FETCH_FOR));
        collect(&mut errors, message.map_or(Ok(()), |message| refused(ty, message)));
    }
    for ty in route.user_infos() {
        collect(&mut errors, of_user_info(args).map_or(Ok(()), |message| refused(ty, message)));
    }
    for (ty, token) in route.tokens(&args.krate()) {
        collect(&mut errors, of_token(args, token).map_or(Ok(()), |message| refused(ty, message)));
    }
    errors.map_or(Ok(()), Err)
}

/// What is wrong with `&UserInfo` here.
pub(crate) fn of_user_info(args: &Args) -> Option<&'static str> {
    (!args.fetch_user_info).then_some(NO_USER_INFO)
}

/// What is wrong with the token here.
pub(crate) fn of_token(args: &Args, token: Token) -> Option<&'static str> {
    if args.access.is_bearer() {
        return Some(NO_SESSION_TOKEN);
    }
    match (token, args.has_resource(), args.organization.is_some()) {
        (Token::Access, false, false) => Some(NO_RESOURCE),
        (Token::Access, false, true) => Some(ORGANIZATION_ALONE),
        (Token::Organization, _, false) => Some(NO_ORGANIZATION),
        (Token::Organization, true, true) => Some(RESOURCE_TOO),
        (Token::Organization, false, true) if args.access.asks_organization_roles_alone() => {
            Some(ROLES_ALONE)
        }
        (Token::Access, true, _) | (Token::Organization, false, true) => None,
    }
}

/// What is wrong with a guard that needs a user's session, or a token, here.
fn of_identity(args: &Args, identity: Option<Identity>) -> Option<&'static str> {
    match identity? {
        Identity::Session if args.access.is_bearer() => Some(NO_SESSION),
        // With `bearer` too: a presented token has no such roles and is never let in.
        Identity::Token if args.access.asks_organization_roles_alone() && !args.has_resource() => {
            Some(ROLES_ALONE)
        }
        Identity::Token if args.access.is_bearer() => None,
        Identity::Token if !args.has_audience() => Some(NO_TOKEN),
        _ => None,
    }
}

/// The scopes of a type belong to its own resource.
fn resource(args: &Args) -> Result<()> {
    match (&args.resource, &args.access.resource) {
        (Some(literal), Some(_)) => refused(literal, "the type of the scopes is the resource"),
        _ => Ok(()),
    }
}

const NO_SESSION: &str = "with `bearer` there may be no session: a request that presents a token \
                          has none; take `&AuthInfo`, or `Option<&User>`";

const NO_SESSION_TOKEN: &str = "with `bearer` the token is the one the request presents, which \
                                must not be passed on; take `&AuthInfo`";

const NO_SESSION_TO_FETCH_FOR: &str = "with `bearer` there may be no session to fetch a token for: take \
                                       `&AuthInfo`, or an `Option` of this";

const NO_TOKEN: &str = "`&AuthInfo` comes from an access token; add `bearer`, or `resource`, as in \
                        `#[authenticated(bearer, resource = \"https://api.example.com\", \
                        scopes(\"read:items\"))]`";

const ROLES_ALONE: &str = "with `organization_roles` no token is fetched; add `scopes(..)`, or take \
                           `&User` (with `bearer`, `Option<&User>`)";

const NO_USER_INFO: &str = "`&UserInfo` is fetched only with `fetch_user_info`; \
                            add it, as in `#[authenticated(fetch_user_info)]`";

const NO_RESOURCE: &str = "`AccessToken` is fetched only with `resource`; add it, as in \
                           `#[authenticated(resource = \"https://api.example.com\")]`, \
                           or name the type of the resource: `AccessToken<Items>`";

const ORGANIZATION_ALONE: &str = "`AccessToken` is for an API resource, which the attribute does \
                                  not name; add `resource`, or take `OrganizationToken`";

const NO_ORGANIZATION: &str = "`OrganizationToken` is fetched only with `organization`; \
                               add it, as in `#[authenticated(organization = \"<org>\")]`";

const RESOURCE_TOO: &str = "with `resource`, the token of `organization` is for the API resource; \
                            take `AccessToken`, or leave out `resource`";

fn refused(at: impl ToTokens, message: impl Into<String>) -> Result<()> {
    Err(Error::new_spanned(at, message.into()))
}

/// The organization's parameter must be in the route's path.
fn organization(args: &Args, route: &Route) -> Result<()> {
    let Some(known) = route.uri.as_ref().map(Uri::segments) else { return Ok(()) };
    let (name, literal) = match &args.organization {
        Some(Organization::Param(name, literal)) => (name, literal),
        Some(Organization::Id(literal)) => return no_parameter(literal, &known),
        None => return Ok(()),
    };
    if known.contains(name) {
        return Ok(());
    }
    let close = |known: &&String| is_close(name, known) || is_close(known, name);
    let hint = match (known.iter().find(close), &*known) {
        (Some(name), _) => format!("did you mean `<{name}>`?"),
        (None, []) => format!("there is none; add `<{name}>` to the path"),
        (None, [one]) => format!("did you mean `<{one}>`?"),
        (None, several) => {
            let names: Vec<_> = several.iter().map(|name| format!("`<{name}>`")).collect();
            format!("those are {}", names.join(", "))
        }
    };
    refused(literal, format!("`<{name}>` is not a parameter of the route's path; {hint}"))
}

/// An id must not be the name of a parameter, such as `org` or `{org}`: that organization
/// has no members.
fn no_parameter(id: &LitStr, known: &[String]) -> Result<()> {
    let value = id.value();
    let name = value.trim_start_matches(['{', ':']).trim_end_matches('}');
    if !known.iter().any(|known| known == name) {
        return Ok(());
    }
    let message =
        format!("this is an organization's id; for the path's parameter write `\"<{name}>\"`");
    refused(id, message)
}

#[cfg(test)]
mod tests;

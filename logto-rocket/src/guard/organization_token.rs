use std::ops::Deref;

use rocket::outcome::Outcome as RocketOutcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Ignite, Rocket, Sentinel};

use super::{abort_without_sign_in, not_fetched};
use crate::error::Error;
use crate::request::RequestState;
use crate::token::AccessToken;

/// The signed-in user's token for the organization of the route. Its scopes are the
/// user's permissions there.
///
/// The attribute names the organization and fetches the token before the route runs:
/// [`#[authenticated(organization = "<org>")]`](macro@crate::authenticated). It derefs to
/// an [`AccessToken`] with the same contents.
///
/// # Request Guard
///
/// By value, cloned cheaply. The guard _succeeds_ on a route whose attribute, or whose
/// [`Policy`](crate::Policy), has `organization` and no `resource`. With the attribute,
/// anything else is a compile error; without it, the guard _fails_ with 500 Internal
/// Server Error. An application without [`Logto`](crate::Logto) attached does not launch.
///
/// # Example
///
/// ```rust
/// use logto_rocket::{OrganizationToken, authenticated};
/// use rocket::get;
///
/// #[authenticated(organization = "<org>")]
/// #[get("/<org>/members")]
/// fn members(org: &str, token: OrganizationToken) -> String {
///     format!("may invite to {org}: {}", token.has_scope("invite:member"))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct OrganizationToken(AccessToken);

impl Deref for OrganizationToken {
    type Target = AccessToken;

    fn deref(&self) -> &AccessToken {
        &self.0
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for OrganizationToken {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
        let fetched = RequestState::of(request).fetched(request.route());
        match fetched.filter(|fetched| fetched.audience.indicator().is_none()) {
            Some(fetched) => RocketOutcome::Success(Self(AccessToken::new(fetched.token))),
            None => not_fetched(
                "`OrganizationToken` needs a route with `organization` and without `resource`",
            ),
        }
    }
}

impl Sentinel for OrganizationToken {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        abort_without_sign_in(rocket, "the guard `OrganizationToken`")
    }
}

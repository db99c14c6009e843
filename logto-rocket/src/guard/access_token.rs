use rocket::outcome::Outcome as RocketOutcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Ignite, Rocket, Sentinel};

use super::{REFRESH, abort_without, abort_without_sign_in, not_attached, not_fetched, outcome};
use crate::logto::Logto;
use crate::request::{RequestState, Visit};
use crate::resource::{ApiResource, Needs};
use crate::token::{AccessToken, Audience};

/// The token that the attribute fetched.
#[rocket::async_trait]
impl<'r> FromRequest<'r> for AccessToken {
    type Error = crate::Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, crate::Error> {
        let fetched = RequestState::of(request).fetched(request.route());
        match fetched.filter(|fetched| fetched.audience.indicator().is_some()) {
            Some(fetched) => RocketOutcome::Success(Self::new(fetched.token)),
            None => not_fetched("`AccessToken` needs a route with `resource`"),
        }
    }
}

/// The token of this resource, in the organization of the route.
#[rocket::async_trait]
impl<'r, R: ApiResource> FromRequest<'r> for AccessToken<R> {
    type Error = crate::Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, crate::Error> {
        let Some(logto) = Logto::of(request) else { return not_attached() };
        let visit = Visit::of(request);
        let audience = audience(request, R::INDICATOR);
        let token = logto.access_token(visit, &audience).await;
        outcome(visit.state, token.map(|token| token.map(Self::new)))
    }
}

fn audience(request: &Request<'_>, indicator: &str) -> Audience {
    let resource = Audience::resource(indicator);
    let of_route = RequestState::of(request).fetched_audience(request.route());
    match of_route.as_ref().and_then(Audience::organization_id) {
        Some(organization) => resource.in_organization(organization),
        None => resource,
    }
}

impl Sentinel for AccessToken {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        abort_without_sign_in(rocket, "the guard `AccessToken`")
    }
}

impl<R: ApiResource> Sentinel for AccessToken<R> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        let guard = format!("the guard `AccessToken<{}>`", std::any::type_name::<R>());
        let scopes = [R::SCOPES, REFRESH, &[], &[]];
        let needs = Needs { resource: Some(R::INDICATOR), session: true, scopes };
        abort_without(rocket, &guard, needs)
    }
}

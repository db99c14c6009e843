use rocket::http::Status;
use rocket::outcome::Outcome as RocketOutcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Ignite, Rocket, Sentinel};

use super::{abort_without, abort_without_sign_in};
use crate::error::{Error, ErrorKind};
use crate::request::RequestState;
use crate::resource::Needs;

/// Proof that the wrapper around this very route let the request in.
///
/// The attribute puts it into the hidden route: as a sentinel it ends a launch
/// without the fairing or without sign-in, and as a guard it fails closed where the wrapper was lost.
#[derive(Debug)]
pub struct Gate(());

/// The gate of a route that needs something of the configuration. No sentinel, so
/// that Rocket asks the type in [`GateOf`], which knows what that is.
#[derive(Debug)]
pub struct NeedyGate(());

/// The gate of the route `R`. One type for all of them: a guard that is generic
/// would be compiled anew for each.
pub type GateOf<R> = <R as Needy>::Gate;

/// Where [`GateOf`] uses its parameter.
pub trait Needy {
    /// The gate.
    type Gate;
}

impl<R> Needy for R {
    type Gate = NeedyGate;
}

/// Ends a launch without the fairing or without what the route `name` needs.
pub fn abort_route(rocket: &Rocket<Ignite>, name: &str, needs: Needs) -> bool {
    abort_without(rocket, &format!("the route `{name}`"), needs)
}

fn check(request: &Request<'_>) -> Outcome<(), Error> {
    if RequestState::of(request).admits(request.route()) {
        return RocketOutcome::Success(());
    }
    let error = Error::new(ErrorKind::NotAuthenticated, "the route lost its protection");
    RocketOutcome::Error((Status::InternalServerError, error))
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Gate {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
        check(request).map(Self)
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for NeedyGate {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
        check(request).map(Self)
    }
}

impl Sentinel for Gate {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        abort_without_sign_in(rocket, "a protected route")
    }
}

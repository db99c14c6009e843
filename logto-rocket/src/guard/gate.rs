use std::fmt;
use std::marker::PhantomData;

use rocket::http::Status;
use rocket::outcome::Outcome as RocketOutcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Ignite, Rocket, Sentinel};

use super::{abort, abort_without};
use crate::error::{Error, ErrorKind};
use crate::resource::RouteNeeds;
use crate::state::marker::Marker;

/// Proof that the wrapper around this very route let the request in.
///
/// The attribute puts it into the hidden route: as a sentinel it ends a launch
/// without the fairing, and as a guard it fails closed where the wrapper was lost.
#[derive(Debug)]
pub struct Gate(());

/// The gate of a route that needs something of the configuration: as a sentinel it
/// also ends a launch without that.
pub struct GateOf<R>(PhantomData<fn() -> R>);

fn check(request: &Request<'_>) -> Outcome<(), Error> {
    if Marker::of(request).admits(request.route()) {
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
impl<'r, R> FromRequest<'r> for GateOf<R> {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
        check(request).map(|()| Self(PhantomData))
    }
}

impl Sentinel for Gate {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        abort(rocket)
    }
}

impl<R: RouteNeeds> Sentinel for GateOf<R> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        abort_without(rocket, &format!("the route `{}`", R::NAME), R::NEEDS)
    }
}

impl<R> fmt::Debug for GateOf<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GateOf")
    }
}

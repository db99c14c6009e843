use rocket::http::Status;
use rocket::outcome::Outcome as RocketOutcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Ignite, Rocket, Sentinel};

use super::abort;
use crate::error::{Error, ErrorKind};
use crate::state::marker::Marker;

/// Proof that the wrapper around this very route let the request in.
///
/// The attribute puts it into the hidden route: as a sentinel it ends a launch
/// without the fairing, and as a guard it fails closed where the wrapper was lost.
#[derive(Debug)]
pub struct Gate(());

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Gate {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
        if Marker::of(request).admits(request.route()) {
            return RocketOutcome::Success(Self(()));
        }
        let error = Error::new(ErrorKind::NotAuthenticated, "the route lost its protection");
        RocketOutcome::Error((Status::InternalServerError, error))
    }
}

impl Sentinel for Gate {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        abort(rocket)
    }
}

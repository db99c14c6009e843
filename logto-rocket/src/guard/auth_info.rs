use rocket::outcome::Outcome as RocketOutcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Ignite, Rocket, Sentinel};

use super::{abort, not_fetched};
use crate::auth_info::AuthInfo;
use crate::error::Error;
use crate::request::RequestState;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r AuthInfo {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
        match RequestState::of(request).auth(request.route()) {
            Some(auth) => RocketOutcome::Success(auth),
            None => {
                not_fetched("`&AuthInfo` needs a route with `bearer`, `resource` or `organization`")
            }
        }
    }
}

impl Sentinel for &AuthInfo {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        abort(rocket)
    }
}

//! Request guards.

mod access_token;
mod auth_info;
mod by_value;
mod gate;
mod logto_client;
mod organization_token;
mod probe;

use std::sync::Arc;

use rocket::http::Status;
use rocket::outcome::Outcome as RocketOutcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Ignite, Rocket, Sentinel};

pub use self::by_value::{Bare, ByValue, Giver, Gives};
pub use self::gate::{Gate, abort_route, sentry_of};
pub use self::logto_client::LogtoClient;
pub use self::organization_token::OrganizationToken;
pub use self::probe::{Probe, Probed, Unprobed};
use crate::claims::{IdTokenClaims, User, UserInfo};
use crate::error::{Error, ErrorKind, Result};
use crate::logto::Logto;
use crate::request::{RequestState, RequestUser, Visit};
use crate::resource::Needs;
use crate::scope::{UserScope, requested_resources, requested_scopes};
use crate::warning;

/// What is known about the signed-in user; `None` for a stranger.
async fn person<'r>(logto: &Logto, visit: Visit<'r>) -> Result<Option<&'r RequestUser>> {
    let Some(session) = logto.session(visit).await? else { return Ok(None) };
    let person = visit.state.user(&session);
    if person.claims.get().is_none() {
        let _ = person.claims.set(Arc::clone(session.record.id_token_claims()?));
    }
    Ok(Some(person))
}

/// The signed-in user's ID token claims; `None` for a stranger.
pub(crate) async fn id_token_claims<'r>(
    logto: &Logto,
    visit: Visit<'r>,
) -> Result<Option<&'r IdTokenClaims>> {
    let person = person(logto, visit).await?;
    Ok(person.and_then(|person| person.claims.get()).map(|claims| &**claims))
}

/// The signed-in user, with the user info if the request has fetched it.
pub(crate) async fn user<'r>(logto: &Logto, visit: Visit<'r>) -> Result<Option<&'r User>> {
    let Some(person) = person(logto, visit).await? else { return Ok(None) };
    let Some(claims) = person.claims.get() else { return Ok(None) };
    let claims = || Arc::clone(claims);
    Ok(Some(match person.info.get() {
        Some(Ok(info)) => {
            person.user_with_info.get_or_init(|| User::new(claims(), Some(info.clone())))
        }
        _ => person.user.get_or_init(|| User::new(claims(), None)),
    }))
}

/// The outcome of a guard: strangers forward with 401, failures fail with their status.
fn outcome<T>(state: &RequestState, result: Result<Option<T>>) -> Outcome<T, Error> {
    match result {
        Ok(Some(value)) => RocketOutcome::Success(value),
        Ok(None) => RocketOutcome::Forward(Status::Unauthorized),
        Err(error) if error.is_stranger() => RocketOutcome::Forward(Status::Unauthorized),
        Err(error) => {
            warning::warn("a guard failed", &error);
            state.fail(&error);
            RocketOutcome::Error((error.status(), error))
        }
    }
}

/// Aborts the launch if the fairing is missing, and says what to do.
fn abort(rocket: &Rocket<Ignite>) -> bool {
    let missing = rocket.state::<Logto>().is_none();
    if missing {
        log::error!("logto: `Logto` is not attached; add `.attach(Logto::fairing())`");
    }
    missing
}

/// Aborts the launch also if there is no sign-in.
fn abort_without_sign_in(rocket: &Rocket<Ignite>, whose: &str) -> bool {
    let Some(logto) = rocket.state::<Logto>() else { return abort(rocket) };
    if !logto.signs_in() {
        log::error!(
            "logto: {whose} needs sign-in, but the configuration has no `app_id`; set it under \
             `[default.logto]` in Rocket.toml or as LOGTO_APP_ID in the environment"
        );
    }
    !logto.signs_in()
}

/// Aborts the launch also if the configuration does not have the resource's name, or sign-ins
/// do not request what a token needs, and says what to add.
fn abort_without(rocket: &Rocket<Ignite>, whose: &str, needs: Needs) -> bool {
    let Some(logto) = rocket.state::<Logto>() else { return abort(rocket) };
    let config = &logto.config();
    let resource = needs.resource.map(|given| config.resources.indicator(given)).transpose();
    let resource = match resource {
        Ok(resource) => resource,
        Err(error) => {
            log::error!("logto: {whose}: {}", error.detail());
            return true;
        }
    };
    if !needs.session {
        return false;
    }
    if abort_without_sign_in(rocket, whose) {
        return true;
    }
    let options = config.sign_in_options();
    let resources = requested_resources(&options.scopes, &options.resources);
    let scopes = requested_scopes(config.include_reserved_scopes, &options.scopes);
    let missing = needs.missing(resource, &resources, &scopes);
    if let Some((what, add)) = &missing {
        log::error!(
            "logto: {whose} requires {what}, which sign-ins do not request; add {add} under \
             `[default.logto]` in Rocket.toml, or in the code that configures `Logto::fairing()`"
        );
    }
    missing.is_some()
}

/// Further tokens need a refresh token.
pub(crate) const REFRESH: &[&str] = &[UserScope::OfflineAccess.as_str()];

/// Fails if the route has no token to give: a mistake in the application's code.
fn not_fetched<T>(detail: &'static str) -> Outcome<T, Error> {
    log::error!("logto: {detail}");
    let error = Error::new(ErrorKind::InvalidOptions, detail);
    RocketOutcome::Error((Status::InternalServerError, error))
}

fn not_attached<T>() -> Outcome<T, Error> {
    let error = Error::new(ErrorKind::NotAuthenticated, "`Logto::fairing()` is not attached");
    RocketOutcome::Error((Status::InternalServerError, error))
}

macro_rules! guard {
    ($type:ty, $read:expr) => {
        #[rocket::async_trait]
        impl<'r> FromRequest<'r> for &'r $type {
            type Error = Error;

            async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
                let Some(logto) = Logto::of(request) else { return not_attached() };
                let visit = Visit::of(request);
                outcome(visit.state, $read(logto, visit).await)
            }
        }

        impl Sentinel for &$type {
            fn abort(rocket: &Rocket<Ignite>) -> bool {
                abort_without_sign_in(rocket, concat!("the guard `&", stringify!($type), "`"))
            }
        }
    };
}

guard!(User, user);
guard!(IdTokenClaims, id_token_claims);
guard!(UserInfo, Logto::user_info);

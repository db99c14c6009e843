//! The wrapper around a route: it authorizes before any part of the route runs.

mod bearer;
mod organization;
mod policy;
mod resource;
mod rules;

use std::future::ready;
use std::panic::Location;
use std::sync::Arc;

use rocket::Data;
use rocket::http::Status;
use rocket::request::Request;
use rocket::route::{BoxFuture, Handler, Outcome, Route, StaticInfo};
use rocket::sentinel::Sentry;

use self::organization::Segment;
pub use self::policy::Policy;
use self::resource::Resource;
use crate::answer::{self, Stranger};
use crate::claims::User;
use crate::conditions::{Facts, Needed};
use crate::error::{ErrorKind, Result};
use crate::guard::{self, Gate};
use crate::logto::Logto;
use crate::mark::{Asked, For, RouteMark};
use crate::request::{Fetched, RequestState, Visit};
use crate::session::Session;
use crate::token::Audience;
use crate::warning;

/// Protects routes that do not have the attribute.
///
/// No part of a route runs for a stranger: no guard, no parsing of path, query or body.
/// Unlike the attribute it cannot detect at launch that [`Logto`](crate::Logto) is not
/// attached, that the configuration has no resource with the policy's name, or that the
/// policy admits sessions but there is no sign-in; then its routes answer 500 Internal
/// Server Error and log where they were protected. Nor does it detect that the
/// configuration does not ask for what the policy fetches; then they answer 403 Forbidden
/// and log what to add. Everything else is as with the
/// [attribute](macro@crate::authenticated), including 403 Forbidden for requests from
/// other origins.
///
/// # Panics
///
/// The policy's [`organization`](Policy::organization) is a parameter that one of
/// the routes does not have, one of them is [public](crate::public()), or the policy
/// contradicts itself; the message says what to write.
///
/// # Example
///
/// ```rust
/// use logto_rocket::{Logto, Policy, protect};
/// use rocket::fs::FileServer;
///
/// # fn app() -> rocket::Rocket<rocket::Build> {
/// rocket::build()
///     .attach(Logto::fairing())
///     .mount("/files", protect(FileServer::from("/srv/files"), Policy::new().redirect()))
/// # }
/// ```
#[track_caller]
pub fn protect(routes: impl Into<Vec<Route>>, policy: Policy) -> Vec<Route> {
    let policy = policy.checked();
    let origin = Origin::Call(Location::caller());
    let mut protected = Vec::new();
    for route in routes.into() {
        protected.push(wrap(route, policy, origin));
    }
    protected
}

/// Protects the route that the attribute created.
#[track_caller]
pub fn protect_route(info: StaticInfo, name: &'static str, policy: &'static Policy) -> Route {
    protect_needy(info, name, policy, Gate::sentry())
}

/// Protects a route that needs more of the configuration, which `sentry` checks at
/// launch.
#[track_caller]
pub fn protect_needy(
    mut info: StaticInfo,
    name: &'static str,
    policy: &'static Policy,
    mut sentry: Sentry,
) -> Route {
    let at = Location::caller();
    sentry.location = (at.file(), at.line(), at.column());
    info.sentinels.push(sentry);
    let mut route = wrap(info.into(), *policy, Origin::Attribute(name));
    route.name = Some(name.into());
    route
}

#[track_caller]
fn wrap(mut route: Route, policy: Policy, origin: Origin) -> Route {
    let place = policy.organization.map(|organization| organization.place(&route));
    assert!(place != Some(None), "no parameter in the path of `{}` is the organization", route.uri);
    let mark = RouteMark::of(&route);
    assert!(mark != Some(For::Everybody), "`{}` is public and cannot be protected too", route.uri);
    let (inner, _mark) = (Arc::from(route.handler), RouteMark::new(whom(&policy)));
    let (place, resource) = (place.flatten(), policy.resource.map(Resource::new));
    route.handler = Box::new(Protected { inner, policy, place, resource, origin, _mark });
    route
}

fn whom(policy: &Policy) -> For {
    let Needed { all, any } = policy.conditions.scopes;
    match policy.resource.filter(|_| policy.bearer) {
        Some(resource) => For::Clients(Asked { resource, scopes: [all, any] }),
        None => For::Users,
    }
}

/// Where a route was protected, for the log.
#[derive(Clone, Copy)]
enum Origin {
    Attribute(&'static str),
    Call(&'static Location<'static>),
}

#[derive(Clone)]
struct Protected {
    inner: Arc<dyn Handler>,
    policy: Policy,
    /// Where the policy's organization is in the path.
    place: Option<Segment>,
    /// The resource of the policy.
    resource: Option<Resource>,
    origin: Origin,
    _mark: RouteMark,
}

/// The caller, as the policy sees it.
enum Verdict {
    /// A user, and the token that was fetched for the route.
    Admitted(Option<Fetched>),
    /// A stranger, and what they get.
    Stranger(Stranger),
}

impl Handler for Protected {
    // Written by hand: if nothing has to wait, the handler's future is returned as is.
    // Another one around it would cost more than checking the session.
    fn handle<'r, 'a, 'b, 'f>(
        &'a self,
        request: &'r Request<'b>,
        data: Data<'r>,
    ) -> BoxFuture<'f, Outcome<'r>>
    where
        'r: 'f,
        'a: 'f,
        'b: 'f,
        Self: 'f,
    {
        let Some(logto) = Logto::of(request) else {
            return self.fail("`Logto` is not attached; add `.attach(Logto::fairing())`");
        };
        if let Err(error) = self.indicator(logto) {
            return self.fail(error.detail());
        }
        if self.policy.takes_sessions() && !logto.signs_in() {
            return self.fail("they need sign-in, but the configuration has no `app_id`; add it");
        }
        if self.policy.bearer {
            return self.handle_token(logto, request, data);
        }
        let visit = Visit::of(request);
        match self.is_known_at_once(logto, visit) {
            Some(true) if self.check_origin(logto, request).is_ok() => {
                self.inner.handle(request, data)
            }
            Some(false) if data.peek_complete() => {
                let answer = answer::stranger(logto, request, self.policy.stranger);
                Box::pin(ready(answer.outcome(request)))
            }
            Some(false) => Box::pin(self.refuse(logto, request, data)),
            // A forged request too, as `on_error` may be slow.
            Some(true) | None => Box::pin(self.handle_in_time(logto, request, data)),
        }
    }
}

impl Protected {
    /// Whether the caller is a user for whom nothing has to be fetched; `None` if finding
    /// out has to wait.
    fn is_known_at_once(&self, logto: &Logto, visit: Visit<'_>) -> Option<bool> {
        // Every field by name: a new condition of a policy must be decided here.
        let Policy {
            stranger: _,
            fetch_user_info,
            resource,
            organization,
            allow_cross_origin: _,
            session: _,
            bearer: _,
            conditions,
            any_client: _,
            any_organization: _,
        } = self.policy;
        let session = logto.session_at_once(visit)?;
        let waits = fetch_user_info
            || resource.is_some()
            || organization.is_some()
            || !conditions.is_none() && !self.has_roles_at_hand(logto, session.as_ref());
        (!waits || session.is_none()).then_some(session.is_some())
    }

    /// Whether the roles in the ID token are the only condition, and are fresh and
    /// sufficient.
    fn has_roles_at_hand(&self, logto: &Logto, session: Option<&Session>) -> bool {
        let Some(session) = session.filter(|session| logto.has_fresh_roles(session)) else {
            return false;
        };
        let roles = session.user().map(|user| self.has_roles(&user));
        roles.is_ok_and(|has_roles| has_roles)
    }

    fn has_roles(&self, user: &User) -> bool {
        let roles = user.roles().unwrap_or_default();
        self.policy.conditions.check(&Facts { roles: &roles, ..Facts::default() }).is_ok()
    }

    /// Answers a stranger's request that has a body.
    async fn refuse<'r>(
        &self,
        logto: &Logto,
        request: &'r Request<'_>,
        data: Data<'r>,
    ) -> Outcome<'r> {
        answer::drain(logto, request, data).await;
        answer::stranger(logto, request, self.policy.stranger).outcome(request)
    }

    async fn handle_in_time<'r>(
        &self,
        logto: &Logto,
        request: &'r Request<'_>,
        data: Data<'r>,
    ) -> Outcome<'r> {
        match self.authorize(logto, request).await {
            Ok(Verdict::Admitted(fetched)) => {
                if let Some(fetched) = fetched {
                    RequestState::of(request).keep(request.route(), fetched);
                }
                self.inner.handle(request, data).await
            }
            Ok(Verdict::Stranger(gets)) => {
                answer::drain(logto, request, data).await;
                answer::stranger(logto, request, gets).outcome(request)
            }
            Err(error) => {
                answer::drain(logto, request, data).await;
                let answer = answer::failure(request, &error);
                answer::rendered(logto, request, &error, answer).await
            }
        }
    }

    async fn authorize(&self, logto: &Logto, request: &Request<'_>) -> Result<Verdict> {
        match self.is_known(logto, Visit::of(request)).await {
            Err(error) if error.is_stranger() => Ok(Verdict::Stranger(self.policy.stranger)),
            Err(error) => Err(error),
            Ok(false) => Ok(Verdict::Stranger(self.policy.stranger)),
            Ok(true) => {
                self.check_origin(logto, request)?;
                match self.fetch(logto, request).await? {
                    Verdict::Admitted(fetched) => self.check(logto, request, fetched).await,
                    stranger => Ok(stranger),
                }
            }
        }
    }

    /// Checks that no page from another origin forged the user's request.
    fn check_origin(&self, logto: &Logto, request: &Request<'_>) -> Result<()> {
        match self.policy.allow_cross_origin {
            true => Ok(()),
            false => logto.origins().check(request),
        }
    }

    async fn is_known(&self, logto: &Logto, visit: Visit<'_>) -> Result<bool> {
        Ok(match self.policy.fetch_user_info {
            true => logto.user_info(visit).await?.is_some(),
            false => logto.session(visit).await?.is_some(),
        })
    }

    /// Checks the policy's conditions on a user.
    async fn check(
        &self,
        logto: &Logto,
        request: &Request<'_>,
        fetched: Option<Fetched>,
    ) -> Result<Verdict> {
        let conditions = &self.policy.conditions;
        if conditions.is_none() {
            return Ok(Verdict::Admitted(fetched));
        }
        let visit = Visit::of(request);
        let Some(session) = logto.session(visit).await? else {
            return Ok(Verdict::Stranger(self.policy.stranger));
        };
        // Roles that can no longer be renewed: only a new sign-in can.
        if conditions.ask_roles() && !logto.has_fresh_roles(&session) {
            return Ok(Verdict::Stranger(self.policy.stranger));
        }
        let Some(user) = guard::user(logto, visit).await? else {
            return Ok(Verdict::Stranger(self.policy.stranger));
        };
        let organization = self.place.map(|place| place.id(request)).transpose()?;
        let organization_roles = user.organization_roles().unwrap_or_default();
        let here = organization_roles.iter().filter(|role| Some(role.organization) == organization);
        let scope = fetched.as_ref().map(|fetched| fetched.token.scope()).unwrap_or_default();
        conditions.check(&Facts {
            scopes: &scope.split_ascii_whitespace().collect::<Vec<_>>(),
            roles: &user.roles().unwrap_or_default(),
            organization_roles: &here.map(|role| role.role).collect::<Vec<_>>(),
            ..Facts::default()
        })?;
        Ok(Verdict::Admitted(fetched))
    }

    /// Fetches the token that the policy names, if it names one.
    async fn fetch(&self, logto: &Logto, request: &Request<'_>) -> Result<Verdict> {
        let Some(audience) = self.audience(logto, request)?.filter(|_| self.policy.fetches_token())
        else {
            return Ok(Verdict::Admitted(None));
        };
        match logto.access_token(Visit::of(request), &audience).await {
            Ok(Some(token)) => Ok(Verdict::Admitted(Some(Fetched { audience, token }))),
            // Without a refresh token there will be none after the next sign-in either, and
            // redirects would never end.
            Err(error) if error.kind() == ErrorKind::NotAuthenticated => {
                warning::warn("a user was denied access", &error);
                Ok(Verdict::Stranger(Stranger::Unauthorized))
            }
            Err(error) if !error.is_stranger() => Err(error),
            Ok(None) | Err(_) => Ok(Verdict::Stranger(self.policy.stranger)),
        }
    }

    fn audience(&self, logto: &Logto, request: &Request<'_>) -> Result<Option<Audience>> {
        let organization = self.place.map(|place| place.id(request)).transpose()?;
        Ok(match (self.indicator(logto)?, organization) {
            (None, None) => None,
            (None, Some(id)) => Some(Audience::organization(id)),
            (Some(indicator), None) => Some(Audience::resource(indicator)),
            (Some(indicator), Some(id)) => Some(Audience::resource(indicator).in_organization(id)),
        })
    }

    /// The indicator of the policy's resource.
    ///
    /// # Errors
    ///
    /// The configuration does not have its name.
    fn indicator(&self, logto: &Logto) -> Result<Option<&str>> {
        self.resource.as_ref().map(|resource| resource.indicator(logto)).transpose()
    }

    /// Answers for a mistake of the application that the launch could not detect.
    fn fail<'f, 'r: 'f>(&self, mistake: &str) -> BoxFuture<'f, Outcome<'r>> {
        match self.origin {
            Origin::Attribute(name) => log::error!("logto: `{name}`: {mistake}"),
            Origin::Call(at) => log::error!("logto: routes protected at {at}: {mistake}"),
        }
        Box::pin(ready(Outcome::Error(Status::InternalServerError)))
    }
}

//! The wrapper around a route: it authorizes first, and only then anything of the
//! route runs.

use std::future::ready;
use std::panic::Location;
use std::sync::Arc;

use rocket::Data;
use rocket::http::Status;
use rocket::request::Request;
use rocket::route::{BoxFuture, Handler, Outcome, Route};

use crate::answer::{self, Stranger};
use crate::error::Result;
use crate::state::Logto;
use crate::state::marker::Visit;

/// Who may use a route, and what strangers get.
///
/// [`#[authenticated]`](macro@crate::authenticated) makes one of its arguments;
/// [`protect()`] takes one.
///
/// # Example
///
/// ```rust
/// use logto_rocket::Policy;
///
/// const PAGES: Policy = Policy::new().redirect();
/// # assert_ne!(PAGES, Policy::new());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    stranger: Stranger,
    fetch_user_info: bool,
}

impl Policy {
    /// Signed-in users only; strangers get 401 Unauthorized.
    pub const fn new() -> Self {
        Self { stranger: Stranger::Unauthorized, fetch_user_info: false }
    }

    /// Sends strangers who navigate to the sign-in route, and back afterwards.
    #[must_use]
    pub const fn redirect(mut self) -> Self {
        self.stranger = Stranger::SignIn;
        self
    }

    /// Sends strangers who navigate to a page of this site.
    ///
    /// # Panics
    ///
    /// `path` is not a path of this site: it must begin with one `/` and have no
    /// `\` or control characters.
    #[must_use]
    pub const fn redirect_to(mut self, path: &'static str) -> Self {
        assert!(is_local(path.as_bytes()), "`redirect` takes a path of this site, as \"/welcome\"");
        self.stranger = Stranger::Page(path);
        self
    }

    /// Fetches the user info before the handler runs.
    #[must_use]
    pub const fn fetch_user_info(mut self) -> Self {
        self.fetch_user_info = true;
        self
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

const fn is_local(path: &[u8]) -> bool {
    if path.is_empty() || path[0] != b'/' || path.len() > 1 && path[1] == b'/' {
        return false;
    }
    let mut at = 0;
    while at < path.len() {
        if !path[at].is_ascii_graphic() || path[at] == b'\\' {
            return false;
        }
        at += 1;
    }
    true
}

/// Protects routes that were made without the attribute.
///
/// Nothing of a route runs for a stranger: no guard, no parsing of path, query or
/// body. Unlike the attribute it cannot notice at launch that
/// [`Logto`](crate::Logto) is not attached; then its routes answer 500 Internal
/// Server Error and log where they were protected.
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
    let origin = Origin::Call(Location::caller());
    routes.into().into_iter().map(|route| wrap(route, policy, origin)).collect()
}

/// Protects the route that the attribute made.
pub fn protect_route(route: Route, name: &'static str, policy: &'static Policy) -> Route {
    let mut route = wrap(route, *policy, Origin::Attribute(name));
    route.name = Some(name.into());
    route
}

fn wrap(mut route: Route, policy: Policy, origin: Origin) -> Route {
    let inner = Arc::from(route.handler);
    route.handler = Box::new(Protected { inner, policy, origin });
    route
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
    origin: Origin,
}

impl Handler for Protected {
    // Written out, as where nothing has to be waited for the handler's future is all
    // there is: another one around it would cost more than the look at the session.
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
            self.log_missing_fairing();
            return Box::pin(ready(Outcome::Error(Status::InternalServerError)));
        };
        let visit = Visit::of(request);
        let deny = || answer::stranger(logto, request, self.policy.stranger).outcome(request);
        match self.is_authorized_at_once(logto, visit) {
            Some(true) => {
                visit.marker.admit(request.route());
                self.inner.handle(request, data)
            }
            Some(false) => Box::pin(ready(deny())),
            None => Box::pin(async move {
                match self.is_authorized(logto, visit).await {
                    Ok(true) => {
                        visit.marker.admit(request.route());
                        self.inner.handle(request, data).await
                    }
                    Ok(false) => deny(),
                    Err(error) => answer::failure(request, &error).outcome(request),
                }
            }),
        }
    }
}

impl Protected {
    /// Whether the user may; `None` if that has to be waited for.
    fn is_authorized_at_once(&self, logto: &Logto, visit: Visit<'_>) -> Option<bool> {
        // Every field by name: what a policy asks for in future is decided on here.
        let Policy { stranger: _, fetch_user_info } = self.policy;
        let session = logto.session_at_once(visit)?;
        (!fetch_user_info || session.is_none()).then_some(session.is_some())
    }

    async fn is_authorized(&self, logto: &Logto, visit: Visit<'_>) -> Result<bool> {
        if !self.policy.fetch_user_info {
            return Ok(logto.session(visit).await?.is_some());
        }
        match logto.user_info(visit).await {
            Err(error) if error.is_stranger() => Ok(false),
            info => Ok(info?.is_some()),
        }
    }

    fn log_missing_fairing(&self) {
        match self.origin {
            Origin::Attribute(name) => log::error!("logto: `{name}`: `Logto` is not attached"),
            Origin::Call(location) => log::error!(
                "logto: routes protected at {location}: `Logto` is not attached; \
                 add `.attach(Logto::fairing())`"
            ),
        }
    }
}

//! Marks for routes: protected ones, and those open to anybody.
//!
//! A route is marked by its handler alone: a name or an address can be copied to another route,
//! and a list of marked routes would have to be kept correct. Rocket hides the type of a
//! handler but can clone it, and a [`RouteMark`] in the handler notes where it was cloned. If
//! code clones a route's handler and then finds a note from inside that same allocation, the
//! handler itself has the mark. So a mark exists exactly as long as the wrapper, wherever the
//! route is mounted; an application's handler that wraps a marked one has none.

use std::cell::Cell;
use std::sync::Arc;

use rocket::Data;
use rocket::request::Request;
use rocket::route::{BoxFuture, Handler, Outcome, Route, StaticInfo};

thread_local! {
    /// The mark that this thread cloned last, and where it was.
    static CLONED: Cell<Option<(usize, For)>> = const { Cell::new(None) };
}

/// Whom a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    Users,
    /// Clients with a token for a resource, and users if the policy admits them too.
    Clients(Asked),
    Everybody,
}

/// What a route requires of presented tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// By its indicator, or by its name in the configuration.
    pub(crate) resource: &'static str,
    pub(crate) scopes: [&'static [&'static str]; 2],
}

/// A part of a handler that marks whom it is for.
///
/// Other handlers inside the same one must be in an [`Arc`]: otherwise their marks would
/// be noted in place of this one.
#[derive(Debug)]
pub(crate) struct RouteMark(For);

impl RouteMark {
    pub(crate) fn new(whom: For) -> Self {
        Self(whom)
    }

    /// Whom the route is for, if one of our wrappers is its handler.
    pub(crate) fn of(route: &Route) -> Option<For> {
        // `Handler` is not `Any`, so its type is unknown; cloning runs our `Clone`.
        CLONED.set(None);
        drop(route.handler.clone());
        let (place, whom) = CLONED.take()?;
        // An application's handler may contain a marked one, whose clone leaves a note too,
        // although its own routes are not protected. The inner one is in its own box, as its
        // type is private to this crate: only a mark within this handler's own memory belongs
        // to it.
        let handler = &*route.handler;
        let start = std::ptr::from_ref(handler).addr();
        (start..start + size_of_val(handler)).contains(&place).then_some(whom)
    }
}

impl Clone for RouteMark {
    fn clone(&self) -> Self {
        CLONED.set(Some((std::ptr::from_ref(self).addr(), self.0)));
        Self(self.0)
    }
}

/// Marks routes that anybody may use, if
/// [`deny_unprotected()`](crate::LogtoFairing::deny_unprotected) requires a decision.
///
/// The routes stay as they are. For routes with a Rocket attribute there is
/// [`#[public]`](macro@crate::public).
///
/// # Panics
///
/// One of the routes is protected, by [`#[authenticated]`](macro@crate::authenticated) or
/// [`protect()`](crate::protect()), which panics in turn for a public one.
///
/// # Example
///
/// ```rust
/// use logto_rocket::{Logto, public};
/// use rocket::fs::FileServer;
///
/// # fn app() -> rocket::Rocket<rocket::Build> {
/// rocket::build()
///     .attach(Logto::fairing().deny_unprotected("/"))
///     .mount("/assets", public(FileServer::from("/srv/assets")))
/// # }
/// ```
#[track_caller]
pub fn public(routes: impl Into<Vec<Route>>) -> Vec<Route> {
    let mut marked = Vec::new();
    for route in routes.into() {
        assert!(
            RouteMark::of(&route).is_none_or(|whom| whom == For::Everybody),
            "`{}` is protected and cannot be public too",
            route.uri
        );
        marked.push(open(route));
    }
    marked
}

/// Marks the route that `#[public]` made.
pub fn public_route(info: StaticInfo, name: &'static str) -> Route {
    let mut route = open(info.into());
    route.name = Some(name.into());
    route
}

/// The same route, marked as open to anybody.
pub(crate) fn open(mut route: Route) -> Route {
    let inner = Arc::from(route.handler);
    route.handler = Box::new(Open { inner, _mark: RouteMark::new(For::Everybody) });
    route
}

#[derive(Clone)]
struct Open {
    inner: Arc<dyn Handler>,
    _mark: RouteMark,
}

impl Handler for Open {
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
        self.inner.handle(request, data)
    }
}

#[cfg(test)]
mod tests {
    use rocket::http::Method;
    use rocket::route::dummy_handler;

    use super::*;

    fn route() -> Route {
        Route::new(Method::Get, "/<id>?<query>", dummy_handler)
    }

    /// An application's handler that contains another one.
    #[derive(Clone)]
    struct Around(Box<dyn Handler>);

    #[rocket::async_trait]
    impl Handler for Around {
        async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
            self.0.handle(request, data).await
        }
    }

    /// A zero-sized handler, whose box has no allocation.
    #[derive(Clone)]
    struct Nothing;

    #[rocket::async_trait]
    impl Handler for Nothing {
        async fn handle<'r>(&self, _: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
            Outcome::forward(data, rocket::http::Status::NotFound)
        }
    }

    /// H22: everything that Rocket does with a route until launch.
    #[test]
    fn a_mark_stays_with_clones_of_the_route_and_at_another_base() {
        let marked = open(route());
        assert_eq!(RouteMark::of(&route()), None);
        assert_eq!(RouteMark::of(&marked), Some(For::Everybody));
        let mounted = marked.clone().map_base(|_| "/base".to_owned()).expect("a base");
        for clone in [marked.clone(), mounted.clone(), marked.clone().clone()] {
            drop(marked.clone());
            assert_eq!(RouteMark::of(&clone), Some(For::Everybody));
        }
        let rocket = rocket::custom(rocket::Config::debug_default()).mount("/", [mounted]);
        assert!(rocket.routes().all(|route| RouteMark::of(route) == Some(For::Everybody)));
    }

    /// H22: a mark belongs to the handler alone, whatever else was cloned before or
    /// inside.
    #[test]
    fn a_mark_does_not_come_from_a_name_a_neighbour_or_an_inner_handler() {
        let mut marked = open(route());
        marked.name = Some("page".into());
        let mut same_name = route();
        same_name.name.clone_from(&marked.name);
        assert_eq!(RouteMark::of(&marked), Some(For::Everybody));
        assert_eq!(RouteMark::of(&same_name), None);

        let mut around = marked.clone();
        around.handler = Box::new(Around(marked.handler.clone()));
        assert_eq!(RouteMark::of(&around), None);
        assert_eq!(RouteMark::of(&open(around)), Some(For::Everybody));

        drop(marked.clone());
        assert_eq!(RouteMark::of(&Route::new(Method::Get, "/", Nothing)), None);
        let mut replaced = marked;
        replaced.handler = Box::new(Nothing);
        assert_eq!(RouteMark::of(&replaced), None, "the wrapper is gone, and so is its mark");
    }
}

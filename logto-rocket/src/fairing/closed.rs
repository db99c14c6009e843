//! Parts of a site in which every route must say whom it is for.

use rocket::http::{Method, Status};
use rocket::outcome::Outcome as RocketOutcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::route::Route;
use rocket::{Build, Ignite, Rocket, Sentinel};

use super::LogtoFairing;
use crate::mark::{RouteMark, public};
use crate::uri::is_path;

impl LogtoFairing {
    /// Ends the launch if a route at or below `prefix` is neither protected nor public, so
    /// that a forgotten attribute opens nothing. The log lists all such routes.
    ///
    /// | a route is | by |
    /// |---|---|
    /// | protected | [`#[authenticated]`](macro@crate::authenticated), [`protect()`](crate::protect()) |
    /// | public | [`#[public]`](macro@crate::public), [`public()`](crate::public()) |
    ///
    /// Every route counts that *can* answer a request there, whatever its method and rank:
    /// below `/api` also `/<page>`, `/<lang>/items` and `/<rest..>`, but not `/apis`. It may
    /// be mounted before or after the fairing is attached, or by another fairing. The
    /// fairing's own routes are public; catchers are no routes. A guard alone, as `&User`,
    /// protects no route. Nor is a route marked that is protected inside a handler of yours:
    /// protect the outer one.
    ///
    /// It can be called more than once, for several prefixes, on one fairing. A second
    /// `Logto::fairing()` that is attached replaces the first one with all that it was told:
    /// only the prefixes of the last one are closed.
    ///
    /// # Outcomes
    ///
    ///   * The launch fails with [`SentinelAborts`](rocket::error::ErrorKind::SentinelAborts).
    ///   * A prefix that is no path of this site, or has `?` or `%` in it, fails it with
    ///     [`FailedFairings`](rocket::error::ErrorKind::FailedFairings).
    ///   * At requests it does nothing: no address is compared, so none can be written in a
    ///     way that avoids it.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::{Logto, authenticated, public};
    /// use rocket::{get, routes};
    ///
    /// #[authenticated]
    /// #[get("/items")]
    /// fn items() -> &'static str {
    ///     "items"
    /// }
    ///
    /// #[public]
    /// #[get("/health")]
    /// fn health() -> &'static str {
    ///     "up"
    /// }
    ///
    /// # use logto_rocket::Config;
    /// # let mut config = Config::new("https://foo.logto.app", "app");
    /// # config.base_url = Some("https://app.example.com".into());
    /// # config.cookie_secret = ["a secret of at least 32 random bytes"].into();
    /// # let logto = || Logto::fairing().config(config.clone());
    /// # let figment = rocket::Config::figment().merge(("log_level", "off"));
    /// # let rocket = || rocket::custom(figment.clone());
    /// # /*
    /// let logto = || Logto::fairing();
    /// let rocket = rocket::build;
    /// # */
    /// let app = rocket().attach(logto().deny_unprotected("/api"));
    /// let app = app.mount("/api", routes![items, health]);
    /// # rocket::execute(async {
    /// assert!(app.ignite().await.is_ok());
    /// # });
    ///
    /// #[get("/<page>")]
    /// fn forgotten(page: &str) -> &str {
    ///     page
    /// }
    ///
    /// let app = rocket().attach(logto().deny_unprotected("/api"));
    /// let app = app.mount("/", routes![forgotten]);
    /// # rocket::execute(async {
    /// assert_eq!(app.ignite().await.unwrap_err().to_string(), "sentinel(s) aborted");
    /// # });
    /// ```
    #[must_use]
    pub fn deny_unprotected(mut self, prefix: impl Into<String>) -> Self {
        self.closed.push(prefix.into());
        self
    }
}

/// Where every route must say whom it is for.
struct Closed(Vec<String>);

/// What is wrong with the first bad prefix.
pub(super) fn check(prefixes: &[String]) -> Result<(), String> {
    // Rocket compares what is written in a route with what is encoded in a request.
    let is_prefix = |prefix: &str| is_path(prefix.as_bytes()) && !prefix.contains(['?', '%']);
    match prefixes.iter().find(|prefix| !is_prefix(prefix)) {
        Some(prefix) => Err(format!(
            "`deny_unprotected({prefix:?})`: not a path; write it as in `deny_unprotected(\"/api\")`, \
             without `?` and `%`"
        )),
        None => Ok(()),
    }
}

/// Has the launch look at all routes, once nothing can be mounted any more.
///
/// No fairing can do that: one that ignites does not see what a later one mounts, and one
/// for the liftoff cannot refuse it. A sentinel can, and comes with a route only.
pub(super) fn close(rocket: Rocket<Build>, prefixes: Vec<String>) -> Rocket<Build> {
    if prefixes.is_empty() {
        return rocket;
    }
    let mut routes = rocket::routes![nowhere];
    for route in &mut routes {
        route.name = Some("logto deny_unprotected".into());
        route.method = Method::Connect;
    }
    rocket.mount("/", public(routes)).manage(Closed(prefixes))
}

/// The sentinel. As a guard it lets nothing through.
struct DenyUnprotected;

#[rocket::get("/", rank = 1_000_000)]
fn nowhere(_sentinel: DenyUnprotected) {}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for DenyUnprotected {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        RocketOutcome::Forward(Status::NotFound)
    }
}

impl Sentinel for DenyUnprotected {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        let Some(Closed(prefixes)) = rocket.state::<Closed>() else { return true };
        let mut undecided: Vec<_> =
            rocket.routes().filter_map(|r| undecided(r, prefixes)).collect();
        undecided.sort();
        for route in &undecided {
            log::error!("logto: {route}");
        }
        if !undecided.is_empty() {
            log::error!(
                "logto: add `#[authenticated]` above each of these routes, or `#[public]` if \
                 everybody may use it; for routes without an attribute there are `protect()` and \
                 `public()`"
            );
        }
        !undecided.is_empty()
    }
}

/// What the log says of a route that is neither protected nor public and can answer
/// below one of the prefixes.
fn undecided(route: &Route, prefixes: &[String]) -> Option<String> {
    let path = route.uri.path();
    let prefix = prefixes.iter().find(|prefix| can_be_below(path, prefix))?;
    if RouteMark::of(route).is_some() {
        return None;
    }
    let name = route.name.as_ref().map(|name| format!(" (`{name}`)")).unwrap_or_default();
    Some(format!(
        "{} {}{name} can answer below `{prefix}` and is neither protected nor public",
        route.method, route.uri
    ))
}

/// Whether a route with this path can match an address at or below the prefix. As Rocket
/// matches them: segment by segment, empty ones left out.
fn can_be_below(path: &str, prefix: &str) -> bool {
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    for expected in prefix.split('/').filter(|segment| !segment.is_empty()) {
        match segments.next() {
            Some(segment) if is_parameter(segment, "..>") => return true,
            Some(segment) if segment == expected || is_parameter(segment, ">") => {}
            Some(_) | None => return false,
        }
    }
    true
}

fn is_parameter(segment: &str, end: &str) -> bool {
    segment.starts_with('<') && segment.ends_with(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rocket::http::uri::Origin;
    use rocket::local::blocking::Client;
    use rocket::route::dummy_handler;

    use super::*;

    /// H22: segment by segment, with parameters in place of any of them.
    #[test]
    fn a_path_can_be_below_a_prefix_if_any_request_can() {
        let below = [
            ("/api", "/api"),
            ("/api/", "/api"),
            ("/api", "/api/"),
            ("/api/items", "/api"),
            ("/api/<id>", "/api"),
            ("/api/<rest..>", "/api"),
            ("/<a>", "/api"),
            ("/<a>/x", "/api"),
            ("/<rest..>", "/api"),
            ("/<rest..>", "/api/v1/admin"),
            ("/api/<rest..>", "/api/v1"),
            ("/<a>/<b>", "/api/v1"),
            ("/api/<_>/items", "/api/v1"),
            ("/<_..>", "/api"),
            ("/", "/"),
            ("/anything", "/"),
        ];
        for (path, prefix) in below {
            assert!(can_be_below(path, prefix), "{path} {prefix}");
        }
        let beside = [
            ("/", "/api"),
            ("/apis", "/api"),
            ("/ap", "/api"),
            ("/API", "/api"),
            ("/v1/api", "/api"),
            ("/<a>", "/api/v1"),
            ("/api", "/api/v1"),
            ("/<a>/v2", "/api/v1"),
            ("/other/<rest..>", "/api"),
            ("/api<a>", "/api"),
        ];
        for (path, prefix) in beside {
            assert!(!can_be_below(path, prefix), "{path} {prefix}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// H22: whatever Rocket routes to a handler by an address below the prefix, the audit
        /// finds by the route's path.
        #[test]
        fn no_route_that_rocket_finds_below_the_prefix_is_left_out(
            route in "(/(a|b|<x>|<y>)){0,3}(/<z\\.\\.>)?",
            request in "(/{1,2}(a|b)){0,4}/?",
            prefix in "(/(a|b)){1,2}",
        ) {
            let names = |path: &str| {
                path.split('/').enumerate().fold(String::new(), |path, (at, segment)| {
                    let segment = if segment == "<x>" { format!("<x{at}>") } else { segment.into() };
                    if at == 0 { path } else { format!("{path}/{segment}") }
                })
            };
            let route = if route.is_empty() { "/".into() } else { names(&route) };
            let request = if request.is_empty() { "/".into() } else { request };
            let segments = |path: &str| {
                path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect::<Vec<_>>()
            };
            let is_below = segments(&request).starts_with(&segments(&prefix));
            let rocket = rocket::custom(rocket::Config { log_level: rocket::config::LogLevel::Off, ..rocket::Config::debug_default() })
                .mount("/", [Route::new(Method::Get, &route, dummy_handler)]);
            let client = Client::untracked(rocket).expect("an application");
            let uri = Origin::parse_owned(request.clone()).expect("a path");
            let answers = client.get(uri).dispatch().status() != Status::NotFound;
            if is_below && answers {
                prop_assert!(can_be_below(&route, &prefix), "{} {} {}", route, request, prefix);
            }
        }
    }

    #[test]
    fn a_prefix_is_a_path_as_routes_have_it() {
        let check = |prefix: &str| check(&["/api".to_owned(), prefix.to_owned()]);
        for prefix in ["/", "/api/", "/api/v1", "/api//v1", "/a-b_c.d~"] {
            assert_eq!(check(prefix), Ok(()), "{prefix}");
        }
        for prefix in ["", "api", "//api", "/api?x", "/a%20b", "/<id>", "/a b", "https://a.example"]
        {
            let message = check(prefix).expect_err(prefix);
            assert!(message.starts_with(&format!("`deny_unprotected({prefix:?})`")), "{message}");
        }
    }
}

//! Parts of a site in which every route must be protected or public.

use rocket::http::{Method, Status};
use rocket::outcome::Outcome as RocketOutcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::route::Route;
use rocket::{Build, Ignite, Rocket, Sentinel};

use super::LogtoFairing;
use crate::mark::{RouteMark, public};
use crate::uri::is_path;

impl LogtoFairing {
    /// Stops the launch if a route at or below `prefix` is neither protected nor public,
    /// so that a forgotten attribute opens nothing. The log lists all such routes.
    ///
    /// | a route is | by |
    /// |---|---|
    /// | protected | [`#[authenticated]`](macro@crate::authenticated), [`protect()`](crate::protect()) |
    /// | public | [`#[public]`](macro@crate::public), [`public()`](crate::public()) |
    ///
    /// Every route counts that *can* answer a request there, whatever its method and rank:
    /// for `/api` that includes `/<page>`, `/<lang>/items` and `/<rest..>`, but not `/apis`.
    /// It may be mounted before or after the fairing is attached, or by another fairing. The
    /// fairing's own routes are public; catchers are not routes. A guard alone, such as
    /// `&User`, does not protect a route. A route protected only inside a handler of yours
    /// does not count: protect the outer one.
    ///
    /// Call it several times on one fairing for several prefixes. A second fairing ends the
    /// launch.
    ///
    /// # Outcomes
    ///
    ///   * The launch fails with [`SentinelAborts`](rocket::error::ErrorKind::SentinelAborts).
    ///   * A prefix that is not a path on this site, or contains `?` or `%`, fails it
    ///     with [`FailedFairings`](rocket::error::ErrorKind::FailedFairings).
    ///   * It does nothing during requests: no address is compared, so no spelling of an
    ///     address can get around it.
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

/// The prefixes under which every route must be protected or public.
struct Closed(Vec<String>);

/// The problem with the first bad prefix.
pub(super) fn check(prefixes: &[String]) -> Result<(), String> {
    // Rocket compares the route as written with the request as encoded.
    let is_prefix = |prefix: &str| is_path(prefix.as_bytes()) && !prefix.contains(['?', '%']);
    match prefixes.iter().find(|prefix| !is_prefix(prefix)) {
        Some(prefix) => Err(format!(
            "`deny_unprotected({prefix:?})`: not a path; write it as in `deny_unprotected(\"/api\")`, \
             without `?` and `%`"
        )),
        None => Ok(()),
    }
}

/// Has the launch check all routes, once no more can be mounted.
///
/// A fairing cannot do that: at ignition it does not see what a later one mounts, and at
/// liftoff it cannot refuse. A sentinel can, but needs a route.
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
                 anybody may use it; for routes without an attribute there are `protect()` and \
                 `public()`"
            );
        }
        !undecided.is_empty()
    }
}

/// The log message for a route that is neither protected nor public and can answer below
/// one of the prefixes.
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

/// Whether a route with this path can match an address at or below the prefix. Matched as
/// Rocket does: segment by segment, skipping empty ones.
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

    /// H22: segment by segment, any of which may be a parameter.
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
        /// H22: the audit finds every route that Rocket can reach by an address below the
        /// prefix.
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

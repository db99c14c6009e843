//! The paths of this site.

use super::Check;
use crate::config::{Config, Routes};
use crate::location::plain_path;
use crate::uri::is_path;

impl Check<'_> {
    pub(super) fn paths(&mut self, config: &Config) {
        let routes = &config.routes;
        let mut paths = vec![
            ("routes.base", routes.base.as_str()),
            ("post_sign_out_path", config.post_sign_out_path.as_str()),
        ];
        paths.extend(routes.named().map(|(key, route)| (key, route.path.as_str())));
        paths.extend(
            config.sign_in.post_redirect_path.as_deref().map(|p| ("sign_in.post_redirect_path", p)),
        );
        for (key, path) in paths {
            let is_route = key.starts_with("routes.");
            if !is_path(path.as_bytes()) || is_route && path.contains('?') {
                let fix = "write a path, like `/sign-in`";
                self.problem(key, Some(path), "is not a path on this site", fix);
            } else if is_route {
                self.reachable(key, path);
            }
        }
        self.distinct_routes(routes);
    }

    /// Browsers resolve dots, and Rocket compares the decoded path with the route as
    /// written: anywhere but at a plain path, a route would never be reached.
    fn reachable(&mut self, key: &str, path: &str) {
        let plain = plain_path(path);
        if plain.contains('%') {
            let fix = "write a path without `%`, like `/sign-in`";
            self.problem(key, Some(path), "is a path at which Rocket finds no route", fix);
        } else if plain != path {
            let fix = format!("write `{plain}`");
            self.problem(key, Some(path), "is a path that browsers send differently", fix);
        }
    }

    fn distinct_routes(&mut self, routes: &Routes) {
        let named = routes.named();
        for (at, (key, route)) in named.iter().enumerate() {
            let is_same =
                |other: &str| other.trim_end_matches('/') == route.path.trim_end_matches('/');
            if named[..at].iter().any(|(_, other)| is_same(&other.path)) {
                let path = route.path.clone();
                self.problem(key, Some(&path), "is the path of another route", "write another one");
            }
        }
    }
}

//! The access tokens that let a request in.

use std::sync::{Arc, OnceLock};

use crate::auth_info::AuthInfo;

/// The token of each route that the request has entered, by the route's address: after
/// forwarding, the next route's token may be for something else.
#[derive(Default)]
pub(super) struct RequestAuths {
    first: OnceLock<(usize, Arc<AuthInfo>)>,
    others: OnceLock<Box<Self>>,
}

impl RequestAuths {
    pub(super) fn of(&self, route: usize) -> Option<&AuthInfo> {
        match self.first.get()? {
            (of, auth) if *of == route => Some(auth),
            _ => self.others.get()?.of(route),
        }
    }

    /// Adds the token of a route; the first one stays.
    pub(super) fn add(&self, route: usize, auth: Arc<AuthInfo>) {
        if self.first.get_or_init(|| (route, Arc::clone(&auth))).0 != route {
            self.others.get_or_init(Box::default).add(route, auth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W9: however many routes a request has entered.
    #[test]
    fn each_route_of_a_request_has_a_token_of_its_own() {
        let auth = |sub: &str| {
            let claims = serde_json::from_value(serde_json::json!({ "sub": sub }));
            Arc::new(AuthInfo::of(claims.expect("claims")).expect("a subject"))
        };
        let auths = RequestAuths::default();
        for (route, sub) in [(1, "a"), (2, "b"), (3, "c"), (2, "late")] {
            auths.add(route, auth(sub));
        }
        let found = |route| auths.of(route).map(|auth| auth.sub.as_str());
        assert_eq!([1, 2, 3, 4].map(found), [Some("a"), Some("b"), Some("c"), None]);
    }
}

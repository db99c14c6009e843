//! How many requests each endpoint got.

use std::sync::atomic::{AtomicU64, Ordering};

/// The endpoints whose requests are counted.
const ENDPOINTS: [(&str, &str); 9] = [
    ("discovery", "/oidc/.well-known/openid-configuration"),
    ("discovery", "/oidc/.well-known/oauth-authorization-server"),
    ("jwks", "/oidc/jwks"),
    ("auth", "/oidc/auth"),
    ("token", "/oidc/token"),
    ("me", "/oidc/me"),
    ("revocation", "/oidc/token/revocation"),
    ("introspection", "/oidc/token/introspection"),
    ("session/end", "/oidc/session/end"),
];

/// The count of every endpoint.
#[derive(Default)]
pub(crate) struct Counts([AtomicU64; ENDPOINTS.len()]);

impl Counts {
    pub(crate) fn add(&self, path: &str) {
        if let Some(place) = ENDPOINTS.iter().position(|(_, known)| *known == path) {
            self.0[place].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The count of an endpoint, `None` if there is no such endpoint.
    pub(crate) fn of(&self, name: &str) -> Option<usize> {
        let counts = ENDPOINTS.iter().zip(&self.0).filter(|((known, _), _)| *known == name);
        let counts = counts.map(|(_, count)| count.load(Ordering::Relaxed) as usize);
        counts.fold(None, |sum, count| Some(sum.unwrap_or(0) + count))
    }
}

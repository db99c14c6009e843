//! What a sign-in allowed, and its browser session.

use std::time::Duration;

/// What one sign-in allowed. Every code and token points to one.
#[derive(Debug)]
pub(crate) struct Authorization {
    /// The grant. Sign-ins in one browser session share it, as at Logto.
    pub(crate) grant: String,
    pub(crate) client_id: String,
    pub(crate) sub: String,
    /// The granted OIDC scopes.
    pub(crate) scopes: Vec<String>,
    /// Every requested scope, including those of resources.
    pub(crate) requested: Vec<String>,
    pub(crate) resources: Vec<String>,
    pub(crate) nonce: Option<String>,
    /// The browser session, if there was one.
    pub(crate) sid: Option<String>,
    pub(crate) auth_time: Option<u64>,
}

impl Authorization {
    pub(crate) fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|granted| granted == scope)
    }
}

/// A browser that signed in at the provider.
pub(crate) struct BrowserSession {
    pub(crate) sub: String,
    pub(crate) authenticated_at: Duration,
    pub(crate) grant: String,
    pub(crate) sid: String,
    /// Every scope that was granted in this session.
    pub(crate) scopes: Vec<String>,
}

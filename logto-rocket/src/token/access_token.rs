use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::SystemTime;

use super::Token;

/// An access token: what an API asks for in `Authorization: Bearer …`.
///
/// It is good for more than a moment when it is handed out: a minute, or half its
/// life where that is shorter, unless Logto could not give a newer one. A cheap
/// handle; its `Debug` form is redacted.
pub struct AccessToken<R = ()> {
    token: Arc<Token>,
    resource: PhantomData<fn() -> R>,
}

impl<R> AccessToken<R> {
    pub(crate) fn new(token: Arc<Token>) -> Self {
        Self { token, resource: PhantomData }
    }

    /// The token itself. Secret: whoever has it acts for the user.
    pub fn secret(&self) -> &str {
        self.token.secret().secret()
    }

    /// The scopes that Logto granted: those that were asked for at sign-in and
    /// that the user's roles allow.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.token.scope().split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether Logto granted this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        !scope.is_empty() && self.token.has_scope(scope)
    }

    /// When it ends, by this machine's clock.
    pub fn expires_at(&self) -> SystemTime {
        self.token.expires_at().time()
    }
}

impl<R> Clone for AccessToken<R> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.token))
    }
}

impl<R> fmt::Debug for AccessToken<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("scope", &self.token.scope()).finish_non_exhaustive()
    }
}

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::SystemTime;

use super::Token;
use crate::claims::TokenClaims;

/// An access token: what an API expects in `Authorization: Bearer …`.
///
/// When handed out it stays valid for a while: a minute, or half its lifetime if that is
/// less, unless Logto could not issue a newer one. A cheap handle; its `Debug` form is
/// redacted. See the chapter
/// [`guide::permissions`](crate::guide::permissions#tokens-to-call-other-apis).
///
/// # Request Guard
///
/// By value. `AccessToken<R>`, where `R` is an [`ApiResource`](trait@crate::ApiResource),
/// is the signed-in user's token for that resource, from the session or from Logto. On
/// a route whose attribute has `organization`, it is for the resource in that
/// organization. `AccessToken` alone is the token that the attribute's `resource`
/// fetched before the handler; without `resource` it does not compile.
///
///   * It _succeeds_ with the token. A user whose roles allow less gets one with fewer
///     scopes: see [`has_scope()`](Self::has_scope).
///   * For a stranger, or if Logto ended the session, it _forwards_ with 401
///     Unauthorized.
///   * If Logto denies the token, it _fails_ with 403 Forbidden: the user is not in the
///     organization, or signed in before the configuration asked for the resource.
///   * If Logto or the session store does not answer and the last token has expired, it
///     _fails_ with 503 Service Unavailable; if Logto's answer cannot be used, with 502
///     Bad Gateway. The session continues.
///   * `AccessToken` alone on a route without the attribute, and without a
///     [`Policy`](crate::Policy) that has `resource`, _fails_ with 500 Internal Server
///     Error.
///
/// An application does not launch without [`Logto`](crate::Logto) attached, or if its
/// configuration lacks the resource or the scopes of `R`; the log says what to add.
///
/// # Example
///
/// ```rust
/// use logto_rocket::{AccessToken, ApiResource};
/// use rocket::get;
///
/// #[derive(ApiResource)]
/// #[resource("https://api.example.com", scopes("read:items"))]
/// struct Items;
///
/// // Runs for a user whom Logto gives a token.
/// #[get("/items")]
/// fn items(token: AccessToken<Items>) -> String {
///     format!("may read: {}", token.has_scope("read:items"))
/// }
///
/// // Runs for everybody; `None` is a stranger, or there was no token.
/// #[get("/perhaps")]
/// fn perhaps(token: Option<AccessToken<Items>>) -> String {
///     token.is_some().to_string()
/// }
///
/// // Runs for users, and says why there is no token.
/// #[get("/why")]
/// fn why(token: logto_rocket::Result<AccessToken<Items>>) -> Result<&'static str, String> {
///     token.map(|_| "here it is").map_err(|error| error.to_string())
/// }
/// ```
pub struct AccessToken<R = ()> {
    token: Arc<Token>,
    resource: PhantomData<fn() -> R>,
}

impl<R> AccessToken<R> {
    pub(crate) fn new(token: Arc<Token>) -> Self {
        Self { token, resource: PhantomData }
    }

    /// The token itself. Secret: anyone who has it can act for the user.
    pub fn secret(&self) -> &str {
        self.token.secret().secret()
    }

    /// The scopes that Logto granted: those requested at sign-in that the user's roles
    /// allow.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.token.scope().split(' ').filter(|scope| !scope.is_empty())
    }

    /// Whether Logto granted this scope.
    pub fn has_scope(&self, scope: &str) -> bool {
        !scope.is_empty() && self.token.has_scope(scope)
    }

    /// Its claims: opaque for Logto's own endpoints; otherwise the claims of a JWT, read
    /// but not verified.
    pub fn claims(&self) -> TokenClaims {
        TokenClaims::read(self.secret())
    }

    /// When it expires, by this machine's clock.
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

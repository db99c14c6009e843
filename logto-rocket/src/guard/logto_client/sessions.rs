use super::LogtoClient;
use crate::error::Result;
use crate::session::SessionInfo;

/// The user's sessions, for a page such as "your devices". They need
/// [`session.store`](crate::SessionConfig::store) or a
/// [`SessionStore`](crate::SessionStore): sessions in cookies cannot be listed.
impl LogtoClient<'_> {
    /// The sessions of the signed-in user, the current one first, then the most recently
    /// used; empty for a stranger.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionsInCookies`](crate::ErrorKind::SessionsInCookies), which is 500,
    /// if sessions live in cookies, and [`ErrorKind::Store`](crate::ErrorKind::Store) if the
    /// store failed.
    ///
    /// # Example
    ///
    /// ```rust
    /// use logto_rocket::{Error, LogtoClient, authenticated};
    /// use rocket::form::Form;
    /// use rocket::response::Redirect;
    /// use rocket::{FromForm, get, post};
    ///
    /// #[authenticated(redirect)]
    /// #[get("/devices")]
    /// async fn devices(logto: LogtoClient<'_>) -> Result<String, Error> {
    ///     let sessions = logto.sessions().await?;
    ///     let lines = sessions.iter().map(|session| {
    ///         let here = if session.is_current() { " (this one)" } else { "" };
    ///         format!("{}{here}\n", session.user_agent().unwrap_or("A browser"))
    ///     });
    ///     Ok(lines.collect())
    /// }
    ///
    /// #[derive(FromForm)]
    /// struct Device<'r> {
    ///     handle: &'r str,
    /// }
    ///
    /// #[authenticated(redirect)]
    /// #[post("/devices/end", data = "<device>")]
    /// async fn end(device: Form<Device<'_>>, logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    ///     logto.end_session(device.handle).await?;
    ///     Ok(Redirect::to("/devices"))
    /// }
    /// ```
    pub async fn sessions(&self) -> Result<Vec<SessionInfo>> {
        self.logto.own_sessions(self.visit).await
    }

    /// Ends a session of the signed-in user, by its [`handle()`](SessionInfo::handle), and
    /// has Logto revoke its refresh token. That browser is signed out at its next request.
    /// The current one ends as with [`sign_out_here()`](Self::sign_out_here). The user
    /// stays signed in at Logto with that browser: the next sign-in may need no password.
    ///
    /// Call it in a POST route. It refuses requests from other sites as
    /// [`sign_out_here()`](Self::sign_out_here) does, in addition to what a route with
    /// [`#[authenticated]`](macro@crate::authenticated) refuses.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionNotFound`], which is 404, if the user has no such session: an
    /// unknown handle and somebody else's are treated alike. [`ErrorKind::NotAuthenticated`]
    /// (401) if the user is not signed in, [`ErrorKind::CrossSite`] and
    /// [`ErrorKind::NotNavigation`] (403) as in [`sign_out_here()`](Self::sign_out_here),
    /// [`ErrorKind::SessionsInCookies`] (500) if sessions live in cookies, and
    /// [`ErrorKind::Store`] (503) if the store failed. The session then continues.
    ///
    /// [`ErrorKind::SessionNotFound`]: crate::ErrorKind::SessionNotFound
    /// [`ErrorKind::NotAuthenticated`]: crate::ErrorKind::NotAuthenticated
    /// [`ErrorKind::CrossSite`]: crate::ErrorKind::CrossSite
    /// [`ErrorKind::NotNavigation`]: crate::ErrorKind::NotNavigation
    /// [`ErrorKind::SessionsInCookies`]: crate::ErrorKind::SessionsInCookies
    /// [`ErrorKind::Store`]: crate::ErrorKind::Store
    pub async fn end_session(&self, handle: &str) -> Result<()> {
        self.logto.end_own_session(self.visit, handle).await
    }
}

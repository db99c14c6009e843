//! The provider's handle, for tests and applications.

mod application;
mod sign_in;
mod tokens;
mod users;

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::browser::{self, Deed};
use crate::error::Error;
use crate::random::random;
use crate::server::Server;
use crate::tenant::Tenant;

/// A Logto look-alike on a loopback port.
///
/// It has Logto's paths, claims and error messages, keeps everything in memory
/// and signs with a key that it makes at each start. It stops when it is
/// dropped.
///
/// # Example
///
/// A test starts a provider, builds the application on its configuration, and
/// plays the browser's part of a sign-in:
///
/// ```rust
/// use logto_dev::Provider;
///
/// # rocket::execute(async {
/// let provider = Provider::start().await;
/// let application = provider.configure(rocket::build());
/// # drop(application);
///
/// // The application's `/sign-in` redirects to a URL like this one.
/// let url = format!(
///     "{}/oidc/auth?client_id=logto-dev-app&response_type=code&scope=openid\
///      &redirect_uri=http://localhost:8000/callback&state=s",
///     provider.endpoint(),
/// );
/// let callback = provider.approve(&url, "alice").await?;
/// assert!(callback.starts_with("http://localhost:8000/callback?code="));
/// # Ok::<(), logto_dev::Error>(())
/// # }).unwrap()
/// ```
pub struct Provider {
    tenant: Arc<Tenant>,
    base_url: String,
    cookie_secret: String,
    server: RwLock<Arc<Server>>,
}

impl Provider {
    pub(crate) async fn launch(tenant: Arc<Tenant>, base_url: String) -> Result<Self, Error> {
        let server = Server::start(Arc::clone(&tenant), tenant.settings.reach.port).await?;
        let server = RwLock::new(Arc::new(server));
        Ok(Self { tenant, base_url, cookie_secret: random(), server })
    }

    /// Returns the endpoint, `http://127.0.0.1:<port>` unless
    /// [`Builder::endpoint()`](crate::Builder::endpoint) or
    /// [`address()`](crate::Builder::address) set another one.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.tenant.endpoint()
    }

    /// Returns the issuer, `{endpoint}/oidc`.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.tenant.issuer()
    }

    /// Returns the identifier of the registered application.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.tenant.app.id
    }

    /// Returns the secret of the registered application.
    #[must_use]
    pub fn app_secret(&self) -> &str {
        &self.tenant.app.secret
    }

    /// Returns the identifier of the registered machine-to-machine application.
    #[must_use]
    pub fn machine_app_id(&self) -> &str {
        &self.tenant.machine_app.id
    }

    /// Returns the secret of the registered machine-to-machine application.
    #[must_use]
    pub fn machine_app_secret(&self) -> &str {
        &self.tenant.machine_app.secret
    }

    /// Opens an authorization URL in a fresh browser, signs in as a user and
    /// returns where the browser is sent: the URL of the callback.
    ///
    /// If the provider answers at once, because the request is wrong or has
    /// `prompt=none`, that answer is returned.
    ///
    /// # Errors
    ///
    /// If the URL is not this provider's, if the provider shows an error instead of
    /// redirecting, or if there is no such user.
    pub async fn approve(&self, url: &str, username: &str) -> Result<String, Error> {
        self.visit(url, Deed::SignIn(username.to_string())).await
    }

    /// Opens an authorization URL in a fresh browser, signs up as a new user
    /// and returns the URL of the callback.
    ///
    /// # Errors
    ///
    /// As [`approve()`](Self::approve), and if the name is taken or not valid.
    pub async fn sign_up(&self, url: &str, username: &str) -> Result<String, Error> {
        self.visit(url, Deed::SignUp(username.to_string())).await
    }

    /// Opens an authorization URL in a fresh browser, cancels and returns the
    /// URL of the callback, with `error=access_denied`.
    ///
    /// # Errors
    ///
    /// As [`approve()`](Self::approve).
    pub async fn cancel(&self, url: &str) -> Result<String, Error> {
        self.visit(url, Deed::Cancel).await
    }

    /// Plays the browser on the provider's own runtime, so that the caller needs none.
    async fn visit(&self, url: &str, deed: Deed) -> Result<String, Error> {
        let visit = browser::visit(Arc::clone(&self.tenant), url.to_string(), deed);
        let runtime = self.server().runtime.clone();
        runtime.spawn(visit).await.map_err(|_| Error::new("the provider was stopped"))?
    }

    /// Returns how many requests an endpoint got.
    ///
    /// The endpoints are `discovery`, `jwks`, `auth`, `token`, `me`,
    /// `revocation`, `introspection` and `session/end`.
    ///
    /// # Panics
    ///
    /// Panics if there is no such endpoint.
    #[must_use]
    pub fn count(&self, endpoint: &str) -> usize {
        let count = self.tenant.counts.of(endpoint);
        count.unwrap_or_else(|| panic!("the provider counts no requests to `{endpoint}`"))
    }

    /// Moves the provider's clock forward, so that codes, tokens and sign-ins
    /// age.
    ///
    /// New tokens still have the real clock's times. The `auth_time` of an earlier
    /// session moves back by as much.
    pub fn advance(&self, by: Duration) {
        self.tenant.clock.advance(by);
    }

    /// Stops the provider: its port and every connection are closed.
    ///
    /// Users, keys and tokens stay for [`resume()`](Self::resume).
    pub async fn stop(&self) {
        self.server().stop().await;
    }

    /// Opens the port of a stopped provider again.
    ///
    /// # Errors
    ///
    /// If something else has taken the port.
    pub async fn resume(&self) -> Result<(), Error> {
        let server = self.server();
        server.stop().await;
        let server = Server::start(Arc::clone(&self.tenant), server.port).await?;
        *self.server.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(server);
        Ok(())
    }

    /// The warning if other machines can reach the provider.
    pub(crate) fn danger(&self) -> Option<String> {
        self.tenant.settings.reach.danger(self.tenant.port())
    }

    pub(crate) fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    fn server(&self) -> Arc<Server> {
        Arc::clone(&self.server.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("endpoint", &self.endpoint())
            .field("app_id", &self.app_id())
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

//! How a provider is set up, in code or in `Rocket.toml`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rocket::figment::Figment;
use serde::Deserialize;
use url::Url;

use crate::error::Error;
use crate::keys;
use crate::organization::{ApiResource, Organization, Role};
use crate::provider::Provider;
use crate::tenant::{App, Generation, Tenant};
use crate::user::User;

/// Sets up a [`Provider`].
///
/// Every provider knows the users `alice`, who filled in everything, and
/// `bob`, who has a user name and nothing else. What is added here comes on
/// top; the same name or identifier replaces.
///
/// # Example
///
/// ```rust
/// use std::time::Duration;
///
/// use logto_dev::{Provider, User};
///
/// # rocket::execute(async {
/// let provider = Provider::builder()
///     .user(User::new("carol").name("Carol Smith"))
///     .access_token_ttl(Duration::from_secs(1))
///     .rotate_refresh_tokens(true)
///     .start()
///     .await;
///
/// assert!(provider.endpoint().starts_with("http://127.0.0.1:"));
/// # })
/// ```
#[must_use = "a builder does nothing before `start()`"]
pub struct Builder {
    app: (String, String),
    base_url: String,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    generation: Generation,
    access_token_ttl: Duration,
    rotate_refresh_tokens: bool,
    users: BTreeMap<String, User>,
    organizations: BTreeMap<String, Organization>,
    roles: BTreeMap<String, Role>,
    resources: BTreeMap<String, ApiResource>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        let builder = Self {
            app: ("logto-dev-app".to_string(), keys::random()),
            base_url: "http://localhost:8000".to_string(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            generation: Generation::default(),
            access_token_ttl: Duration::from_secs(3600),
            rotate_refresh_tokens: false,
            users: BTreeMap::new(),
            organizations: BTreeMap::new(),
            roles: BTreeMap::new(),
            resources: BTreeMap::new(),
        };
        let builder = builder.user(User::alice()).user(User::bob());
        let builder = Organization::defaults().into_iter().fold(builder, Self::organization);
        let builder = Role::defaults().into_iter().fold(builder, Self::role);
        ApiResource::defaults().into_iter().fold(builder, Self::resource)
    }

    /// Sets the identifier and the secret of the registered application.
    /// **(default: `logto-dev-app` and a random secret)**
    pub fn app(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.app = (id.into(), secret.into());
        self
    }

    pub(crate) fn app_id(mut self, id: String) -> Self {
        self.app.0 = id;
        self
    }

    pub(crate) fn app_secret(mut self, secret: String) -> Self {
        self.app.1 = secret;
        self
    }

    /// Sets where the application is. **(default: `http://localhost:8000`)**
    ///
    /// It registers `{base_url}/callback` for sign-in and `{base_url}/` for
    /// sign-out. Like Logto, the provider compares exactly.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Registers one more URI that a sign-in may return to.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Registers one more URI that a sign-out may return to.
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uris.push(uri.into());
        self
    }

    /// Sets which Logto to look like. **(default: [`Generation::V1_42`])**
    pub fn generation(mut self, generation: Generation) -> Self {
        self.generation = generation;
        self
    }

    /// Sets how long access tokens live. **(default: one hour)**
    ///
    /// Fractions of a second count, but tokens announce whole seconds.
    pub fn access_token_ttl(mut self, ttl: Duration) -> Self {
        self.access_token_ttl = ttl;
        self
    }

    /// Sets whether every refresh brings a new refresh token.
    /// **(default: `false`)**
    ///
    /// Logto does this for single-page applications, and for others late in a
    /// token's life. The old token works for 3 more seconds; used later, it
    /// ends the whole grant.
    pub fn rotate_refresh_tokens(mut self, rotate: bool) -> Self {
        self.rotate_refresh_tokens = rotate;
        self
    }

    /// Adds a user.
    pub fn user(mut self, user: User) -> Self {
        self.users.insert(user.username.clone(), user);
        self
    }

    /// Adds an organization.
    pub fn organization(mut self, organization: Organization) -> Self {
        self.organizations.insert(organization.id.clone(), organization);
        self
    }

    /// Adds a role.
    pub fn role(mut self, role: Role) -> Self {
        self.roles.insert(role.name.clone(), role);
        self
    }

    /// Adds an API resource.
    pub fn resource(mut self, resource: ApiResource) -> Self {
        self.resources.insert(resource.indicator.clone(), resource);
        self
    }

    /// Starts the provider and waits until it answers.
    ///
    /// # Panics
    ///
    /// Panics if a URI that was set does not parse, or if the operating system
    /// gives no port or no thread.
    pub async fn start(self) -> Provider {
        match self.try_start().await {
            Ok(provider) => provider,
            Err(error) => panic!("the development provider did not start: {error}"),
        }
    }

    pub(crate) async fn try_start(self) -> Result<Provider, Error> {
        self.check_uris()?;
        let base_url = self.base_url.clone();
        Provider::launch(Arc::new(self.into_tenant()), base_url).await
    }

    fn check_uris(&self) -> Result<(), Error> {
        let more = self.redirect_uris.iter().chain(&self.post_logout_redirect_uris);
        for uri in [&self.base_url].into_iter().chain(more) {
            Url::parse(uri).map_err(|error| Error::new(format!("`{uri}` is no URL: {error}")))?;
        }
        Ok(())
    }

    fn into_tenant(self) -> Tenant {
        let (id, secret) = self.app;
        let app = App {
            id,
            secret,
            redirect_uris: self.redirect_uris.into(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.into(),
        };
        app.register(&self.base_url);
        let mut tenant = Tenant::new(app);
        tenant.generation = self.generation;
        tenant.access_token_ttl = self.access_token_ttl;
        tenant.rotate_refresh_tokens = self.rotate_refresh_tokens;
        tenant.organizations = self.organizations;
        tenant.roles = self.roles;
        tenant.resources = self.resources;
        *tenant.users.get_mut().unwrap_or_else(PoisonError::into_inner) = self.users;
        tenant
    }

    /// Adds what the application's configuration says under `logto_dev`.
    pub(crate) fn configured(mut self, figment: &Figment) -> Result<Self, Error> {
        let settings = figment.focus("logto_dev").extract();
        let settings: Settings = settings.map_err(|error| Error::new(error.to_string()))?;
        self.redirect_uris.extend(settings.redirect_uris);
        self.post_logout_redirect_uris.extend(settings.post_logout_redirect_uris);
        self.generation = settings.generation;
        if let Some(seconds) = settings.access_token_ttl {
            self.access_token_ttl = Duration::from_secs(seconds);
        }
        self.rotate_refresh_tokens |= settings.rotate_refresh_tokens;
        for (name, user) in settings.users {
            self = self.user(user.named(name));
        }
        for (id, organization) in settings.organizations {
            self = self.organization(Organization { id, ..organization });
        }
        for (name, role) in settings.roles {
            self = self.role(Role { name, ..role });
        }
        Ok(settings.resources.into_iter().fold(self, Self::resource))
    }
}

/// The table `logto_dev` of `Rocket.toml`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    generation: Generation,
    access_token_ttl: Option<u64>,
    rotate_refresh_tokens: bool,
    users: BTreeMap<String, User>,
    organizations: BTreeMap<String, Organization>,
    roles: BTreeMap<String, Role>,
    resources: Vec<ApiResource>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("app_id", &self.app.0)
            .field("base_url", &self.base_url)
            .field("generation", &self.generation)
            .field("users", &self.users.keys())
            .finish_non_exhaustive()
    }
}

//! How a provider is set up, in code or in `Rocket.toml`.

mod reach;
mod table;
mod unreadable;

use std::collections::BTreeMap;
use std::fmt;
use std::mem::take;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use url::Url;

use crate::app::{App, MachineApp};
use crate::error::Error;
use crate::organization::{ApiResource, Organization, Role};
use crate::provider::Provider;
use crate::random::random;
use crate::tenant::{AccountCenter, Generation, Settings, Tenant};
use crate::user::User;

/// Sets up a [`Provider`].
///
/// Every provider knows the users `alice`, who filled in everything, and
/// `bob`, who has a user name and nothing else. Methods here add to these; the same name
/// or identifier replaces.
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
    backchannel_logout_uri: Option<String>,
    backchannel_logout_session_required: bool,
    machine_app: MachineApp,
    settings: Settings,
    users: BTreeMap<String, User>,
    organizations: BTreeMap<String, Organization>,
    roles: BTreeMap<String, Role>,
    resources: BTreeMap<String, ApiResource>,
}

/// How a test starts a provider.
impl Provider {
    /// Starts a provider with the defaults, for a test.
    ///
    /// # Panics
    ///
    /// Panics if the operating system has no port or no thread.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Returns a builder, for a provider with other settings.
    pub fn builder() -> Builder {
        Builder::new()
    }
}

impl Builder {
    fn new() -> Self {
        let builder = Self {
            app: ("logto-dev-app".to_string(), random()),
            base_url: "http://localhost:8000".to_string(),
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            backchannel_logout_uri: None,
            backchannel_logout_session_required: true,
            machine_app: MachineApp::default(),
            settings: Settings::default(),
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

    /// Sets the application's address. **(default: `http://localhost:8000`)**
    ///
    /// It registers `{base_url}/callback` for sign-in, `{base_url}/` for sign-out
    /// and `{base_url}/backchannel-logout` for logout tokens. Like Logto, the
    /// provider compares exactly.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Registers another URI that a sign-in may return to.
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Registers another URI that a sign-out may return to.
    pub fn post_logout_redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.post_logout_redirect_uris.push(uri.into());
        self
    }

    /// Sets where the application takes logout tokens.
    /// **(default: `{base_url}/backchannel-logout`)**
    ///
    /// When a user signs out at the provider, it posts one there, waits at most 2.5
    /// seconds and continues, whatever the application answers. An empty URI registers
    /// none: then no logout token is sent, and no token names the session.
    pub fn backchannel_logout_uri(mut self, uri: impl Into<String>) -> Self {
        self.backchannel_logout_uri = Some(uri.into());
        self
    }

    /// Sets whether ID tokens and logout tokens name the session by `sid`, which
    /// Logto's Console calls "Is session required". **(default: `true`)**
    ///
    /// Without it, a logout token names only the user. Logto's own default is off.
    pub fn backchannel_logout_session_required(mut self, required: bool) -> Self {
        self.backchannel_logout_session_required = required;
        self
    }

    /// Sets the machine-to-machine application.
    /// **(default: [`MachineApp::default()`])**
    pub fn machine_app(mut self, app: MachineApp) -> Self {
        self.machine_app = app;
        self
    }

    /// Sets which Logto to look like. **(default: [`Generation::V1_42`])**
    pub fn generation(mut self, generation: Generation) -> Self {
        self.settings.generation = generation;
        self
    }

    /// Sets how long access tokens live. **(default: one hour)**
    ///
    /// Fractions of a second count, but tokens announce whole seconds.
    pub fn access_token_ttl(mut self, ttl: Duration) -> Self {
        self.settings.access_token_ttl = ttl;
        self
    }

    /// Sets whether every refresh brings a new refresh token.
    /// **(default: `false`)**
    ///
    /// Logto does this for single-page applications, and for others after 70 % of a
    /// token's 14 days, which happens here too, without this setting. The old token works
    /// for 3 more seconds; used later, it ends the whole grant.
    pub fn rotate_refresh_tokens(mut self, rotate: bool) -> Self {
        self.settings.rotate_refresh_tokens = rotate;
        self
    }

    /// Sets whether a sign-in without the scope `offline_access` gets a refresh token
    /// too, which Logto's Console calls "Always issue refresh token".
    /// **(default: `false`)**
    ///
    /// Such a token ends with the browser's session at the provider.
    pub fn always_issue_refresh_token(mut self, always: bool) -> Self {
        self.settings.always_issue_refresh_token = always;
        self
    }

    /// Sets whether applications may exchange tokens (RFC 8693).
    /// **(default: `true`)**
    ///
    /// Logto's own default is off for new applications: turn "Allow token
    /// exchange" on in the Console.
    pub fn token_exchange(mut self, allowed: bool) -> Self {
        self.settings.token_exchange = allowed;
        self
    }

    /// Sets what users may do with their own data, at `/api/my-account`.
    /// **(default: [`AccountCenter::Edit`])**
    ///
    /// Logto's own default is off: turn the account center on in the Console, and allow each
    /// field to be edited.
    pub fn account_center(mut self, center: AccountCenter) -> Self {
        self.settings.account_center = center;
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
    /// Panics if a URI does not parse, if both applications have the same identifier, if
    /// other machines could reach a release build, or if the operating system does not
    /// give the port or a thread.
    pub async fn start(self) -> Provider {
        match self.try_start().await {
            Ok(provider) => {
                if let Some(danger) = provider.danger() {
                    log::warn!("A development provider runs. {danger}");
                }
                provider
            }
            Err(error) => panic!("the development provider did not start: {error}"),
        }
    }

    pub(crate) async fn try_start(mut self) -> Result<Provider, Error> {
        self.check_uris()?;
        self.settings.reach = take(&mut self.settings.reach).checked(!cfg!(debug_assertions))?;
        if self.machine_app.id == self.app.0 {
            let id = self.app.0;
            return Err(Error::new(format!("`{id}` is the identifier of two applications")));
        }
        let base_url = self.base_url.clone();
        Provider::launch(Arc::new(self.into_tenant()), base_url).await
    }

    fn check_uris(&self) -> Result<(), Error> {
        let backchannel = self.backchannel_logout_uri.iter().filter(|uri| !uri.is_empty());
        let more = self.redirect_uris.iter().chain(&self.post_logout_redirect_uris);
        let more = more.chain(backchannel);
        for uri in [&self.base_url].into_iter().chain(more) {
            Url::parse(uri)
                .map_err(|error| Error::new(format!("`{uri}` is not a URL: {error}")))?;
        }
        Ok(())
    }

    fn into_tenant(self) -> Tenant {
        let (id, secret) = self.app;
        let app = App {
            id,
            secret,
            base_url: RwLock::default(),
            redirect_uris: self.redirect_uris.into(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.into(),
            backchannel_logout_uri: self.backchannel_logout_uri.into(),
            backchannel_logout_session_required: self.backchannel_logout_session_required,
        };
        app.register(&self.base_url);
        let mut tenant = Tenant::new(app, self.machine_app, self.settings);
        tenant.organizations = self.organizations;
        tenant.roles = self.roles;
        tenant.resources = self.resources;
        *tenant.users.get_mut().unwrap_or_else(PoisonError::into_inner) = self.users;
        tenant
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("app_id", &self.app.0)
            .field("base_url", &self.base_url)
            .field("generation", &self.settings.generation)
            .field("users", &self.users.keys())
            .finish_non_exhaustive()
    }
}

//! The registered applications: a web application and a machine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use serde::Deserialize;

use crate::random::random;

/// The application that signs users in.
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) base_url: RwLock<String>,
    pub(crate) redirect_uris: RwLock<Vec<String>>,
    pub(crate) post_logout_redirect_uris: RwLock<Vec<String>>,
    /// Where the application takes logout tokens, if not at its usual path.
    pub(crate) backchannel_logout_uri: RwLock<Option<String>>,
    /// Whether tokens name the session, which the Console calls "Is session
    /// required".
    pub(crate) backchannel_logout_session_required: bool,
}

impl App {
    pub(crate) fn allows_redirect(&self, uri: &str) -> bool {
        contains(&self.redirect_uris, uri)
    }

    pub(crate) fn allows_post_logout_redirect(&self, uri: &str) -> bool {
        contains(&self.post_logout_redirect_uris, uri)
    }

    /// A session's identifier, if this application's tokens name it.
    pub(crate) fn named_session<'s>(&self, sid: Option<&'s str>) -> Option<&'s str> {
        let named =
            self.backchannel_logout_session_required && !self.backchannel_logout_uri().is_empty();
        sid.filter(|_| named)
    }

    /// Registers what an application at `base_url` sends by default.
    pub(crate) fn register(&self, base_url: &str) {
        let base_url = base_url.trim_end_matches('/');
        push(&self.redirect_uris, format!("{base_url}/callback"));
        push(&self.post_logout_redirect_uris, format!("{base_url}/"));
        *self.base_url.write().unwrap_or_else(PoisonError::into_inner) = base_url.to_string();
    }

    pub(crate) fn backchannel_logout_uri(&self) -> String {
        let uri = self.backchannel_logout_uri.read().unwrap_or_else(PoisonError::into_inner);
        uri.clone().unwrap_or_else(|| {
            let base_url = self.base_url.read().unwrap_or_else(PoisonError::into_inner);
            format!("{base_url}/backchannel-logout")
        })
    }

    pub(crate) fn set_backchannel_logout_uri(&self, uri: String) {
        let mut known = self.backchannel_logout_uri.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some(uri);
    }
}

fn contains(uris: &RwLock<Vec<String>>, uri: &str) -> bool {
    uris.read().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == uri)
}

fn push(uris: &RwLock<Vec<String>>, uri: String) {
    uris.write().unwrap_or_else(PoisonError::into_inner).push(uri);
}

/// A machine-to-machine application: a program that requests access tokens in its own
/// name, with the grant `client_credentials`.
///
/// Every provider has one, `logto-dev-machine`, with a random secret, the role
/// `items-reader`, and in the organization acme the role `editor`.
///
/// The same fields can be set in `Rocket.toml`; with a secret, the application can be
/// used from elsewhere:
///
/// ```toml
/// [default.logto_dev.machine_app]
/// id = "nightly-report"
/// secret = "for development only"
/// roles = ["items-reader"]
/// organizations = { 8wz3nrme4n02 = ["editor"] }
/// ```
///
/// # Example
///
/// ```rust
/// use logto_dev::{MachineApp, Provider};
///
/// # rocket::execute(async {
/// let machine = MachineApp::new("nightly-report", "secret").role("items-reader");
/// let provider = Provider::builder().machine_app(machine).start().await;
/// assert_eq!(provider.machine_app_id(), "nightly-report");
/// # })
/// ```
#[derive(Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MachineApp {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) roles: Vec<String>,
    pub(crate) organizations: BTreeMap<String, Vec<String>>,
}

impl MachineApp {
    /// Describes an application without roles, with its identifier and secret.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            roles: Vec::new(),
            organizations: BTreeMap::new(),
        }
    }

    /// Adds a role, whose API permissions become the application's.
    #[must_use]
    pub fn role(mut self, name: impl Into<String>) -> Self {
        self.roles.push(name.into());
        self
    }

    /// Associates the application with the organization with this identifier.
    #[must_use]
    pub fn organization<R: Into<String>>(
        mut self,
        id: impl Into<String>,
        roles: impl IntoIterator<Item = R>,
    ) -> Self {
        self.organizations.insert(id.into(), roles.into_iter().map(Into::into).collect());
        self
    }
}

/// The provider's default. A table in `Rocket.toml` changes the fields it sets.
impl Default for MachineApp {
    fn default() -> Self {
        Self::new("logto-dev-machine", random())
            .role("items-reader")
            .organization("8wz3nrme4n02", ["editor"])
    }
}

impl fmt::Debug for MachineApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MachineApp")
            .field("id", &self.id)
            .field("roles", &self.roles)
            .field("organizations", &self.organizations)
            .finish_non_exhaustive()
    }
}

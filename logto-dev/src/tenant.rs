//! What the provider knows: the applications, users, keys and grants.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use serde::Deserialize;

use crate::app::{App, MachineApp};
use crate::clock::{Clock, unix_millis};
use crate::counts::Counts;
use crate::grant::Grants;
use crate::keys::Keys;
use crate::organization::{ApiResource, Organization, Role};
use crate::random::random;
use crate::reach::Reach;
use crate::user::User;

/// Which Logto the provider looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum Generation {
    /// Logto 1.37, like every version up to 1.41: ID tokens carry `at_hash` and `typ`,
    /// user info without a token is a 400.
    #[serde(rename = "1.37")]
    V1_37,
    /// Logto 1.42, the first without `at_hash` and `typ`. **(default)**
    #[default]
    #[serde(rename = "1.42")]
    V1_42,
}

/// What users may do with their own data, at `/api/my-account`.
///
/// Logto has such a setting for each field, in its Console under "Account center". Here,
/// one applies to all fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AccountCenter {
    /// `off`: nothing. Every request is refused with `account_center.not_enabled`, as if
    /// the account center was never turned on.
    Off,
    /// `read_only`: see it. Changes are refused with `account_center.field_not_editable`.
    ReadOnly,
    /// `edit`: see it, and change it. **(default)**
    #[default]
    Edit,
}

/// The routes' view of the provider.
pub(crate) type Shared = rocket::State<Arc<Tenant>>;

/// Everything the provider knows.
pub(crate) struct Tenant {
    pub(crate) app: App,
    pub(crate) machine_app: MachineApp,
    pub(crate) settings: Settings,
    pub(crate) organizations: BTreeMap<String, Organization>,
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) resources: BTreeMap<String, ApiResource>,
    pub(crate) keys: Keys,
    pub(crate) clock: Clock,
    pub(crate) counts: Counts,
    pub(crate) port: OnceLock<u16>,
    endpoint: OnceLock<String>,
    pub(crate) users: RwLock<BTreeMap<String, User>>,
    grants: Mutex<Grants>,
}

/// What does not change while the provider runs.
pub(crate) struct Settings {
    pub(crate) reach: Reach,
    pub(crate) generation: Generation,
    pub(crate) access_token_ttl: Duration,
    pub(crate) rotate_refresh_tokens: bool,
    pub(crate) always_issue_refresh_token: bool,
    pub(crate) token_exchange: bool,
    pub(crate) account_center: AccountCenter,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            reach: Reach::default(),
            generation: Generation::default(),
            access_token_ttl: Duration::from_secs(3600),
            rotate_refresh_tokens: false,
            always_issue_refresh_token: false,
            token_exchange: true,
            account_center: AccountCenter::default(),
        }
    }
}

impl Tenant {
    pub(crate) fn new(app: App, machine_app: MachineApp, settings: Settings) -> Self {
        Self {
            app,
            machine_app,
            settings,
            organizations: BTreeMap::new(),
            roles: BTreeMap::new(),
            resources: BTreeMap::new(),
            keys: Keys::new(),
            clock: Clock::new(),
            counts: Counts::default(),
            port: OnceLock::new(),
            endpoint: OnceLock::new(),
            users: RwLock::default(),
            grants: Mutex::default(),
        }
    }

    /// The port that the provider listens on.
    pub(crate) fn port(&self) -> u16 {
        *self.port.get().expect("no request comes before the port is known")
    }

    /// The provider's address for browsers: `http://127.0.0.1:<port>` unless it was set.
    pub(crate) fn endpoint(&self) -> &str {
        let announced = || self.settings.reach.endpoint.clone().unwrap_or_else(|| self.local());
        self.endpoint.get_or_init(announced)
    }

    /// The address at which this machine reaches the provider.
    pub(crate) fn local(&self) -> String {
        self.settings.reach.local(self.port())
    }

    /// `{endpoint}/oidc`.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/oidc", self.endpoint())
    }

    pub(crate) fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is a Logto older than 1.42.
    pub(crate) fn is_old(&self) -> bool {
        self.settings.generation == Generation::V1_37
    }

    /// The user with this name, as they are now.
    pub(crate) fn user(&self, username: &str) -> Option<User> {
        self.read_users(|users| users.get(username).cloned())
    }

    /// The user with this `sub`.
    pub(crate) fn user_by_id(&self, id: &str) -> Option<User> {
        self.read_users(|users| users.values().find(|user| user.id == id).cloned())
    }

    pub(crate) fn usernames(&self) -> Vec<String> {
        self.read_users(|users| users.keys().cloned().collect())
    }

    pub(crate) fn read_users<T>(&self, read: impl FnOnce(&BTreeMap<String, User>) -> T) -> T {
        read(&self.users.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn write_users<T>(&self, write: impl FnOnce(&mut BTreeMap<String, User>) -> T) -> T {
        write(&mut self.users.write().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records that a user signed in, which Logto counts as an update.
    pub(crate) fn touch(&self, username: &str) {
        self.write_users(|users| {
            if let Some(user) = users.get_mut(username) {
                user.updated_at = unix_millis();
                user.last_sign_in_at = Some(user.updated_at);
            }
        });
    }

    /// An identifier of a session or a token: shorter before 1.42.
    pub(crate) fn random_id(&self) -> String {
        let mut id = random();
        if self.is_old() {
            id.truncate(21);
        }
        id
    }
}

/// What Logto's Console does with users. Each returns `None` if there is no such user.
impl Tenant {
    /// Changes a user as they are now.
    pub(crate) fn change_user<T>(
        &self,
        username: &str,
        change: impl FnOnce(&mut User) -> T,
    ) -> Option<T> {
        self.write_users(|users| users.get_mut(username).map(change))
    }

    /// Suspends a user, and ends their sessions and tokens.
    pub(crate) fn suspend(&self, username: &str) -> Option<()> {
        self.change_user(username, |user| user.suspended = true)?;
        self.revoke(username)
    }

    pub(crate) fn reinstate(&self, username: &str) -> Option<()> {
        self.change_user(username, |user| user.suspended = false)
    }

    pub(crate) fn delete(&self, username: &str) -> Option<()> {
        let user = self.write_users(|users| users.remove(username))?;
        let mut grants = self.grants();
        grants.revoke_user(&user.id);
        grants.subjects.forget(&user.id);
        Some(())
    }

    /// Ends the sessions and tokens of a user.
    pub(crate) fn revoke(&self, username: &str) -> Option<()> {
        let user = self.user(username)?;
        self.grants().revoke_user(&user.id);
        Some(())
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("endpoint", &self.endpoint.get())
            .field("app_id", &self.app.id)
            .field("generation", &self.settings.generation)
            .finish_non_exhaustive()
    }
}

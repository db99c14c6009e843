//! What the provider knows: the application, users, keys, grants.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::grant::Grants;
use crate::keys::{self, SigningKey};
use crate::organization::{ApiResource, Organization, Role};
use crate::user::User;

/// Which Logto the provider looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum Generation {
    /// Logto 1.37, as everything up to 1.41: ID tokens carry `at_hash` and
    /// `typ`, user info without a token is a 400.
    #[serde(rename = "1.37")]
    V1_37,
    /// Logto 1.42, the first without `at_hash` and `typ`. **(default)**
    #[default]
    #[serde(rename = "1.42")]
    V1_42,
}

/// The routes' view of the provider.
pub(crate) type Shared = rocket::State<Arc<Tenant>>;

/// Everything the provider knows.
pub(crate) struct Tenant {
    pub(crate) app: App,
    pub(crate) generation: Generation,
    pub(crate) access_token_ttl: Duration,
    pub(crate) rotate_refresh_tokens: bool,
    pub(crate) organizations: BTreeMap<String, Organization>,
    pub(crate) roles: BTreeMap<String, Role>,
    pub(crate) resources: BTreeMap<String, ApiResource>,
    pub(crate) key: SigningKey,
    pub(crate) clock: Clock,
    pub(crate) counts: Counts,
    pub(crate) endpoint: OnceLock<String>,
    pub(crate) users: RwLock<BTreeMap<String, User>>,
    grants: Mutex<Grants>,
}

/// The registered application.
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) redirect_uris: RwLock<Vec<String>>,
    pub(crate) post_logout_redirect_uris: RwLock<Vec<String>>,
}

impl Tenant {
    pub(crate) fn new(app: App) -> Self {
        Self {
            app,
            generation: Generation::default(),
            access_token_ttl: Duration::from_secs(3600),
            rotate_refresh_tokens: false,
            organizations: BTreeMap::new(),
            roles: BTreeMap::new(),
            resources: BTreeMap::new(),
            key: SigningKey::generate(),
            clock: Clock::new(),
            counts: Counts::default(),
            endpoint: OnceLock::new(),
            users: RwLock::default(),
            grants: Mutex::default(),
        }
    }

    /// `http://127.0.0.1:<port>`.
    pub(crate) fn endpoint(&self) -> &str {
        self.endpoint.get().expect("no request comes before the port is known")
    }

    /// `http://127.0.0.1:<port>/oidc`.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/oidc", self.endpoint())
    }

    pub(crate) fn grants(&self) -> MutexGuard<'_, Grants> {
        self.grants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The user of this name, a copy of them as they are now.
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

    /// Notes that a user signed in, which Logto counts as an update of them.
    pub(crate) fn touch(&self, username: &str) {
        self.write_users(|users| {
            if let Some(user) = users.get_mut(username) {
                user.updated_at = keys::unix_millis();
            }
        });
    }

    /// An identifier of a session or a token: shorter before 1.42.
    pub(crate) fn random_id(&self) -> String {
        let mut id = keys::random();
        if self.generation == Generation::V1_37 {
            id.truncate(21);
        }
        id
    }
}

impl App {
    pub(crate) fn allows_redirect(&self, uri: &str) -> bool {
        contains(&self.redirect_uris, uri)
    }

    pub(crate) fn allows_post_logout_redirect(&self, uri: &str) -> bool {
        contains(&self.post_logout_redirect_uris, uri)
    }

    /// Registers what an application at `base_url` sends by default.
    pub(crate) fn register(&self, base_url: &str) {
        let base_url = base_url.trim_end_matches('/');
        push(&self.redirect_uris, format!("{base_url}/callback"));
        push(&self.post_logout_redirect_uris, format!("{base_url}/"));
    }
}

fn contains(uris: &RwLock<Vec<String>>, uri: &str) -> bool {
    uris.read().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == uri)
}

fn push(uris: &RwLock<Vec<String>>, uri: String) {
    uris.write().unwrap_or_else(PoisonError::into_inner).push(uri);
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("endpoint", &self.endpoint.get())
            .field("app_id", &self.app.id)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// The provider's clock, which tests move forward.
pub(crate) struct Clock {
    start: Instant,
    ahead: AtomicU64,
}

impl Clock {
    fn new() -> Self {
        Self { start: Instant::now(), ahead: AtomicU64::new(0) }
    }

    /// The time since the provider's start.
    pub(crate) fn now(&self) -> Duration {
        self.start.elapsed() + Duration::from_millis(self.ahead.load(Ordering::Relaxed))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let millis = by.as_millis().try_into().unwrap_or(u64::MAX);
        self.ahead.fetch_add(millis, Ordering::Relaxed);
    }
}

/// The endpoints whose requests are counted.
const ENDPOINTS: [(&str, &str); 8] = [
    ("discovery", "/oidc/.well-known/openid-configuration"),
    ("discovery", "/oidc/.well-known/oauth-authorization-server"),
    ("jwks", "/oidc/jwks"),
    ("auth", "/oidc/auth"),
    ("token", "/oidc/token"),
    ("me", "/oidc/me"),
    ("revocation", "/oidc/token/revocation"),
    ("session/end", "/oidc/session/end"),
];

/// How many requests each endpoint got.
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

//! The one place where protocol and session meet: the managed [`Logto`].

mod machine;
pub(crate) mod marker;
mod refresh;
mod sign_in;
mod sign_out;
mod tokens;
mod user_info;

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use rocket::request::Request;

use self::machine::MachineTokens;
use self::marker::Visit;
use self::refresh::{BACKOFF, Renewed};
pub(crate) use self::sign_in::FailedCallback;
#[cfg(feature = "__fuzz")]
pub(crate) use self::sign_in::callback_code;
pub(crate) use self::sign_out::{SignedOut, is_cross_site};
use self::tokens::Tokens;
use crate::claims::IdTokenClaims;
use crate::client::Client;
use crate::config::{Checked, StoreKind};
use crate::discovery::ProviderMetadata;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::{Flights, Turns};
use crate::hooks::Hooks;
use crate::location::{ReturnPath, Site};
use crate::revocation::{RevocationList, Standing};
use crate::seal::{Cookies, Kind, Sealer};
use crate::session::memory::MemoryStore;
use crate::session::store::{SessionId, SessionStore};
use crate::session::{Read, Session, Sessions};
use crate::token::{Audience, Timestamp};
use crate::transaction::Transactions;

/// Sign-ins whose `state` is remembered as used at the most.
const CONSUMED: u64 = 100_000;

/// How long a used `state` is remembered: longer than its cookie lives.
const CONSUMED_TTL: Duration = Duration::from_secs(15 * 60);

/// Sign-in with Logto: attach [`Logto::fairing()`], and the application has it.
///
/// The fairing reads the [`Config`](crate::Config), mounts the routes for
/// sign-in, callback and sign-out, and manages a `Logto`. A cheap handle: cloning
/// it clones no state.
///
/// # Example
///
/// ```rust
/// # use rocket::{get, launch, routes};
/// use logto_rocket::{authenticated, Logto, User};
///
/// #[authenticated(redirect)]
/// #[get("/profile")]
/// fn profile(user: &User) -> String {
///     format!("Hello, {}!", user.name().unwrap_or("stranger"))
/// }
///
/// # fn app() -> rocket::Rocket<rocket::Build> {
/// rocket::build().attach(Logto::fairing()).mount("/", routes![profile])
/// # }
/// ```
#[derive(Clone)]
pub struct Logto {
    pub(crate) inner: Arc<Inner>,
}

/// Claims that are kept as they were read at the most, and how long after their last
/// use: a handler that takes the user need not wait for the same reading again.
const CLAIMS: u64 = 10_000;
const CLAIMS_TTL: Duration = Duration::from_secs(10 * 60);

/// What an operation may take in all, however many calls to Logto it needs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives `work` up when it takes too long. What runs in a task of its own goes on.
async fn within_patience<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || Error::new(ErrorKind::Unreachable, "no answer in time");
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(late()))
}

/// A bounded set whose members are forgotten after a while, the oldest first.
fn recent<K: Eq + Hash + Send + Sync + 'static>(capacity: u64) -> Cache<K, ()> {
    let cache = Cache::builder().max_capacity(capacity).time_to_live(CONSUMED_TTL);
    cache.eviction_policy(EvictionPolicy::lru()).build()
}

/// What all handles share.
pub(crate) struct Inner {
    pub(crate) checked: Checked,
    pub(crate) client: Client,
    pub(crate) sessions: Sessions,
    pub(crate) transactions: Transactions,
    revocation: RevocationList,
    redemptions: Flights<StateHash, Session>,
    refreshes: Flights<(SessionId, Audience), Renewed>,
    /// One refresh of a session at a time: each may bring a new refresh token.
    turns: Turns<SessionId>,
    /// Refreshes that Logto did not answer a moment ago.
    failures: Cache<(SessionId, Audience), Error>,
    machine: MachineTokens,
    pub(crate) hooks: Box<dyn Hooks>,
    consumed: Cache<StateHash, ()>,
    /// Sessions in whose place the same browser has another one by now.
    replaced: Cache<SessionId, ()>,
    tokens: Tokens,
    /// By session and the moment when Logto last told them.
    claims: Cache<(SessionId, Timestamp), Arc<IdTokenClaims>>,
}

/// SHA-256 of a `state`: what is remembered of it.
type StateHash = [u8; 32];

impl Logto {
    /// What the configuration describes, with sessions in `store` if one is given.
    pub(crate) fn new(
        checked: Checked,
        store: Option<Box<dyn SessionStore>>,
        hooks: Box<dyn Hooks>,
    ) -> Result<Self> {
        let config = &checked.config;
        let cookies = Cookies::new(&config.app_id, checked.secure_cookies, checked.site.is_https());
        let sealer =
            |kind| Sealer::new(&checked.secrets.bytes, &checked.issuer, &config.app_id, kind);
        let session = config.session.clone();
        let sessions = match (store, session.store) {
            (Some(store), _) => {
                Sessions::stored(session, cookies.clone(), Some(sealer(Kind::Stored)), store)
            }
            (None, StoreKind::Memory) => {
                let store = Box::new(MemoryStore::new(session.capacity));
                Sessions::stored(session, cookies.clone(), None, store)
            }
            (None, StoreKind::Cookie) => {
                Sessions::sealed(session, cookies.clone(), sealer(Kind::Session))
            }
        };
        let inner = Inner {
            client: Client::new(&checked)?,
            sessions,
            transactions: Transactions { cookies, sealer: sealer(Kind::Transaction) },
            revocation: RevocationList::new(),
            redemptions: Flights::new(),
            refreshes: Flights::new(),
            turns: Turns::new(),
            failures: Cache::builder().max_capacity(CLAIMS).time_to_live(BACKOFF).build(),
            machine: MachineTokens::new(),
            hooks,
            consumed: recent(CONSUMED),
            replaced: recent(CONSUMED),
            claims: Cache::builder().max_capacity(CLAIMS).time_to_idle(CLAIMS_TTL).build(),
            tokens: Tokens::new(),
            checked,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// What Logto says about itself: fetched when first needed, kept, and renewed
    /// every hour.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unreachable`] when Logto did not answer,
    /// [`ErrorKind::InvalidAnswer`] when it is another Logto, or none.
    pub async fn provider_metadata(&self) -> Result<Arc<ProviderMetadata>> {
        within_patience(self.inner.client.metadata()).await
    }

    /// The managed `Logto`, if its fairing is attached.
    pub(crate) fn of<'r>(request: &'r Request<'_>) -> Option<&'r Self> {
        request.rocket().state()
    }

    pub(crate) fn site(&self) -> &Site {
        &self.inner.checked.site
    }

    /// The `Location` of the sign-in route.
    pub(crate) fn sign_in_location(&self, return_to: Option<&ReturnPath>) -> String {
        let routes = &self.inner.checked.config.routes;
        self.site().page_returning(&routes.full(&routes.sign_in), return_to)
    }

    /// The session of this request, read once and kept up to date by whatever
    /// happens to it during the request. Where it was long ago that Logto said that
    /// it holds, Logto is asked first.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn session(&self, visit: Visit<'_>) -> Result<Option<Session>> {
        let read = async {
            self.read(visit).await?;
            match visit.marker.session() {
                Some(session) => self.revalidate(visit, &session).await,
                None => Ok(()),
            }
        };
        visit.marker.load(read).await?;
        Ok(visit.marker.session())
    }

    /// The session of this request for those who end it, whatever Logto says of it.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn session_as_read(&self, visit: Visit<'_>) -> Result<Option<Session>> {
        visit.marker.load(self.read(visit)).await?;
        Ok(visit.marker.session())
    }

    async fn read(&self, visit: Visit<'_>) -> Result<()> {
        match self.inner.read(visit).await? {
            Read::Nothing => {}
            Read::Invalid(_) => visit.marker.end(),
            Read::Session { session, rewrite } => visit.marker.begin(session, rewrite),
        }
        Ok(())
    }

    /// The session that an answer may carry: a slow handler's request began before
    /// whatever has happened to the session since. `None` if it was ended.
    pub(crate) fn to_carry(&self, session: Session) -> Option<Session> {
        let record = &session.record;
        let ended = self.inner.revocation.is_ended(record.id, record.created);
        (!ended).then(|| self.inner.sessions.newest(session))
    }

    /// The claims of a session.
    ///
    /// # Errors
    ///
    /// They were written by something that is not this crate.
    pub(crate) fn claims(&self, session: &Session) -> Result<Arc<IdTokenClaims>> {
        let record = &session.record;
        let key = (record.id, record.verified_at);
        if let Some(claims) = self.inner.claims.get(&key) {
            return Ok(claims);
        }
        let claims = Arc::new(record.id_token_claims()?);
        self.inner.claims.insert(key, Arc::clone(&claims));
        Ok(claims)
    }

    /// The raw ID token, as long as the process remembers it.
    pub(crate) fn id_token(&self, session: &Session) -> Option<Arc<str>> {
        self.inner.tokens.id_token(&session.record.id)
    }
}

impl Inner {
    async fn read(self: &Arc<Self>, visit: Visit<'_>) -> Result<Read> {
        let now = Timestamp::now();
        let session = match self.sessions.read(visit.jar, now).await? {
            Read::Session { session, .. } => session,
            Read::Invalid(id) => return Ok(self.without_session(id)),
            Read::Nothing => return Ok(Read::Nothing),
        };
        let id = session.record.id;
        if !self.sessions.are_sealed() {
            return self.sessions.bring_up_to_date(session, now).await;
        }
        match self.revocation.standing(id, session.record.created) {
            Standing::Live => self.sessions.bring_up_to_date(session, now).await,
            Standing::Ended => Ok(self.without_session(Some(id))),
            Standing::EndedWithToken => {
                self.revoke_in_background(&session);
                Ok(self.without_session(Some(id)))
            }
        }
    }

    /// A cookie that is no session is removed, but not one that was replaced: the
    /// removal could reach the browser after the new session's cookie.
    fn without_session(&self, id: Option<SessionId>) -> Read {
        match id {
            Some(id) if self.replaced.contains_key(&id) => Read::Nothing,
            id => Read::Invalid(id),
        }
    }

    /// Ends a session here. The cookie of a sealed one stays good by itself, and an
    /// answer under way may carry either kind, so both are remembered as ended;
    /// `revoke_token` if the refresh token is to be revoked when a sealed cookie is
    /// seen again. Where the store fails the session goes on.
    async fn end(&self, session: &Session, revoke_token: bool) -> Result<()> {
        self.sessions.end(session).await?;
        let record = &session.record;
        let until = self.sessions.latest_end(record);
        self.revocation.end(record.id, record.created, until, revoke_token);
        self.tokens.forget(&record.id);
        Ok(())
    }
}

impl fmt::Debug for Logto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let checked = &self.inner.checked;
        f.debug_struct("Logto")
            .field("issuer", &checked.issuer)
            .field("app_id", &checked.config.app_id)
            .finish_non_exhaustive()
    }
}

//! The one place where protocol and session meet: the managed [`Logto`].

mod backchannel;
mod completion;
mod failures;
mod machine;
pub(crate) mod marker;
mod refresh;
mod sign_in;
mod sign_out;
mod tokens;
mod user_info;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use rocket::request::Request;

use self::backchannel::Receipts;
use self::completion::Completions;
use self::failures::Failures;
use self::machine::MachineTokens;
use self::marker::Visit;
use self::refresh::Renewed;
pub(crate) use self::sign_in::FailedCallback;
#[cfg(feature = "__fuzz")]
pub(crate) use self::sign_in::callback_code;
pub(crate) use self::sign_out::{SignedOut, is_cross_site};
use self::tokens::Tokens;
use crate::claims::User;
use crate::client::Client;
use crate::config::{Checked, StoreKind};
use crate::discovery::ProviderMetadata;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::{Flights, Turns};
use crate::hooks::Hooks;
use crate::jwt::Verifier;
use crate::location::{ReturnPath, Site};
use crate::revocation::{RevocationList, Standing};
use crate::seal::{Cookies, Kind, Sealer};
use crate::session::store::{SessionId, SessionStore};
use crate::session::{Read, Session, Sessions};
use crate::token::{Audience, Timestamp};
use crate::transaction::Transactions;

/// Replaced sessions that are remembered at the most, and how long: until no answer can
/// be under way that does not know of it.
const REPLACED: u64 = 100_000;
const REPLACED_TTL: Duration = Duration::from_secs(15 * 60);

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

/// What an operation may take in all, however many calls to Logto it needs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Gives `work` up when it takes too long. What runs in a task of its own goes on.
async fn within_patience<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let late = || Error::new(ErrorKind::Unreachable, "no answer in time");
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(late()))
}

/// The user of a session, as hooks see them.
fn user_of(session: &Session) -> Result<User> {
    Ok(User::new(Arc::clone(session.record.id_token_claims()?), None))
}

/// What all handles share.
pub(crate) struct Inner {
    pub(crate) checked: Checked,
    pub(crate) client: Client,
    verifier: Verifier,
    receipts: Receipts,
    pub(crate) sessions: Sessions,
    pub(crate) transactions: Transactions,
    revocation: RevocationList,
    completions: Completions,
    refreshes: Flights<(SessionId, Audience), Renewed>,
    /// One refresh of a session at a time: each may bring a new refresh token.
    turns: Turns<SessionId>,
    failures: Failures,
    machine: MachineTokens,
    pub(crate) hooks: Box<dyn Hooks>,
    /// Sessions in whose place the same browser has another one by now.
    replaced: Cache<SessionId, ()>,
    tokens: Tokens,
}

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
                Sessions::stored(session, cookies.clone(), sealer(Kind::Stored), store)
            }
            (None, StoreKind::Memory) => Sessions::in_memory(session, cookies.clone()),
            (None, StoreKind::Cookie) => {
                Sessions::sealed(session, cookies.clone(), sealer(Kind::Session))
            }
        };
        let client = Client::new(&checked)?;
        let inner = Inner {
            verifier: Verifier::new(&checked, Arc::clone(&client.signatures)),
            receipts: Receipts::new(checked.clock_skew()),
            client,
            sessions,
            transactions: Transactions { cookies, sealer: sealer(Kind::Transaction) },
            revocation: RevocationList::new(),
            completions: Completions::new(),
            refreshes: Flights::new(),
            turns: Turns::new(),
            failures: Failures::new(),
            machine: MachineTokens::new(),
            hooks,
            replaced: Cache::builder()
                .max_capacity(REPLACED)
                .time_to_live(REPLACED_TTL)
                .eviction_policy(EvictionPolicy::lru())
                .build(),
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
        match self.session_at_once(visit) {
            Some(session) => Ok(session),
            None => visit.marker.session(self.read_and_revalidate(visit)).await,
        }
    }

    /// As [`session()`](Self::session); `None` if it has to be waited for.
    pub(crate) fn session_at_once(&self, visit: Visit<'_>) -> Option<Option<Session>> {
        let is_due = |read: &Read| match read {
            Read::Session { session, .. } => self.is_due_for_revalidation(session),
            _ => false,
        };
        visit.marker.session_at_once(|| self.inner.read_at_once(visit).filter(|read| !is_due(read)))
    }

    /// The session of this request for those who end it, whatever Logto says of it.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn session_as_read(&self, visit: Visit<'_>) -> Result<Option<Session>> {
        match visit.marker.session_at_once(|| self.inner.read_at_once(visit)) {
            Some(session) => Ok(session),
            None => visit.marker.session(self.read(visit)).await,
        }
    }

    async fn read(&self, visit: Visit<'_>) -> Result<()> {
        visit.marker.take_in(self.inner.read(visit).await?);
        Ok(())
    }

    async fn read_and_revalidate(&self, visit: Visit<'_>) -> Result<()> {
        self.read(visit).await?;
        match visit.marker.current() {
            Some(session) => self.revalidate(visit, &session).await,
            None => Ok(()),
        }
    }

    /// The session that an answer may carry: a slow handler's request began before
    /// whatever has happened to the session since. `None` if it was ended.
    pub(crate) fn to_carry(&self, session: Session) -> Option<Session> {
        let ended = self.inner.revocation.is_ended(&session.record);
        (!ended).then(|| self.inner.sessions.newest(session))
    }

    /// The raw ID token, as long as the process remembers it.
    pub(crate) fn id_token(&self, session: &Session) -> Option<Arc<str>> {
        self.inner.tokens.id_token(&session.record.id)
    }
}

impl Inner {
    /// What the cookies say; `None` if a store has to be asked or told, or if there may
    /// be another cookie of the same name.
    fn read_at_once(self: &Arc<Self>, visit: Visit<'_>) -> Option<Read> {
        let now = Timestamp::now();
        match self.unless_ended(self.sessions.read_at_once(visit.jar, now)?) {
            Read::Session { session, .. } => self.sessions.up_to_date(session, now).ok(),
            Read::Invalid(_) => None,
            read @ Read::Nothing => Some(read),
        }
    }

    async fn read(self: &Arc<Self>, visit: Visit<'_>) -> Result<Read> {
        let now = Timestamp::now();
        let mut read = self.unless_ended(self.sessions.read(visit.jar, now).await?);
        if let Read::Invalid(_) = read {
            let headers = visit.request.cookie_headers();
            let double = self.sessions.read_doubles(&headers, visit.jar, now).await?;
            read = double.map_or(read, |double| self.unless_ended(double));
        }
        match read {
            Read::Session { session, .. } => self.sessions.bring_up_to_date(session, now).await,
            read => Ok(read),
        }
    }

    /// What was read, unless it is a session whose sealed cookie outlives it.
    fn unless_ended(self: &Arc<Self>, read: Read) -> Read {
        let session = match &read {
            Read::Session { session, .. } => session,
            Read::Invalid(id) => return self.without_session(*id),
            Read::Nothing => return read,
        };
        let id = session.record.id;
        if !self.sessions.are_sealed() {
            return read;
        }
        match self.revocation.standing(&session.record) {
            Standing::Live => read,
            Standing::Ended => self.without_session(Some(id)),
            Standing::EndedWithToken => {
                self.tokens.forget(&id);
                self.revoke_in_background(session);
                self.without_session(Some(id))
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
        self.remember_as_ended(session, revoke_token);
        Ok(())
    }

    fn remember_as_ended(&self, session: &Session, revoke_token: bool) {
        let record = &session.record;
        let until = self.sessions.latest_end(record.created);
        self.revocation.end(record, until, revoke_token);
        self.tokens.forget(&record.id);
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

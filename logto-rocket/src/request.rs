//! The state of one request, and what its answer must carry.

mod auths;
#[cfg(feature = "testing")]
mod errand;
mod outgoing;
mod user;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rocket::http::uri::Origin;
use rocket::http::{Cookie, CookieJar};
use rocket::request::Request;
use rocket::route::Route;
use tokio::sync::OnceCell;

use self::auths::RequestAuths;
#[cfg(feature = "testing")]
pub(crate) use self::errand::Errand;
pub(crate) use self::outgoing::{Outgoing, SessionCookie};
pub(crate) use self::user::RequestUser;
use self::user::RequestUsers;
use crate::auth_info::AuthInfo;
use crate::claims::{AccessTokenClaims, User};
use crate::error::{Error, Result};
use crate::hooks::Hooked;
use crate::session::store::SessionKey;
use crate::session::{Read, Session, Sessions};
use crate::token::{Audience, Token};

/// One request, as far as sign-in is concerned.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'r> {
    pub(crate) request: &'r dyn Hooked,
    pub(crate) state: &'r RequestState,
    pub(crate) jar: &'r CookieJar<'r>,
}

impl<'r> Visit<'r> {
    pub(crate) fn of(request: &'r Request<'_>) -> Self {
        Self { request, state: RequestState::of(request), jar: request.cookies() }
    }

    /// Returns the result unchanged. After a failure, a 503 answer says when to retry,
    /// whoever writes it.
    pub(crate) fn noted<T>(self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| self.state.fail(error))
    }

    /// The session of this request according to cookies and store, without asking Logto.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub(crate) async fn session(self, sessions: &Sessions) -> Result<Option<Session>> {
        match self.state.known(|| sessions.look(self.jar)) {
            Ok(session) => Ok(session),
            Err(wait) => {
                let ask = async {
                    let headers = self.request.cookie_headers();
                    self.state.take_in(sessions.wait_for(wait, &headers, self.jar).await?);
                    Ok(())
                };
                self.state.wait(ask).await
            }
        }
    }
}

/// The state of one request, shared by wrapper, guards and fairing.
#[derive(Default)]
pub(crate) struct RequestState {
    live: Mutex<Live>,
    /// The wait for what the cookies alone did not tell, once per request.
    waited: OnceCell<Result<()>>,
    /// Whether the answer's head was sent, so that no cookie can follow.
    answered: AtomicBool,
    /// Whether it was a HEAD request, which Rocket turns into GET.
    is_head: AtomicBool,
    users: RequestUsers,
    /// The access tokens that let the request in.
    auths: RequestAuths,
    /// Whether a token decides instead of the cookies.
    is_by_token: AtomicBool,
    /// The query of the callback, removed from the address before it is logged.
    callback: OnceLock<String>,
    #[cfg(feature = "testing")]
    errand: OnceLock<Arc<dyn Errand>>,
    /// The access token that a test's request presents.
    #[cfg(feature = "testing")]
    presented: OnceLock<Arc<AuthInfo>>,
}

#[derive(Default)]
struct Live {
    /// Whether the presence of a session is known.
    is_read: bool,
    session: Option<Session>,
    /// Users whose tokens were refreshed and of whom the application must be notified.
    refreshed: Vec<User>,
    /// The token fetched for a route: by the address of the route, and the session it
    /// belongs to.
    fetched: Option<(usize, SessionKey, Fetched)>,
    outgoing: Outgoing,
}

/// The token that a route's policy names.
#[derive(Clone)]
pub(crate) struct Fetched {
    pub(crate) audience: Audience,
    pub(crate) token: Arc<Token>,
}

/// The state of a request before it got another session.
pub(crate) struct Before {
    is_read: bool,
    session: Option<Session>,
    cookie: SessionCookie,
}

impl RequestState {
    pub(crate) fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(Self::default)
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session of this request, if it was read or the cookies tell it. From then on
    /// the answer depends on the cookies.
    ///
    /// # Errors
    ///
    /// The wait that is needed to find out.
    pub(crate) fn known<W>(
        &self,
        look: impl FnOnce() -> Result<Read, W>,
    ) -> Result<Option<Session>, W> {
        if self.is_by_token() {
            return Ok(None);
        }
        let mut live = self.live();
        live.outgoing.depends_on_cookies = true;
        if !live.is_read {
            live.take_in(look()?);
            live.is_read = true;
        }
        Ok(live.session.clone())
    }

    /// A token decides this request: whatever its cookies say, it has no session.
    pub(crate) fn goes_by_token(&self) {
        self.is_by_token.store(true, Ordering::Release);
        // Earlier changes to the session, such as a refresh in a route that forwarded, are
        // still sent: a rotated refresh token must not be lost.
        self.live().session = None;
    }

    pub(crate) fn is_by_token(&self) -> bool {
        self.is_by_token.load(Ordering::Acquire)
    }

    /// A refusal says how to present a token, with the first challenge that was set.
    pub(crate) fn challenge(&self, mut challenge: String) {
        let outgoing = &mut self.live().outgoing;
        if let Some(address) = &outgoing.metadata {
            let comma = if challenge.contains(' ') { "," } else { "" };
            challenge += &format!("{comma} resource_metadata=\"{address}\"");
        }
        outgoing.challenge.get_or_insert(challenge);
    }

    /// From now on challenges say where the metadata of their resource is, if it is
    /// published (RFC 9728 section 5.1).
    pub(crate) fn is_described_at(&self, address: Option<Arc<str>>) {
        self.live().outgoing.metadata = address;
    }

    /// The answer depends on whether a token was presented, and which.
    pub(crate) fn depend_on_token(&self) {
        self.live().outgoing.depends_on_token = true;
    }

    /// Records that `route` was authorized by this token.
    pub(crate) fn admit_token(&self, route: Option<&Route>, auth: Arc<AuthInfo>) {
        let address = route.map_or(0, address);
        self.auths.add(address, auth);
    }

    /// The token that let the request in, or that was fetched for the session that did.
    pub(crate) fn auth(&self, route: Option<&Route>) -> Option<&AuthInfo> {
        let of = route.map(address)?;
        if self.auths.of(of).is_none() {
            let claims = AccessTokenClaims::parse(self.fetched(route)?.token.secret().secret())?;
            self.auths.add(of, Arc::new(AuthInfo::of(claims)?));
        }
        self.auths.of(of)
    }

    /// The session of this request after `ask`, which runs once per request.
    pub(crate) async fn wait(
        &self,
        ask: impl Future<Output = Result<()>>,
    ) -> Result<Option<Session>> {
        self.waited.get_or_init(|| ask).await.clone()?;
        self.live().is_read = true;
        Ok(self.session())
    }

    /// The session that the request has now.
    pub(crate) fn session(&self) -> Option<Session> {
        self.live().session.clone()
    }

    /// Records what the cookies say.
    pub(crate) fn take_in(&self, read: Read) {
        self.live().take_in(read);
    }

    /// The request has this session from now on, and its answer carries it.
    pub(crate) fn begin(&self, session: Session) {
        let mut live = self.live();
        live.is_read = true;
        live.begin(session, true);
    }

    /// Like [`begin()`](Self::begin), and returns the request's previous state.
    pub(crate) fn exchange(&self, session: Session) -> Before {
        let mut live = self.live();
        let cookie = std::mem::take(&mut live.outgoing.session);
        let before = Before { is_read: live.is_read, session: live.session.take(), cookie };
        live.is_read = true;
        live.begin(session, true);
        before
    }

    /// Restores the request's previous state, and that of its answer.
    pub(crate) fn restore(&self, before: Before) {
        let mut live = self.live();
        live.is_read = before.is_read;
        live.session = before.session;
        live.outgoing.session = before.cookie;
    }

    /// The next generation of a session, which the answer carries. Ignored if the request
    /// no longer has the session.
    pub(crate) fn renew(&self, session: Session) {
        let mut live = self.live();
        if live.has(&session.record.key()) {
            live.begin(session, true);
        }
    }

    /// Remembers to notify the application that this user's tokens were refreshed.
    pub(crate) fn refreshed(&self, user: User) {
        self.live().refreshed.push(user);
    }

    /// The users of whom the application must be notified, once.
    pub(crate) fn take_refreshed(&self) -> Vec<User> {
        std::mem::take(&mut self.live().refreshed)
    }

    /// Whether the request still has this session, in any generation.
    pub(crate) fn has(&self, session: &Session) -> bool {
        self.live().has(&session.record.key())
    }

    /// What is known about this session's user.
    pub(crate) fn user(&self, session: &Session) -> &RequestUser {
        self.users.of(session.record.key())
    }

    /// From now on the request has no session, and its answer removes the cookie. If a
    /// token decides, the cookie is somebody else's: its session continues.
    pub(crate) fn end(&self) {
        if self.is_by_token() {
            return;
        }
        let mut live = self.live();
        live.is_read = true;
        live.end();
    }

    /// Like [`end()`](Self::end), unless the request has another session now.
    pub(crate) fn end_session(&self, session: &Session) {
        let mut live = self.live();
        if live.has(&session.record.key()) {
            live.end();
        }
    }

    pub(crate) fn add_transactions(&self, cookies: impl IntoIterator<Item = Cookie<'static>>) {
        self.live().outgoing.transactions.extend(cookies);
    }

    pub(crate) fn fail(&self, error: &Error) {
        self.live().outgoing.failure = Some(error.clone());
    }

    /// What the answer must do; once per request. From then on its head counts as sent.
    pub(crate) fn take_outgoing(&self) -> Outgoing {
        self.answered.store(true, Ordering::Release);
        std::mem::take(&mut self.live().outgoing)
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    /// The answer is for this request alone: caches must not keep it.
    pub(crate) fn depend_on_cookies(&self) {
        self.live().outgoing.depends_on_cookies = true;
    }

    pub(crate) fn take_callback_query(&self, query: String) {
        let _ = self.callback.set(query);
    }

    /// The query of the callback: removed from this address, or still in it if, for
    /// example, another fairing rewrote the address later.
    pub(crate) fn callback_query<'a>(&'a self, uri: &'a Origin<'_>) -> &'a str {
        let in_address = || uri.query().map(|query| query.as_str());
        self.callback.get().map(String::as_str).or_else(in_address).unwrap_or_default()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn present(&self, auth: AuthInfo) {
        let _ = self.presented.set(Arc::new(auth));
    }

    #[cfg(feature = "testing")]
    pub(crate) fn presented(&self) -> Option<Arc<AuthInfo>> {
        self.presented.get().cloned()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn send_on(&self, errand: Arc<dyn Errand>) {
        let _ = self.errand.set(errand);
    }

    /// The errand of a test for this request; run once.
    #[cfg(feature = "testing")]
    pub(crate) fn errand(&self) -> Option<&Arc<dyn Errand>> {
        self.errand.get()
    }

    pub(crate) fn came_as_head(&self) {
        self.is_head.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_head(&self) -> bool {
        self.is_head.load(Ordering::Relaxed)
    }

    /// Keeps the token that the policy of `route` names. It is not for a route to which the
    /// request is forwarded.
    pub(crate) fn keep(&self, route: Option<&Route>, fetched: Fetched) {
        let address = route.map_or(0, address);
        let mut live = self.live();
        let session = live.session.as_ref().map(|session| session.record.key());
        live.fetched = session.map(|session| (address, session, fetched));
    }

    /// The token that was fetched for this route and the session that the request has.
    pub(crate) fn fetched(&self, route: Option<&Route>) -> Option<Fetched> {
        let live = self.live();
        let (of, session, fetched) = live.fetched.as_ref()?;
        let is_for = route.map(address) == Some(*of) && live.has(session);
        is_for.then(|| fetched.clone())
    }

    /// The audience of the token fetched for this route, for the session or token that
    /// entered it.
    pub(crate) fn fetched_audience(&self, route: Option<&Route>) -> Option<Audience> {
        let live = self.live();
        let (of, _, fetched) = live.fetched.as_ref()?;
        (route.map(address) == Some(*of)).then(|| fetched.audience.clone())
    }
}

impl Live {
    fn take_in(&mut self, read: Read) {
        match read {
            Read::Nothing => {}
            Read::Invalid => {
                self.session = None;
                self.outgoing.session = SessionCookie::Cleared;
            }
            Read::Session { session, rewrite } => self.begin(session, rewrite),
        }
    }

    fn begin(&mut self, session: Session, write: bool) {
        if write {
            self.outgoing.session = SessionCookie::Carries(session.clone());
        }
        self.session = Some(session);
    }

    fn has(&self, key: &SessionKey) -> bool {
        self.session.as_ref().is_some_and(|session| session.record.key() == *key)
    }

    fn end(&mut self) {
        self.session = None;
        self.outgoing.session = SessionCookie::Removed;
    }
}

/// Routes live as long as the application and have no other identity.
fn address(route: &Route) -> usize {
    std::ptr::from_ref(route).addr()
}

//! What one request knows and its answer must carry.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rocket::http::{Cookie, CookieJar};
use rocket::request::Request;
use rocket::route::Route;
use tokio::sync::OnceCell;

use crate::claims::{IdTokenClaims, User, UserInfo};
use crate::error::{Error, Result};
use crate::session::Session;
use crate::token::{Audience, Token};

/// The state of one request, shared by wrapper, gate, guards and fairing.
#[derive(Default)]
pub(crate) struct Marker {
    loaded: OnceCell<Result<()>>,
    live: Mutex<Live>,
    /// The user of the session that came with the request, and the one of a session
    /// that began in it.
    people: [Person; 2],
    /// Whether the answer's head is out, so that no cookie can follow.
    answered: AtomicBool,
    /// The query of the callback, taken out of the address before it is logged.
    pub(crate) callback: OnceLock<String>,
}

/// What is known of a user; handlers hold references to it.
#[derive(Default)]
pub(crate) struct Person {
    pub(crate) claims: OnceLock<Arc<IdTokenClaims>>,
    pub(crate) user: OnceLock<User>,
    pub(crate) user_with_info: OnceLock<User>,
    pub(crate) info: OnceCell<Result<UserInfo>>,
    /// Access tokens that were received in this request. They are used without
    /// asking again, however short they live.
    tokens: Mutex<Vec<(Audience, Arc<Token>)>>,
}

impl Person {
    pub(crate) fn token(&self, audience: &Audience) -> Option<Arc<Token>> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.iter().find(|(of, _)| of == audience).map(|(_, token)| Arc::clone(token))
    }

    pub(crate) fn keep_token(&self, audience: &Audience, token: &Arc<Token>) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|(of, _)| of != audience);
        tokens.push((audience.clone(), Arc::clone(token)));
    }

    pub(crate) fn forget_tokens(&self) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[derive(Default)]
struct Live {
    session: Option<Session>,
    /// Whether the session began in this request, after another one.
    is_second: bool,
    carry: Carry,
    transactions: Vec<Cookie<'static>>,
    consulted: bool,
    failure: Option<Error>,
    /// The route that was authorized, and the token that was fetched for it.
    admitted: Option<(usize, Option<Fetched>)>,
}

/// The token that a route's policy names.
#[derive(Clone)]
pub(crate) struct Fetched {
    pub(crate) audience: Audience,
    pub(crate) token: Arc<Token>,
}

/// One request, as far as sign-in is concerned.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'r> {
    pub(crate) request: &'r Request<'r>,
    pub(crate) marker: &'r Marker,
    pub(crate) jar: &'r CookieJar<'r>,
}

impl<'r> Visit<'r> {
    pub(crate) fn of(request: &'r Request<'_>) -> Self {
        Self { request, marker: Marker::of(request), jar: request.cookies() }
    }
}

/// What the answer does to the session's cookie.
#[derive(Clone, Default)]
pub(crate) enum Carry {
    /// Nothing.
    #[default]
    Nothing,
    /// It carries this session.
    Session(Session),
    /// It removes the cookie.
    Removal,
}

impl Marker {
    pub(crate) fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(Self::default)
    }

    fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `load` once a request; the answer depends on the cookies from then on.
    pub(crate) async fn load(&self, load: impl Future<Output = Result<()>>) -> Result<()> {
        self.live().consulted = true;
        self.loaded.get_or_init(|| load).await.clone()
    }

    pub(crate) fn session(&self) -> Option<Session> {
        self.live().session.clone()
    }

    /// The request has this session from now on; `write` if its answer carries it.
    pub(crate) fn begin(&self, session: Session, write: bool) {
        let mut live = self.live();
        live.is_second |= live.session.as_ref().is_some_and(|s| s.record.id != session.record.id);
        if write {
            live.carry = Carry::Session(session.clone());
        }
        live.session = Some(session);
    }

    /// The user of the session that the request has now.
    pub(crate) fn person(&self) -> &Person {
        &self.people[usize::from(self.live().is_second)]
    }

    /// The request has no session from now on, and its answer removes the cookie.
    pub(crate) fn end(&self) {
        let mut live = self.live();
        live.session = None;
        live.carry = Carry::Removal;
    }

    pub(crate) fn carry(&self) -> Carry {
        self.live().carry.clone()
    }

    pub(crate) fn add_transactions(&self, cookies: impl IntoIterator<Item = Cookie<'static>>) {
        self.live().transactions.extend(cookies);
    }

    pub(crate) fn take_transactions(&self) -> Vec<Cookie<'static>> {
        std::mem::take(&mut self.live().transactions)
    }

    /// Whether the answer depends on the request's cookies.
    pub(crate) fn is_consulted(&self) -> bool {
        self.live().consulted
    }

    pub(crate) fn fail(&self, error: &Error) {
        self.live().failure = Some(error.clone());
    }

    pub(crate) fn failure(&self) -> Option<Error> {
        self.live().failure.clone()
    }

    /// Records that the answer's head is complete.
    pub(crate) fn answer(&self) {
        self.answered.store(true, Ordering::Release);
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    /// Records that `route` was authorized, with the token that its policy names. A
    /// forward to another route is not covered by it.
    pub(crate) fn admit(&self, route: Option<&Route>, fetched: Option<Fetched>) {
        self.live().admitted = route.map(|route| (address(route), fetched));
    }

    pub(crate) fn admits(&self, route: Option<&Route>) -> bool {
        let live = self.live();
        let admitted = live.admitted.as_ref().map(|(admitted, _)| *admitted);
        admitted.is_some() && admitted == route.map(address)
    }

    /// The token that was fetched for this route.
    pub(crate) fn fetched(&self, route: Option<&Route>) -> Option<Fetched> {
        let live = self.live();
        let (admitted, fetched) = live.admitted.as_ref()?;
        fetched.clone().filter(|_| route.map(address) == Some(*admitted))
    }
}

/// Routes live as long as the application and have no other identity.
fn address(route: &Route) -> usize {
    std::ptr::from_ref(route).addr()
}

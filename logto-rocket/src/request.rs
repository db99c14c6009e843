//! What one request knows and its answer must carry.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rocket::http::{Cookie, CookieJar};
use rocket::request::Request;
use rocket::route::Route;
use tokio::sync::OnceCell;

use crate::claims::{IdTokenClaims, User, UserInfo};
use crate::error::{Error, Result};
use crate::hooks::Hooked;
use crate::session::store::SessionKey;
use crate::session::{Read, Session};
use crate::token::{Audience, Token};

/// The state of one request, shared by wrapper, gate, guards and fairing.
#[derive(Default)]
pub(crate) struct Marker {
    live: Mutex<Live>,
    /// The wait for a store, once a request.
    waited: OnceCell<Result<()>>,
    /// The address of the route that was authorized.
    admitted: AtomicUsize,
    /// Whether the answer's head is out, so that no cookie can follow.
    answered: AtomicBool,
    people: People,
    /// The query of the callback, taken out of the address before it is logged.
    pub(crate) callback: OnceLock<String>,
    /// Whether the request came as HEAD, which Rocket turns into GET.
    is_head: AtomicBool,
}

/// The user of each session that the request has had: the one it came with, and those
/// that began in it. None of them is told what is known of another.
#[derive(Default)]
struct People {
    /// Whose the first one is; nobody's until somebody asks.
    session: OnceLock<SessionKey>,
    first: Person,
    others: OnceLock<Box<Self>>,
}

impl People {
    fn of(&self, id: SessionKey) -> &Person {
        let mut people = self;
        while *people.session.get_or_init(|| id) != id {
            people = people.others.get_or_init(Box::default);
        }
        &people.first
    }
}

/// What is known of the user of a session; handlers hold references to it.
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
        self.forget_token(audience);
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.push((audience.clone(), Arc::clone(token)));
    }

    pub(crate) fn forget_token(&self, audience: &Audience) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|(of, _)| of != audience);
    }

    pub(crate) fn forget_tokens(&self) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[derive(Default)]
struct Live {
    /// Whether it is known if there is a session.
    is_read: bool,
    session: Option<Session>,
    /// The token that was fetched for a route: by the address of the route, and the
    /// session whose it is.
    fetched: Option<(usize, SessionKey, Fetched)>,
    answer: Answer,
}

/// The token that a route's policy names.
#[derive(Clone)]
pub(crate) struct Fetched {
    pub(crate) audience: Audience,
    pub(crate) token: Arc<Token>,
}

/// What the answer to a request must do.
#[derive(Default)]
pub(crate) struct Answer {
    pub(crate) carry: Carry,
    pub(crate) transactions: Vec<Cookie<'static>>,
    /// Whether it depends on the request's cookies.
    pub(crate) consulted: bool,
    pub(crate) failure: Option<Error>,
}

/// One request, as far as sign-in is concerned.
#[derive(Clone, Copy)]
pub(crate) struct Visit<'r> {
    pub(crate) request: &'r dyn Hooked,
    pub(crate) marker: &'r Marker,
    pub(crate) jar: &'r CookieJar<'r>,
}

impl<'r> Visit<'r> {
    pub(crate) fn of(request: &'r Request<'_>) -> Self {
        Self { request, marker: Marker::of(request), jar: request.cookies() }
    }
}

/// What a request had before it had another session.
pub(crate) struct Before {
    session: Option<Session>,
    carry: Carry,
}

/// What the answer does to the session's cookie.
#[derive(Default)]
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

    /// The session of this request, read with `read` if it was not yet; `None` if
    /// that cannot be done at once. The answer depends on the cookies from then on.
    pub(crate) fn session_at_once(
        &self,
        read: impl FnOnce() -> Option<Read>,
    ) -> Option<Option<Session>> {
        let mut live = self.live();
        live.answer.consulted = true;
        if !live.is_read {
            live.take_in(read()?);
            live.is_read = true;
        }
        Some(live.session.clone())
    }

    /// As [`session_at_once()`](Self::session_at_once), for what has to be waited for.
    pub(crate) async fn session(
        &self,
        read: impl Future<Output = Result<()>>,
    ) -> Result<Option<Session>> {
        self.waited.get_or_init(|| read).await.clone()?;
        self.live().is_read = true;
        Ok(self.current())
    }

    /// The session that the request has by now.
    pub(crate) fn current(&self) -> Option<Session> {
        self.live().session.clone()
    }

    /// Takes in what the cookies say.
    pub(crate) fn take_in(&self, read: Read) {
        self.live().take_in(read);
    }

    /// The request has this session from now on; `write` if its answer carries it.
    pub(crate) fn begin(&self, session: Session, write: bool) {
        self.live().begin(session, write);
    }

    /// As [`begin()`](Self::begin), and returns what the request had before.
    pub(crate) fn exchange(&self, session: Session) -> Before {
        let mut live = self.live();
        let carry = std::mem::take(&mut live.answer.carry);
        let before = Before { session: live.session.take(), carry };
        live.begin(session, true);
        before
    }

    /// The request has what it had before, and its answer does what it did.
    pub(crate) fn restore(&self, before: Before) {
        let mut live = self.live();
        live.session = before.session;
        live.answer.carry = before.carry;
    }

    /// The next generation of a session, which the answer carries. Of a session that
    /// the request no longer has, nothing is taken in.
    pub(crate) fn renew(&self, session: Session) {
        let mut live = self.live();
        if live.has(&session.record.key()) {
            live.begin(session, true);
        }
    }

    /// What is known of the user of this session.
    pub(crate) fn person(&self, session: &Session) -> &Person {
        self.people.of(session.record.key())
    }

    /// The request has no session from now on, and its answer removes the cookie.
    pub(crate) fn end(&self) {
        self.live().end();
    }

    /// As [`end()`](Self::end), unless the request has another session by now.
    pub(crate) fn end_session(&self, id: &SessionKey) {
        let mut live = self.live();
        if live.has(id) {
            live.end();
        }
    }

    pub(crate) fn add_transactions(&self, cookies: impl IntoIterator<Item = Cookie<'static>>) {
        self.live().answer.transactions.extend(cookies);
    }

    pub(crate) fn fail(&self, error: &Error) {
        self.live().answer.failure = Some(error.clone());
    }

    /// What the answer must do; once a request. Its head is out from then on.
    pub(crate) fn take_answer(&self) -> Answer {
        self.answered.store(true, Ordering::Release);
        std::mem::take(&mut self.live().answer)
    }

    /// The answer is for this request alone: no cache may keep it.
    pub(crate) fn consult(&self) {
        self.live().answer.consulted = true;
    }

    pub(crate) fn came_as_head(&self) {
        self.is_head.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_head(&self) -> bool {
        self.is_head.load(Ordering::Relaxed)
    }

    pub(crate) fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    /// Records that `route` was authorized, with the token that its policy names. A
    /// forward to another route is not covered by it.
    pub(crate) fn admit(&self, route: Option<&Route>, fetched: Option<Fetched>) {
        let address = route.map_or(0, address);
        self.admitted.store(address, Ordering::Release);
        let mut live = self.live();
        let session = live.session.as_ref().map(|session| session.record.key());
        if let (Some(fetched), Some(session)) = (fetched, session) {
            live.fetched = Some((address, session, fetched));
        }
    }

    pub(crate) fn admits(&self, route: Option<&Route>) -> bool {
        let admitted = self.admitted.load(Ordering::Acquire);
        admitted != 0 && route.map(address) == Some(admitted)
    }

    /// The token that was fetched for this route and the session that the request has.
    pub(crate) fn fetched(&self, route: Option<&Route>) -> Option<Fetched> {
        let live = self.live();
        let (of, session, fetched) = live.fetched.as_ref()?;
        let is_for = route.map(address) == Some(*of) && live.has(session);
        is_for.then(|| fetched.clone())
    }

    /// What a token was fetched for, on behalf of whomever this route was entered by.
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
            Read::Invalid(_) => self.end(),
            Read::Session { session, rewrite } => self.begin(session, rewrite),
        }
    }

    fn begin(&mut self, session: Session, write: bool) {
        if write {
            self.answer.carry = Carry::Session(session.clone());
        }
        self.session = Some(session);
    }

    fn has(&self, id: &SessionKey) -> bool {
        self.session.as_ref().is_some_and(|session| session.record.key() == *id)
    }

    fn end(&mut self) {
        self.session = None;
        self.answer.carry = Carry::Removal;
    }
}

/// Routes live as long as the application and have no other identity.
fn address(route: &Route) -> usize {
    std::ptr::from_ref(route).addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::store::SessionId;

    /// S21: however many sessions a request has had.
    #[test]
    fn each_session_of_a_request_has_a_person_of_its_own() {
        let people = People::default();
        let ids: Vec<_> = (0..5).map(|_| SessionId::random().key()).collect();
        let persons: Vec<_> = ids.iter().map(|id| people.of(*id)).collect();
        for (at, id) in ids.iter().enumerate().rev() {
            assert!(std::ptr::eq(people.of(*id), persons[at]));
            assert!(persons[..at].iter().all(|other| !std::ptr::eq(*other, persons[at])));
        }
    }
}

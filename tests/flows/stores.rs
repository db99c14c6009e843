//! Sessions in a store: in memory, in the application's own, and in one that fails.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logto_rocket::{
    Error, IdTokenClaims, Logto, MemoryStore, Result, Saved, SessionKey, SessionStore,
    StoredSession, User, UserInfo, Version, authenticated,
};
use logto_tests::{Alter, Browser, Deviation, Hostile, Live, app};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::{Build, Rocket, get, routes};
use serde_json::json;

type Loaded = Option<(Vec<u8>, Version)>;

/// A store that can be switched off, over the one in memory.
#[derive(Clone, Default)]
pub(crate) struct Fragile {
    store: Arc<Memory>,
    down: Arc<AtomicBool>,
    /// How often it was asked for a session.
    pub(crate) loads: Arc<AtomicUsize>,
    /// Whether it refuses to delete.
    pub(crate) keeps: Arc<AtomicBool>,
    /// How often it has saved.
    saves: Arc<AtomicUsize>,
    /// How often it refuses to save.
    refusals: Arc<AtomicUsize>,
    /// What it found last, and how often it finds that again.
    last: Arc<Mutex<Loaded>>,
    lag: Arc<AtomicUsize>,
}

struct Memory(MemoryStore);

impl Default for Memory {
    fn default() -> Self {
        Self(MemoryStore::new(100))
    }
}

impl Fragile {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The same sessions through another handle, like another process has.
    fn beside(&self) -> Self {
        Self { store: Arc::clone(&self.store), ..Self::default() }
    }

    pub(crate) fn switch(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&MemoryStore> {
        match self.down.load(Ordering::SeqCst) {
            true => Err(Error::store(std::io::Error::other("connection refused"))),
            false => Ok(&self.store.0),
        }
    }
}

#[rocket::async_trait]
impl SessionStore for Fragile {
    async fn create(&self, key: &SessionKey, s: StoredSession, ttl: Duration) -> Result<Version> {
        self.up()?.create(key, s, ttl).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Loaded> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        if is_one_of(&self.lag) {
            return Ok(self.last.lock().unwrap().clone());
        }
        let found = self.up()?.load(key).await?;
        self.last.lock().unwrap().clone_from(&found);
        Ok(found)
    }

    async fn save(
        &self,
        key: &SessionKey,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        if is_one_of(&self.refusals) {
            return Err(Error::store(std::io::Error::other("busy")));
        }
        let saved = self.up()?.save(key, read, session, ttl).await?;
        self.saves.fetch_add(1, Ordering::SeqCst);
        Ok(saved)
    }

    async fn delete(&self, key: &SessionKey, names: &[String]) -> Result<()> {
        if self.keeps.load(Ordering::SeqCst) {
            return Err(Error::store(std::io::Error::other("read only")));
        }
        self.up()?.delete(key, names).await
    }

    async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>> {
        self.up()?.find(names).await
    }
}

/// Takes one of these; `false` if none is left.
fn is_one_of(left: &AtomicUsize) -> bool {
    let less = |left: usize| left.checked_sub(1);
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
}

#[get("/optional")]
fn optional(user: Option<&User>) -> &'static str {
    if user.is_some() { "user" } else { "nobody" }
}

#[authenticated(redirect)]
#[get("/protected")]
fn protected(user: &User) -> String {
    user.subject().to_owned()
}

#[authenticated(fetch_user_info)]
#[get("/api/userinfo")]
fn user_info(info: &UserInfo) -> String {
    info.subject().to_owned()
}

#[get("/sid")]
fn sid(claims: &IdTokenClaims) -> String {
    claims.sid().value().unwrap_or_default().to_owned()
}

#[get("/options")]
fn options(user: Option<&User>, claims: Option<&IdTokenClaims>, info: Option<&UserInfo>) -> String {
    let claims = claims.map(IdTokenClaims::subject);
    format!("{:?} {claims:?} {:?}", user.map(User::subject), info.map(UserInfo::subject))
}

#[get("/results")]
fn results(user: Result<&User>, claims: Result<&IdTokenClaims>, info: Result<&UserInfo>) -> String {
    let told = |error: Error| (error.status().code, error.kind());
    let user = user.map(User::subject).map_err(told);
    let claims = claims.map(IdTokenClaims::subject).map_err(told);
    format!("{user:?} {claims:?} {:?}", info.map(UserInfo::subject).map_err(told))
}

pub(crate) fn with_store(figment: Figment, store: impl SessionStore) -> Rocket<Build> {
    let routes = routes![optional, protected, user_info, sid, options, results];
    rocket::custom(figment).attach(Logto::fairing().store(store)).mount("/", routes)
}

/// S8: and a copy of it is worth nothing after the sign-out.
#[rocket::async_test]
async fn sessions_in_memory_carry_only_an_id_in_the_cookie() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment().merge(("logto.session.store", "memory")))).await;
    assert_eq!(browser.sign_in(&op, "/protected").await.status, Status::Ok);
    let cookies = browser.session_cookies();
    assert_eq!(cookies.values().map(String::len).collect::<Vec<_>>(), [22]);

    let stolen = browser.cookies();
    browser.visit("/sign-out").await;
    browser.restore(stolen);
    let answer = browser.visit("/api/me").await;
    assert_eq!(answer.status, Status::Unauthorized, "a session that was ended stays ended");
    assert!(browser.session_cookies().is_empty(), "its cookie is removed");
}

/// S2: the session does not get a planted id.
#[rocket::async_test]
async fn a_stored_session_gets_a_new_id_at_every_sign_in() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment().merge(("logto.session.store", "memory")))).await;
    browser.sign_in(&op, "/protected").await;
    let first = browser.cookies();
    let callback = op.authorize(browser.visit("/sign-in").await.location());
    browser.visit(&callback).await;
    assert_ne!(first, browser.cookies());
    browser.restore(first);
    assert_eq!(browser.visit("/api/me").await.status, Status::Unauthorized);
}

/// REL-6: 503 and an untouched cookie, never "signed out".
#[rocket::async_test]
async fn a_store_that_is_down_is_503_and_costs_nobody_the_session() {
    let op = Hostile::start().await;
    let store = Fragile::new();
    let browser = Browser::open(with_store(op.figment(), store.clone())).await;
    browser.sign_in(&op, "/protected").await;
    let cookies = browser.cookies();

    store.switch(true);
    let answer = browser.visit("/protected").await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (Status::ServiceUnavailable, Some("5"))
    );
    assert_eq!(answer.cookies.len(), 0);
    let answer = browser.visit("/optional").await;
    assert_eq!((answer.body.as_str(), answer.cookies.len()), ("nobody", 0));
    assert_eq!(browser.visit("/sign-out").await.status, Status::ServiceUnavailable);
    assert_eq!(browser.cookies(), cookies);

    store.switch(false);
    assert_eq!(browser.visit("/protected").await.body, "u-alice");
}

/// REL-6, for handlers that take a failure themselves.
#[rocket::async_test]
async fn guards_of_a_store_that_is_down_are_none_or_an_error_of_503() {
    let op = Hostile::start().await;
    let store = Fragile::new();
    let browser = Browser::open(with_store(op.figment(), store.clone())).await;
    assert_eq!(browser.visit("/options").await.body, "None None None");
    assert_eq!(browser.visit("/results").await.status, Status::Unauthorized);
    browser.sign_in(&op, "/protected").await;
    let (cookies, asked) = (browser.cookies(), op.count("me"));

    store.switch(true);
    for (path, body) in [
        ("/options", "None None None".to_owned()),
        ("/results", ["Err((503, Store))"; 3].join(" ")),
    ] {
        let answer = browser.visit(path).await;
        assert_eq!((answer.status, answer.body), (Status::Ok, body), "{path}");
        assert_eq!(answer.cookies.len(), 0, "{path}");
    }
    assert_eq!((browser.cookies(), op.count("me")), (cookies, asked));

    store.switch(false);
    let three = |alice: &str| [alice; 3].join(" ");
    assert_eq!(browser.visit("/options").await.body, three("Some(\"u-alice\")"));
    assert_eq!(browser.visit("/results").await.body, three("Ok(\"u-alice\")"));
}

#[rocket::async_test]
async fn a_sign_in_that_cannot_be_stored_leaves_no_half_session() {
    let op = Hostile::start().await;
    let store = Fragile::new();
    let browser = Browser::open(with_store(op.figment(), store.clone())).await;
    let callback = op.authorize(&browser.start("/protected").await);
    store.switch(true);
    let answer = browser.visit(&callback).await;
    assert_eq!(answer.status, Status::ServiceUnavailable);
    answer.assert_no_sign_in();
    store.switch(false);
    assert_eq!(browser.visit("/optional").await.body, "nobody");
}

/// S14: among ids under one name, the one that the store has.
#[rocket::async_test]
async fn the_session_is_found_among_cookies_of_one_name() {
    let op = Hostile::start().await;
    let store = Fragile::new();
    let browser = Browser::open(with_store(op.figment(), store.clone())).await;
    browser.sign_in(&op, "/protected").await;
    let (name, id) = browser.session_cookies().into_iter().next().unwrap();
    let live = Live::start(with_store(op.figment(), store)).await;
    let unknown = "A".repeat(22);
    for (cookies, body) in [
        (format!("{name}={id}; {name}={unknown}"), "user"),
        (format!("{name}={unknown}; {name}={id}"), "user"),
        (format!("{name}={unknown}; {name}={unknown}x"), "nobody"),
    ] {
        let head = "GET /optional HTTP/1.1\r\nHost: localhost:8000\r\nConnection: close";
        let answer = live.send(format!("{head}\r\nCookie: {cookies}\r\n\r\n").as_bytes()).await;
        assert!(answer.ends_with(body), "{cookies}: {answer}");
        let removed = answer.contains("Max-Age=0");
        assert_eq!(removed, body == "nobody", "{cookies}: {answer}");
    }
}

/// REF-1 with a store: one refresh, saved for every request.
#[rocket::async_test]
async fn a_stored_session_is_refreshed_once_for_many_requests() {
    let op = Hostile::start().await;
    let browser = Browser::open(with_store(op.figment(), MemoryStore::new(10))).await;
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    browser.sign_in(&op, "/protected").await;
    op.behave();
    let before = op.count("token");
    let requests = (0..50).map(|_| browser.fetch("/api/userinfo"));
    let answers = rocket::futures::future::join_all(requests).await;
    assert!(answers.iter().all(|answer| answer.body == "u-alice"));
    assert_eq!(op.count("token"), before + 1);
}

/// A failed sign-out changes nothing: the session's cookie is still renewed.
#[rocket::async_test]
async fn a_session_whose_sign_out_failed_continues_as_before() {
    let op = Hostile::start().await;
    let store = Fragile::new();
    let figment = op.figment().merge(("logto.session.idle", 10));
    let browser = Browser::open(with_store(figment, store.clone())).await;
    browser.sign_in(&op, "/protected").await;
    store.keeps.store(true, Ordering::SeqCst);
    assert_eq!(browser.visit("/sign-out").await.status, Status::ServiceUnavailable);
    rocket::tokio::time::sleep(Duration::from_millis(1_100)).await;
    let answer = browser.visit("/protected").await;
    assert_eq!((answer.body.as_str(), answer.session_cookies().len()), ("u-alice", 1));
}

/// A session whose access token has expired, at a provider that rotates refresh tokens.
async fn to_be_refreshed(store: &Fragile) -> (Hostile, Browser) {
    let op = Hostile::start().await;
    let browser = Browser::open(with_store(op.figment(), store.clone())).await;
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    browser.sign_in(&op, "/protected").await;
    op.behave();
    op.deviate(Deviation::RotateRefreshTokens);
    (op, browser)
}

/// Another process, which has only the store.
async fn restarted(op: &Hostile, browser: &Browser, store: &Fragile) -> Browser {
    let other = Browser::open(with_store(op.figment(), store.beside())).await;
    other.restore(browser.cookies());
    other
}

/// REL-6: a new refresh token is not lost if a store fails for a moment.
#[rocket::async_test]
async fn a_refreshed_session_is_saved_once_the_store_can() {
    let store = Fragile::new();
    let (op, browser) = to_be_refreshed(&store).await;
    store.refusals.store(2, Ordering::SeqCst);
    assert_eq!(browser.fetch("/api/userinfo").await.body, "u-alice");
    let other = restarted(&op, &browser, &store).await;
    assert_eq!(other.fetch("/api/userinfo").await.body, "u-alice");
}

/// REL-6, REL-8: nor if it fails for long: meanwhile this process uses the new tokens, and saves
/// them when the store is back.
#[rocket::async_test]
async fn a_session_that_cannot_be_saved_is_kept_and_saved_later() {
    let store = Fragile::new();
    let (op, browser) = to_be_refreshed(&store).await;
    let cookies = browser.cookies();
    store.refusals.store(usize::MAX, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(browser.fetch("/api/userinfo").await.body, "u-alice");
        assert_eq!(browser.visit("/protected").await.body, "u-alice");
    }
    assert_eq!((op.count("token"), browser.cookies()), (2, cookies));
    store.switch(true);
    assert_eq!(browser.visit("/protected").await.status, Status::ServiceUnavailable);
    store.switch(false);
    store.refusals.store(0, Ordering::SeqCst);
    let rocket = browser.client().rocket();
    rocket.shutdown().notify();
    until_saved(&store).await;
    let other = restarted(&op, &browser, &store).await;
    assert_eq!(other.fetch("/api/userinfo").await.body, "u-alice");
    assert_eq!(op.count("token"), 2, "the token that was saved is good");
}

/// Waits until the store has what was saved late.
async fn until_saved(store: &Fragile) {
    let before = store.saves.load(Ordering::SeqCst);
    while store.saves.load(Ordering::SeqCst) == before {
        rocket::tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// REL-8: of several pending saves, the newest is used and saved.
#[rocket::async_test]
async fn the_newest_of_several_unsaved_records_is_kept_and_saved() {
    let store = Fragile::new();
    let (op, browser) = to_be_refreshed(&store).await;
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    store.refusals.store(usize::MAX, Ordering::SeqCst);
    for _ in 0..2 {
        assert_eq!(browser.fetch("/api/userinfo").await.body, "u-alice");
    }
    rocket::tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(browser.fetch("/api/userinfo").await.body, "u-alice", "a used token was sent");
    let saved = store.saves.load(Ordering::SeqCst);
    store.refusals.store(0, Ordering::SeqCst);
    while store.saves.load(Ordering::SeqCst) == saved {
        rocket::tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let other = restarted(&op, &browser, &store).await;
    assert_eq!(other.fetch("/api/userinfo").await.body, "u-alice");
}

/// REL-8: what could not be saved of an ended session does not bring it back.
#[rocket::async_test]
async fn a_session_that_could_not_be_saved_ends_like_any_other() {
    let store = Fragile::new();
    let (_op, browser) = to_be_refreshed(&store).await;
    let cookies = browser.cookies();
    store.refusals.store(usize::MAX, Ordering::SeqCst);
    assert_eq!(browser.fetch("/api/userinfo").await.body, "u-alice");
    assert_eq!(browser.visit("/sign-out").await.status, Status::SeeOther);
    store.refusals.store(0, Ordering::SeqCst);
    rocket::tokio::time::sleep(Duration::from_millis(1_200)).await;
    browser.restore(cookies);
    assert_eq!(browser.visit("/protected").await.status, Status::SeeOther);
}

/// REF-2: a lagging replica returns a refresh token that is already used; its successor is tried.
#[rocket::async_test]
async fn a_refresh_token_that_another_process_replaced_is_read_again() {
    let store = Fragile::new();
    let (op, browser) = to_be_refreshed(&store).await;
    let lagging = store.beside();
    let other = Browser::open(with_store(op.figment(), lagging.clone())).await;
    other.restore(browser.cookies());
    assert_eq!(other.visit("/protected").await.body, "u-alice");
    assert_eq!(browser.fetch("/api/userinfo").await.body, "u-alice");
    let count = op.count("token");

    // Once for the request, once more before the refresh.
    lagging.lag.store(2, Ordering::SeqCst);
    let answer = other.fetch("/api/userinfo").await;
    assert_eq!((answer.body.as_str(), op.count("token")), ("u-alice", count + 2), "{answer:?}");
}

/// REF-2: the newer tokens replace what another process has saved meanwhile.
#[rocket::async_test]
async fn a_refresh_is_saved_over_that_of_another_process() {
    let store = Fragile::new();
    let (op, browser) = to_be_refreshed(&store).await;
    op.behave();
    let lagging = store.beside();
    let other = Browser::open(with_store(op.figment(), lagging.clone())).await;
    other.restore(browser.cookies());
    assert_eq!(other.visit("/protected").await.body, "u-alice");
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    assert_eq!(browser.fetch("/api/userinfo").await.body, "u-alice");
    op.behave();
    lagging.lag.store(2, Ordering::SeqCst);
    assert_eq!(other.fetch("/api/userinfo").await.body, "u-alice");
    let count = op.count("token");
    assert_eq!(browser.fetch("/api/userinfo").await.body, "u-alice");
    assert_eq!(op.count("token"), count, "the token that the other process saved is good");
}

/// S2: signing in over a session that cannot be ended still gives the new one.
#[rocket::async_test]
async fn a_session_that_cannot_be_ended_is_replaced_all_the_same() {
    let op = Hostile::start().await;
    let store = Fragile::new();
    let browser = Browser::open(with_store(op.figment(), store.clone())).await;
    browser.sign_in(&op, "/protected").await;
    let before = browser.session_cookies();
    store.keeps.store(true, Ordering::SeqCst);
    op.account(json!({"sub": "u-bob"}));
    let page = browser.sign_in(&op, "/sign-in?return_to=/protected").await;
    assert_eq!(page.body, "u-bob");
    assert_ne!(browser.session_cookies(), before);
}

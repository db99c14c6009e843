//! Sessions in a store: in memory, in a user's own, and in one that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use logto_rocket::{
    Error, Find, IdTokenClaims, Logto, MemoryStore, Result, Saved, SessionId, SessionStore,
    StoredSession, User, UserInfo, Version, authenticated,
};
use logto_tests::{Alter, Browser, Deviation, Hostile, app};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::{Build, Rocket, get, routes};

/// A store that can be switched off, over the one in memory.
#[derive(Clone)]
pub(crate) struct Fragile {
    store: Arc<MemoryStore>,
    down: Arc<AtomicBool>,
    /// Whether it refuses to delete.
    pub(crate) keeps: Arc<AtomicBool>,
}

impl Fragile {
    pub(crate) fn new() -> Self {
        Self { store: Arc::new(MemoryStore::new(100)), down: Arc::default(), keeps: Arc::default() }
    }

    pub(crate) fn switch(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&MemoryStore> {
        match self.down.load(Ordering::SeqCst) {
            true => Err(Error::store(std::io::Error::other("connection refused"))),
            false => Ok(&self.store),
        }
    }
}

#[rocket::async_trait]
impl SessionStore for Fragile {
    async fn create(&self, id: &SessionId, s: StoredSession, ttl: Duration) -> Result<Version> {
        self.up()?.create(id, s, ttl).await
    }

    async fn load(&self, id: &SessionId) -> Result<Option<(Vec<u8>, Version)>> {
        self.up()?.load(id).await
    }

    async fn save(
        &self,
        id: &SessionId,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        self.up()?.save(id, read, session, ttl).await
    }

    async fn delete(&self, id: &SessionId) -> Result<()> {
        if self.keeps.load(Ordering::SeqCst) {
            return Err(Error::store(std::io::Error::other("read only")));
        }
        self.up()?.delete(id).await
    }

    async fn find(&self, which: Find<'_>) -> Result<Vec<SessionId>> {
        self.up()?.find(which).await
    }
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
    let routes = routes![optional, protected, user_info, options, results];
    rocket::custom(figment).attach(Logto::fairing().store(store)).mount("/", routes)
}

/// S8: and what was copied of it is worth nothing after the sign-out.
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

/// S2: a planted id is not the one that the session gets.
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

/// REL-6, for handlers that take a failure for themselves.
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

/// REF-1 for a store: one refresh, saved for every request.
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

/// A sign-out that failed changes nothing: the session's cookie is still prolonged.
#[rocket::async_test]
async fn a_session_whose_sign_out_failed_goes_on_as_before() {
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

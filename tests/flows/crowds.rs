//! Many people, and many strangers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use logto_rocket::{
    Logto, MemoryStore, Result, Saved, SessionKey, SessionStore, StoredSession, User, Version,
};
use logto_tests::{Alter, Browser, Deviation, Fault, Hostile, app};
use rocket::figment::Figment;
use rocket::http::{Cookie, Status};
use rocket::local::asynchronous::Client;
use rocket::tokio::runtime::Builder;
use rocket::{Build, Rocket, get, routes};
use serde_json::json;

/// Counts the calls to a store in memory.
struct Counting {
    store: MemoryStore,
    asked: Arc<AtomicUsize>,
}

impl Counting {
    fn store(&self) -> &MemoryStore {
        self.asked.fetch_add(1, Ordering::SeqCst);
        &self.store
    }
}

#[rocket::async_trait]
impl SessionStore for Counting {
    async fn create(&self, key: &SessionKey, s: StoredSession, ttl: Duration) -> Result<Version> {
        self.store().create(key, s, ttl).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
        self.store().load(key).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        self.store().save(key, read, session, ttl).await
    }

    async fn delete(&self, key: &SessionKey, names: &[String]) -> Result<()> {
        self.store().delete(key, names).await
    }

    async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>> {
        self.store().find(names).await
    }
}

#[get("/")]
fn home(user: Option<&User>) -> &'static str {
    if user.is_some() { "user" } else { "stranger" }
}

fn counted(figment: Figment, asked: &Arc<AtomicUsize>) -> Rocket<Build> {
    let store = Counting { store: MemoryStore::new(10), asked: Arc::clone(asked) };
    rocket::custom(figment).attach(Logto::fairing().store(store)).mount("/", routes![home])
}

/// S17: strangers and unfinished sign-ins take no place in the store.
#[rocket::async_test]
async fn strangers_take_no_place_in_the_store() {
    strangers_take(1_000).await;
}

/// S17: nor does a hundred thousand of each take memory, in a process that does nothing else.
#[rocket::async_test]
#[ignore = "takes a minute"]
async fn a_hundred_thousand_strangers_take_no_memory_of_the_server() {
    let grown = strangers_take(100_000).await;
    println!("{grown} bytes");
    assert!(grown < 8 << 20, "{grown} bytes");
}

/// By how many bytes this process grows while so many strangers visit and begin to sign in,
/// none of them in the store.
async fn strangers_take(many: usize) -> usize {
    let (op, asked) = (Hostile::start().await, Arc::default());
    let browser = Browser::open(counted(op.figment(), &asked)).await;
    let mut before = 0;
    for visit in 0..many {
        assert_eq!(browser.visit("/").await.body, "stranger");
        browser.forget();
        assert_eq!(browser.visit("/sign-in").await.status, Status::SeeOther);
        if visit == many / 10 {
            before = resident();
        }
    }
    let grown = resident().saturating_sub(before);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    browser.sign_in(&op, "/sign-in?return_to=/").await;
    assert!(asked.load(Ordering::SeqCst) > 0, "the store is in use");
    grown
}

/// The resident bytes of this process, if the system tells.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0) * 4096
}

/// The session cookie of a user who signs in as `sub`.
async fn signed_in(op: &Hostile, browser: &Browser, sub: &str) -> Cookie<'static> {
    op.account(json!({"sub": sub, "name": sub}));
    browser.forget();
    browser.sign_in(op, "/protected").await;
    Cookie::from(browser.session_cookies().into_iter().next().unwrap())
}

/// One of many tasks that open one user's pages and must see `own` and never `other`.
async fn ask(client: &Client, cookie: &Cookie<'static>, own: &str, other: &str) -> usize {
    const PATHS: [&str; 4] = ["/", "/api/me", "/protected", "/pages/1"];
    let mut seen = 0;
    for number in 0..160 {
        // The provider answers for bob now: alice is refreshed, and her user info refused.
        let path = if number == 7 { "/api/userinfo" } else { PATHS[number % PATHS.len()] };
        let answer = client.get(path).cookie(cookie.clone()).dispatch().await;
        let body = answer.into_string().await.unwrap();
        assert!(!body.contains(other), "{path}: {body}");
        seen += usize::from(body.contains(own));
    }
    seen
}

/// S20: two users, 64 threads, 10,240 requests, and refreshes in between.
#[test]
fn requests_at_once_never_see_each_others_user() {
    for store in ["cookie", "memory"] {
        let main = Builder::new_multi_thread().enable_all().build().unwrap();
        let (_op, browser, alice, bob) = main.block_on(async {
            let op = Hostile::start().await;
            let figment = op.figment().merge(("logto.session.store", store));
            let browser = Browser::open(app(figment)).await;
            op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
            let alice = signed_in(&op, &browser, "u-alice").await;
            let bob = signed_in(&op, &browser, "u-bob").await;
            op.behave();
            (op, browser, alice, bob)
        });
        let asking = |cookie, own, other| {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(ask(browser.client(), cookie, own, other))
        };
        std::thread::scope(|scope| {
            let alices = || asking(&alice, "u-alice", "u-bob");
            let bobs = || asking(&bob, "u-bob", "u-alice");
            let threads: Vec<_> =
                (0..32).flat_map(|_| [scope.spawn(alices), scope.spawn(bobs)]).collect();
            for thread in threads {
                assert!(thread.join().unwrap() >= 159, "{store}: a user was not known");
            }
        });
    }
}

/// S29: a code that Logto redeems after the callback was answered leaves no session behind. The
/// user's next try may share its grant, which stays.
#[rocket::async_test]
async fn a_sign_in_that_is_too_late_leaves_no_session_behind() {
    let (op, asked) = (Hostile::start().await, Arc::default());
    let browser = Browser::open(counted(op.figment(), &asked)).await;
    let callback = op.authorize(browser.visit("/sign-in").await.location());
    // The keys fetched while the user was at the provider are not those of the token.
    while op.count("jwks") == 0 {
        rocket::tokio::time::sleep(Duration::from_millis(5)).await;
    }
    op.rotate();
    // Each answers within the limit of a call; together they exceed that of the callback.
    for endpoint in ["token", "jwks"] {
        op.deviate(Deviation::Answer(endpoint, Fault::Late(Duration::from_secs(3))));
    }
    assert_eq!(browser.visit(&callback).await.status, Status::ServiceUnavailable);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    // It is created, then deleted.
    while asked.load(Ordering::SeqCst) < 2 {
        rocket::tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(op.count("revocation"), 0);
}

//! Back-channel logout: which sessions end, and which do not.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use logto_rocket::{
    Logto, MemoryStore, Result, Saved, SessionKey, SessionStore, StoredSession, Version,
};
use logto_tests::{Alter, Browser, Deviation, Hostile, app, claims_of};
use rocket::figment::Figment;
use rocket::futures::future::{join, join_all};
use rocket::http::Status;
use rocket::tokio::sync::Semaphore;
use rocket::tokio::time::sleep;
use rocket::{Build, Rocket};
use serde_json::json;

use crate::stores::{Fragile, with_store};

type Cookies = BTreeMap<String, String>;

const STORES: [&str; 2] = ["cookie", "memory"];

async fn open(op: &Hostile, store: &str) -> Browser {
    Browser::open(app(op.figment().merge(("logto.session.store", store)))).await
}

/// Signs in; returns the cookies and the `sid` of the new session.
async fn session(op: &Hostile, browser: &Browser) -> (Cookies, String) {
    browser.forget();
    let claims = browser.sign_in(op, "/protected").await.json();
    let cookies = browser.cookies();
    browser.forget();
    // The session began at an earlier millisecond than anything that follows.
    sleep(Duration::from_millis(2)).await;
    (cookies, claims["sid"].as_str().expect("a session at the provider").to_owned())
}

async fn lives(browser: &Browser, cookies: &Cookies) -> bool {
    browser.restore(cookies.clone());
    let status = browser.visit("/api/me").await.status;
    browser.forget();
    status == Status::Ok
}

async fn log_out(browser: &Browser, token: &str) {
    assert_eq!(browser.post_logout(token).await.status, Status::Ok);
}

/// L8: all three sessions of the user, and nobody else's.
#[rocket::async_test]
async fn a_logout_of_a_user_ends_all_their_sessions_and_nobody_elses() {
    for store in STORES {
        let op = Hostile::start().await;
        let browser = open(&op, store).await;
        let mut sessions = Vec::new();
        for _ in 0..3 {
            sessions.push(session(&op, &browser).await.0);
        }
        op.account(json!({"sub": "u-bob"}));
        let (of_bob, _) = session(&op, &browser).await;
        log_out(&browser, &op.logout_token("u-alice", None)).await;
        for session in &sessions {
            assert!(!lives(&browser, session).await, "{store}");
        }
        assert!(lives(&browser, &of_bob).await, "{store}");
    }
}

/// L8: if the token names a session, the user's others live.
#[rocket::async_test]
async fn a_logout_of_one_session_at_logto_ends_that_one() {
    for store in STORES {
        let op = Hostile::start().await;
        let browser = open(&op, store).await;
        let (first, sid) = session(&op, &browser).await;
        let (second, _) = session(&op, &browser).await;
        log_out(&browser, &op.logout_token("u-alice", Some("another"))).await;
        assert!(lives(&browser, &first).await && lives(&browser, &second).await, "{store}");
        let only_sid = Deviation::Claims(Alter::without("sub"));
        log_out(&browser, &op.wrong_logout_token("u-alice", Some(&sid), &[only_sid])).await;
        assert!(!lives(&browser, &first).await, "{store}");
        assert!(lives(&browser, &second).await, "{store}");
    }
}

/// L7: a user who signs in again stays signed in, even if the token comes once more.
#[rocket::async_test]
async fn a_session_that_began_after_a_logout_survives_its_replay() {
    for store in STORES {
        let op = Hostile::start().await;
        let browser = open(&op, store).await;
        let (old, _) = session(&op, &browser).await;
        // As new as the new session's ID token: only the receipt tells them apart.
        let ahead = Alter::by("iat in ten seconds", |claims| {
            claims["iat"] = (claims["iat"].as_i64().expect("a time") + 10).into();
        });
        let token = op.wrong_logout_token("u-alice", None, &[Deviation::Claims(ahead)]);
        log_out(&browser, &token).await;
        let (new, _) = session(&op, &browser).await;
        for _ in 0..3 {
            log_out(&browser, &token).await;
            assert!(lives(&browser, &new).await, "{store}");
            assert!(!lives(&browser, &old).await, "{store}");
        }
    }
}

/// L7: a late logout does not end what began at Logto after it.
#[rocket::async_test]
async fn a_late_logout_spares_the_session_that_logto_began_after_it() {
    for store in STORES {
        let op = Hostile::start().await;
        let browser = open(&op, store).await;
        let token = |seconds: i64| {
            let ago = Alter::by("iat long ago", move |claims| {
                claims["iat"] = (claims["iat"].as_i64().expect("a time") - seconds).into();
            });
            op.wrong_logout_token("u-alice", None, &[Deviation::Claims(ago)])
        };
        let (session, _) = session(&op, &browser).await;
        log_out(&browser, &token(30)).await;
        assert!(lives(&browser, &session).await, "{store}");
        log_out(&browser, &token(-5)).await;
        assert!(!lives(&browser, &session).await, "{store}");
    }
}

/// L7: a refresh brings a newer ID token but is not a newer sign-in.
#[rocket::async_test]
async fn a_refreshed_session_still_counts_from_its_sign_in() {
    for store in STORES {
        let op = Hostile::start().await;
        let browser = open(&op, store).await;
        op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
        let (session, _) = session(&op, &browser).await;
        op.behave();
        let later = Alter::by("iat in a minute", |claims| {
            claims["iat"] = (claims["iat"].as_i64().expect("a time") + 50).into();
        });
        op.deviate(Deviation::RefreshedClaims(later));
        browser.restore(session.clone());
        assert_eq!(browser.fetch("/api/userinfo").await.status, Status::Ok);
        let refreshed = browser.cookies();
        let claims = browser.visit("/protected").await.json();
        let token = op.logout_token("u-alice", None);
        assert!(claims["iat"].as_i64() > claims_of(&token)["iat"].as_i64(), "it was refreshed");
        log_out(&browser, &token).await;
        assert!(!lives(&browser, &refreshed).await && !lives(&browser, &session).await, "{store}");
    }
}

/// L5, L12: the refresh token of a session that Logto ended is revoked, once.
#[rocket::async_test]
async fn the_refresh_token_of_a_session_that_logto_ended_is_revoked_once() {
    for store in STORES {
        let op = Hostile::start().await;
        let browser = open(&op, store).await;
        let (session, _) = session(&op, &browser).await;
        log_out(&browser, &op.logout_token("u-alice", None)).await;
        for _ in 0..3 {
            assert!(!lives(&browser, &session).await);
        }
        sleep(Duration::from_millis(100)).await;
        assert_eq!(op.count("revocation"), 1, "{store}");
    }
}

/// L10, L15: a store that fails is 503; the session has ended anyway, as Logto posts only once, and
/// the same token works again once the store does.
#[rocket::async_test]
async fn a_store_that_fails_is_told_and_the_token_is_not_used_up() {
    // Nothing can be found, or nothing deleted.
    for is_down in [true, false] {
        let op = Hostile::start().await;
        let store = Fragile::new();
        let browser = Browser::open(with_store(op.figment(), store.clone())).await;
        browser.sign_in(&op, "/protected").await;
        sleep(Duration::from_millis(2)).await;
        let token = op.logout_token("u-alice", None);
        store.switch(is_down);
        store.keeps.store(!is_down, Ordering::SeqCst);
        let answer = browser.post_logout(&token).await;
        assert_eq!(answer.status, Status::ServiceUnavailable, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("retry-after"), Some("5"));
        store.switch(false);
        let cookies = browser.cookies();
        assert_eq!(browser.visit("/protected").await.status, Status::SeeOther, "{is_down}");
        browser.restore(cookies);
        store.keeps.store(false, Ordering::SeqCst);
        let meanwhile = Browser::open(with_store(op.figment(), store.clone())).await;
        meanwhile.sign_in(&op, "/protected").await;
        log_out(&browser, &token).await;
        assert_eq!(browser.visit("/protected").await.status, Status::SeeOther);
        assert_eq!(meanwhile.visit("/protected").await.body, "u-alice", "it began later");
    }
}

/// L15: a session that the store could not delete then is deleted when it turns up again.
#[rocket::async_test]
async fn a_logout_that_met_a_failing_store_is_completed_later() {
    let op = Hostile::start().await;
    let store = Fragile::new();
    let browser = Browser::open(with_store(op.figment(), store.clone())).await;
    browser.sign_in(&op, "/protected").await;
    let cookies = browser.cookies();
    sleep(Duration::from_millis(2)).await;
    store.switch(true);
    let answer = browser.post_logout(&op.logout_token("u-alice", None)).await;
    assert_eq!(answer.status, Status::ServiceUnavailable);
    store.switch(false);
    assert_eq!(browser.visit("/protected").await.status, Status::SeeOther);
    assert!(browser.session_cookies().is_empty());
    let other = Browser::open(with_store(op.figment(), store)).await;
    other.restore(cookies);
    assert_eq!(other.visit("/protected").await.status, Status::SeeOther, "it is still stored");
}

/// L5: on every node that shares the store.
#[rocket::async_test]
async fn a_logout_at_one_instance_ends_the_session_at_another() {
    let op = Hostile::start().await;
    let store = Arc::new(MemoryStore::new(100));
    let first = Browser::open(with_store(op.figment(), store.clone())).await;
    let second = Browser::open(with_store(op.figment(), store)).await;
    first.sign_in(&op, "/protected").await;
    second.restore(first.cookies());
    assert_eq!(second.visit("/protected").await.body, "u-alice");
    log_out(&second, &op.logout_token("u-alice", None)).await;
    assert_eq!(first.visit("/protected").await.status, Status::SeeOther);
}

/// L7: many at once, of the same token and of others, amid requests.
#[rocket::async_test]
async fn logouts_at_once_are_all_answered_and_end_the_sessions() {
    for store in STORES {
        let op = Hostile::start().await;
        let browser = open(&op, store).await;
        let (first, sid) = session(&op, &browser).await;
        let (second, _) = session(&op, &browser).await;
        op.account(json!({"sub": "u-bob"}));
        let (of_bob, _) = session(&op, &browser).await;
        let same = op.logout_token("u-alice", None);
        let tokens = (0..30).map(|n| match n % 3 {
            0 => same.clone(),
            1 => op.logout_token("u-alice", Some(&sid)),
            _ => op.logout_token("u-alice", None),
        });
        let tokens: Vec<_> = tokens.collect();
        browser.restore(of_bob.clone());
        let posts = join_all(tokens.iter().map(|token| browser.post_logout(token)));
        let visits = join_all((0..30).map(|_| browser.visit("/api/me")));
        let (posted, visited) = join(posts, visits).await;
        assert!(posted.iter().all(|answer| answer.status == Status::Ok), "{store}");
        assert!(visited.iter().all(|answer| answer.status == Status::Ok), "{store}");
        assert!(!lives(&browser, &first).await && !lives(&browser, &second).await, "{store}");
        assert!(lives(&browser, &of_bob).await, "{store}");
    }
}

/// A store in which a new session waits to be stored.
struct Slow {
    store: MemoryStore,
    begun: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

#[rocket::async_trait]
impl SessionStore for Slow {
    async fn create(&self, key: &SessionKey, s: StoredSession, ttl: Duration) -> Result<Version> {
        self.begun.add_permits(1);
        self.go.acquire().await.unwrap().forget();
        self.store.create(key, s, ttl).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
        self.store.load(key).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        self.store.save(key, read, session, ttl).await
    }

    async fn delete(&self, key: &SessionKey, names: &[String]) -> Result<()> {
        self.store.delete(key, names).await
    }

    async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>> {
        self.store.find(names).await
    }
}

fn slow(figment: Figment, begun: &Arc<Semaphore>, go: &Arc<Semaphore>) -> Rocket<Build> {
    let store = Slow { store: MemoryStore::new(10), begun: begun.clone(), go: go.clone() };
    rocket::custom(figment).attach(Logto::fairing().store(store))
}

/// L5: a session that is being stored while its logout looks for it does not escape.
#[rocket::async_test]
async fn a_session_that_begins_during_its_logout_ends_too() {
    let op = Hostile::start().await;
    let (begun, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let browser = Browser::open(slow(op.figment(), &begun, &go)).await;
    let callback = op.authorize(browser.visit("/sign-in").await.location());
    let late = async {
        begun.acquire().await.unwrap().forget();
        sleep(Duration::from_millis(2)).await;
        log_out(&browser, &op.logout_token("u-alice", None)).await;
        go.add_permits(1);
    };
    let (answer, ()) = join(browser.visit(&callback), late).await;
    answer.assert_no_sign_in();
    assert_eq!(answer.status, Status::Unauthorized);
    go.add_permits(1);
    let callback = op.authorize(browser.visit("/sign-in").await.location());
    assert_eq!(browser.visit(&callback).await.status, Status::SeeOther, "the next sign-in is new");
}

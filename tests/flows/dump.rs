//! What a store is told about sessions, and what that is worth to whoever reads it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logto_rocket::{
    MemoryStore, Result, Saved, SessionKey, SessionStore, StoredSession, Version, contract,
};
use logto_tests::{Alter, Browser, Deviation, Hostile, unbase64url};
use rocket::http::Status;
use rocket::tokio::time::sleep;
use serde_json::json;

use crate::stores::with_store;

/// A store that records whatever it is told.
#[derive(Clone)]
pub(crate) struct Dumping {
    store: Arc<MemoryStore>,
    keys: Arc<Mutex<Vec<SessionKey>>>,
    pub(crate) told: Arc<Mutex<Vec<Vec<u8>>>>,
    pub(crate) finds: Arc<Mutex<Finds>>,
    names: Arc<Mutex<BTreeMap<SessionKey, Vec<String>>>>,
}

/// What the store finds.
#[derive(Clone, Copy, Default)]
pub(crate) enum Finds {
    #[default]
    AsItShould,
    /// All sessions, whosever were asked for.
    All,
    /// Those of the first name.
    OfOneName,
    /// Expired ones too.
    Ended,
}

impl Dumping {
    pub(crate) fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::new(10)),
            keys: Arc::default(),
            told: Arc::default(),
            finds: Arc::default(),
            names: Arc::default(),
        }
    }

    fn tell(&self, told: impl Into<Vec<u8>>) {
        self.told.lock().unwrap().push(told.into());
    }

    fn note(&self, key: &SessionKey) {
        self.keys.lock().unwrap().push(*key);
        self.tell(key.to_text());
    }

    fn session(&self, key: &SessionKey, session: &StoredSession) {
        self.names.lock().unwrap().insert(*key, session.names.clone());
        self.tell(session.data.clone());
        session.names.iter().for_each(|name| self.tell(name.as_str()));
    }
}

#[rocket::async_trait]
impl SessionStore for Dumping {
    async fn create(&self, key: &SessionKey, s: StoredSession, ttl: Duration) -> Result<Version> {
        self.note(key);
        self.session(key, &s);
        self.store.create(key, s, ttl).await
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>> {
        self.note(key);
        self.store.load(key).await
    }

    async fn save(
        &self,
        key: &SessionKey,
        read: Version,
        session: StoredSession,
        ttl: Duration,
    ) -> Result<Saved> {
        self.note(key);
        self.session(key, &session);
        self.store.save(key, read, session, ttl).await
    }

    async fn delete(&self, key: &SessionKey, names: &[String]) -> Result<()> {
        self.note(key);
        self.names.lock().unwrap().remove(key);
        self.store.delete(key, names).await
    }

    async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>> {
        names.iter().for_each(|name| self.tell(name.as_str()));
        let finds = *self.finds.lock().unwrap();
        match finds {
            Finds::All => Ok(self.keys.lock().unwrap().clone()),
            Finds::OfOneName => self.store.find(&names[..names.len().min(1)]).await,
            Finds::Ended => {
                let all = self.names.lock().unwrap();
                let has_one = |of: &[String]| of.iter().any(|name| names.contains(name));
                Ok(all.iter().filter(|(_, of)| has_one(of)).map(|(key, _)| *key).collect())
            }
            Finds::AsItShould => self.store.find(names).await,
        }
    }
}

/// A browser in which alice has signed in, after a refresh.
async fn refreshed(op: &Hostile, store: &Dumping) -> Browser {
    let browser = Browser::open(with_store(op.figment(), store.clone())).await;
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    op.deviate(Deviation::RotateRefreshTokens);
    browser.sign_in(op, "/protected").await;
    op.behave();
    assert_eq!(browser.fetch("/api/userinfo").await.body, "u-alice");
    browser
}

/// S22: neither the cookie's value nor anything that Logto said about the user.
#[rocket::async_test]
async fn a_dump_of_a_store_reveals_nothing_about_its_sessions() {
    let (op, store) = (Hostile::start().await, Dumping::new());
    let browser = refreshed(&op, &store).await;
    let id = browser.session_cookies().into_values().next().unwrap();
    let sid = browser.visit("/sid").await.body;
    for (sub, sid) in [("u-bob", Some("another")), ("u-bob", None), ("u-alice", Some(&*sid))] {
        sleep(Duration::from_millis(2)).await;
        let answer = browser.post_logout(&op.logout_token(sub, sid)).await;
        assert_eq!(answer.status, Status::Ok, "{answer:?}");
    }
    assert_eq!(browser.visit("/protected").await.status, Status::SeeOther, "it was found");

    let mut secrets = vec![unbase64url(&id).unwrap(), id.into(), sid.into()];
    let claims = ["u-alice", "Alice Lidell", "alice@example.com", "items-admin", "gold"];
    secrets.extend(claims.into_iter().chain(["u-bob", "another"]).map(Vec::from));
    let (refreshes, asked) = (op.requests("token"), op.requests("me"));
    let refresh = refreshes.iter().filter_map(|request| request.field("refresh_token"));
    let access = asked.iter().filter_map(|r| r.headers["authorization"].strip_prefix("Bearer "));
    secrets.extend(refresh.chain(access).map(Vec::from));
    assert!(secrets.len() >= 12 && secrets.iter().all(|secret| secret.len() > 3));
    let told = store.told.lock().unwrap();
    assert!(told.len() > 12, "{}", told.len());
    for secret in &secrets {
        let has = |told: &Vec<u8>| told.windows(secret.len()).any(|part| part == secret);
        let shown = String::from_utf8_lossy(secret);
        assert!(!told.iter().any(has), "{shown} is in the store");
    }
}

/// S22: a key is not a cookie, neither whole nor cut to a cookie's length.
#[rocket::async_test]
async fn a_key_from_a_store_signs_nobody_in() {
    let (op, store) = (Hostile::start().await, Dumping::new());
    let browser = refreshed(&op, &store).await;
    let (name, id) = browser.session_cookies().into_iter().next().unwrap();
    let keys: Vec<_> = store.keys.lock().unwrap().iter().map(|key| key.to_text()).collect();
    assert!(keys.len() > 2 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    for value in [&*keys[0], &keys[0][..id.len()], &keys[0][keys[0].len() - id.len()..]] {
        browser.restore(BTreeMap::from([(name.clone(), value.to_owned())]));
        assert_eq!(browser.visit("/optional").await.body, "nobody", "{value}");
    }
    browser.restore(BTreeMap::from([(name, id)]));
    assert_eq!(browser.visit("/optional").await.body, "user");
}

/// S11, S22: the names of users depend on the cookie secret, and each configured one is tried.
#[rocket::async_test]
async fn a_logout_finds_sessions_stored_before_a_change_of_the_secret() {
    const SECRETS: [&str; 2] = [
        "a-new-secret-of-the-tests-long-enough-for-a-key",
        "an-old-secret-of-the-tests-long-enough-for-a-key",
    ];
    let op = Hostile::start().await;
    for by_sid in [false, true] {
        let store = Arc::new(MemoryStore::new(10));
        let with_secrets = |secrets: &[&str]| {
            let figment = op.figment().merge(("logto.cookie_secret", secrets));
            with_store(figment, store.clone())
        };
        let old = Browser::open(with_secrets(&SECRETS[1..])).await;
        old.sign_in(&op, "/protected").await;
        let sid = old.visit("/sid").await.body;
        let both = Browser::open(with_secrets(&SECRETS)).await;
        both.restore(old.cookies());
        assert_eq!(both.visit("/optional").await.body, "user");
        sleep(Duration::from_millis(2)).await;
        let token = op.logout_token("u-alice", by_sid.then_some(&*sid));
        assert_eq!(both.post_logout(&token).await.status, Status::Ok);
        assert_eq!(old.visit("/optional").await.body, "nobody", "by sid: {by_sid}");
    }
}

/// L8: the seal decides whose session it is, not what the store finds.
#[rocket::async_test]
async fn a_store_that_finds_too_much_ends_nobody_elses_session() {
    let (op, store) = (Hostile::start().await, Dumping::new());
    let alice = Browser::open(with_store(op.figment(), store.clone())).await;
    let bob = Browser::open(with_store(op.figment(), store.clone())).await;
    alice.sign_in(&op, "/protected").await;
    op.account(json!({"sub": "u-bob"}));
    bob.sign_in(&op, "/protected").await;
    sleep(Duration::from_millis(2)).await;
    *store.finds.lock().unwrap() = Finds::All;
    let sid = alice.visit("/sid").await.body;
    for sid in [Some("another"), Some(&*sid), None] {
        let answer = bob.post_logout(&op.logout_token("u-alice", sid)).await;
        assert_eq!(answer.status, Status::Ok, "{answer:?}");
        assert_eq!(bob.visit("/protected").await.body, "u-bob", "{sid:?}");
    }
    assert_eq!(alice.visit("/optional").await.body, "nobody");
}

/// L8: the author of a store learns of it before a logout finds too little or too much.
#[rocket::async_test]
async fn the_contract_notices_a_store_that_finds_too_little_or_too_much() {
    let rule_of = |finds| async move {
        let store = Dumping::new();
        *store.finds.lock().unwrap() = finds;
        contract::check(&store).await
    };
    assert_eq!(rule_of(Finds::AsItShould).await, Ok(()));
    let nothing = rule_of(Finds::All).await.unwrap_err();
    assert!(nothing.contains("`find` returns nothing for names that no session has"), "{nothing}");
    let ended = rule_of(Finds::Ended).await.unwrap_err();
    assert!(ended.contains("after their time to live"), "{ended}");
    let several = rule_of(Finds::OfOneName).await.unwrap_err();
    assert!(several.contains("`find` returns the sessions with any of the names"), "{several}");
}

/// A38, S38: and before two instances turn out to share nothing.
#[rocket::async_test]
async fn the_contract_notices_handles_that_share_nothing() {
    let [one, other] = [0, 1].map(|_| MemoryStore::new(10));
    let nothing = contract::check_together(&one, &other).await.unwrap_err();
    assert!(nothing.contains("`load` sees what another handle created"), "{nothing}");
    let one = Arc::new(one);
    assert_eq!(contract::check_together(&one, &Arc::clone(&one)).await, Ok(()));
}

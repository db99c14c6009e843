//! What users and administrators are told about sessions, and which ones they can end.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use logto_rocket::{
    AfterSignIn, Error, ErrorKind, Hooks, Logto, LogtoClient, MemoryStore, Result, SessionInfo,
    SessionStore, User,
};
use logto_tests::{Answer, BASE_URL, Browser, Deviation, Hostile, with};
use rocket::figment::Figment;
use rocket::http::{Header, Status};
use rocket::time::OffsetDateTime;
use rocket::tokio::time::sleep;
use rocket::{Build, Request, Rocket, State, get, post, routes};
use serde_json::{Value, json};

use crate::dump::{Dumping, Finds};
use crate::stores::Fragile;

type Failure = (Status, String);

#[allow(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn failure(error: Error) -> Failure {
    (error.status(), format!("{:?}", error.kind()))
}

fn listed(sessions: &[SessionInfo]) -> String {
    let told = |session: &SessionInfo| {
        let seconds = |time: SystemTime| OffsetDateTime::from(time).unix_timestamp();
        json!({
            "handle": session.handle(), "current": session.is_current(),
            "agent": session.user_agent(),
            "began": seconds(session.began_at()), "used": seconds(session.last_used_at()),
        })
    };
    Value::from_iter(sessions.iter().map(told)).to_string()
}

#[get("/devices")]
async fn devices(logto: LogtoClient<'_>) -> Result<String, Failure> {
    logto.sessions().await.map(|sessions| listed(&sessions)).map_err(failure)
}

#[post("/devices/<handle>")]
async fn end(handle: &str, logto: LogtoClient<'_>) -> Result<(), Failure> {
    logto.end_session(handle).await.map_err(failure)
}

#[get("/admin/<subject>")]
async fn of_user(subject: &str, logto: &State<Logto>) -> Result<String, Failure> {
    logto.sessions_of(subject).await.map(|sessions| listed(&sessions)).map_err(failure)
}

#[post("/admin/<subject>/<handle>")]
async fn end_for(subject: &str, handle: &str, logto: &State<Logto>) -> Result<(), Failure> {
    logto.end_session(subject, handle).await.map_err(failure)
}

#[get("/whoami")]
fn whoami(user: Option<&User>) -> String {
    user.map_or("nobody", User::subject).to_owned()
}

fn app(figment: Figment, store: Option<Box<dyn SessionStore>>) -> Rocket<Build> {
    let fairing = match store {
        Some(store) => Logto::fairing().store(store),
        None => Logto::fairing(),
    };
    let routes = routes![devices, end, of_user, end_for, whoami];
    rocket::custom(figment).attach(fairing).mount("/", routes)
}

/// A browser that calls itself `agent`, in which a user signs in.
async fn sign_in(browser: &Browser, op: &Hostile, agent: &str) {
    let callback = op.authorize(&browser.start("/sign-in").await);
    let path = callback.strip_prefix(BASE_URL).unwrap().to_owned();
    let request = browser.client().get(path);
    let request = match agent.is_empty() {
        true => request,
        false => request.header(Header::new("User-Agent", agent.to_owned())),
    };
    assert_eq!(browser.send(request).await.status, Status::SeeOther);
}

async fn signed_in(op: &Hostile, store: &(impl SessionStore + Clone), agent: &str) -> Browser {
    let browser = Browser::open(app(op.figment(), Some(Box::new(store.clone())))).await;
    sign_in(&browser, op, agent).await;
    browser
}

async fn list(browser: &Browser) -> Vec<Value> {
    let answer = browser.visit("/devices").await;
    assert_eq!(answer.status, Status::Ok, "{answer:?}");
    answer.json().as_array().unwrap().clone()
}

async fn handle(browser: &Browser) -> String {
    let sessions = list(browser).await;
    let mut current = sessions.iter().filter(|session| session["current"] == true);
    let handle = current.next().expect("one is the current one")["handle"].as_str().unwrap();
    assert!(current.next().is_none());
    handle.to_owned()
}

async fn post(browser: &Browser, path: &str) -> Answer {
    browser.send(browser.client().post(path.to_owned())).await
}

async fn who(browser: &Browser) -> String {
    browser.visit("/whoami").await.body
}

#[rocket::async_test]
async fn sessions_in_cookies_are_not_listed_and_the_error_says_so() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment(), None)).await;
    for _ in 0..2 {
        for path in ["/devices", "/admin/u-alice"] {
            let answer = browser.visit(path).await;
            assert_eq!(answer.status, Status::InternalServerError, "{path}");
            assert_eq!(answer.body, "SessionsInCookies", "{path}");
        }
        for path in ["/devices/x", "/admin/u-alice/x"] {
            assert_eq!(post(&browser, path).await.body, "SessionsInCookies", "{path}");
        }
        sign_in(&browser, &op, "a").await;
    }
    assert_eq!(ErrorKind::SessionsInCookies.status(), Status::InternalServerError);
}

/// S36: within one process.
#[rocket::async_test]
async fn a_user_sees_and_ends_their_sessions_in_memory() {
    let op = Hostile::start().await;
    let figment = op.figment().merge(("logto.session.store", "memory"));
    let browser = Browser::open(app(figment, None)).await;
    assert_eq!(browser.visit("/devices").await.body, "[]", "a stranger has none");
    let begin = OffsetDateTime::now_utc().unix_timestamp();
    sign_in(&browser, &op, "Phone").await;
    let phone = browser.cookies();
    browser.forget();
    sleep(Duration::from_millis(5)).await;
    sign_in(&browser, &op, "Tablet").await;
    browser.forget();
    sleep(Duration::from_millis(5)).await;
    sign_in(&browser, &op, "").await;
    let here = browser.cookies();
    browser.restore(phone.clone());

    let sessions = list(&browser).await;
    let shown: Vec<_> = sessions.iter().map(|s| (&s["agent"], &s["current"])).collect();
    let [yes, no] = [json!(true), json!(false)];
    let [phones, tablets] = [json!("Phone"), json!("Tablet")];
    assert_eq!(shown, [(&phones, &yes), (&Value::Null, &no), (&tablets, &no)]);
    for session in &sessions {
        for time in ["began", "used"] {
            let time = session[time].as_i64().unwrap();
            assert!((begin..=OffsetDateTime::now_utc().unix_timestamp()).contains(&time));
        }
    }

    let last = sessions[1]["handle"].as_str().unwrap();
    assert_eq!(post(&browser, &format!("/devices/{last}")).await.status, Status::Ok);
    assert_eq!(list(&browser).await.len(), 2);
    let again = post(&browser, &format!("/devices/{last}")).await;
    assert_eq!((again.status, &*again.body), (Status::NotFound, "SessionNotFound"));
    browser.restore(here);
    assert_eq!(who(&browser).await, "nobody");
    assert!(browser.session_cookies().is_empty(), "its cookie is removed");
    browser.restore(phone);
    assert_eq!(who(&browser).await, "u-alice");
}

/// S36: the other instance knows at its next request, and Logto no longer takes the refresh token.
#[rocket::async_test]
async fn a_session_ended_at_one_instance_is_over_at_another() {
    let (op, store) = (Hostile::start().await, Arc::new(MemoryStore::new(10)));
    op.deviate(Deviation::RotateRefreshTokens);
    let here = signed_in(&op, &store, "Here").await;
    let there = signed_in(&op, &store, "There").await;
    assert_eq!((&*who(&here).await, &*who(&there).await), ("u-alice", "u-alice"));
    let [of_here, of_there] = [handle(&here).await, handle(&there).await];
    assert_ne!(of_here, of_there);

    assert_eq!(post(&here, &format!("/devices/{of_there}")).await.status, Status::Ok);
    assert_eq!((&*who(&here).await, &*who(&there).await), ("u-alice", "nobody"));
    assert!(there.session_cookies().is_empty());
    sleep(Duration::from_millis(100)).await;
    assert_eq!(op.requests("revocation").len(), 1);
    assert_eq!(list(&here).await.len(), 1);
}

/// S36: neither the answer nor its status reveals another user's session.
#[rocket::async_test]
async fn another_users_session_looks_like_an_unknown_one() {
    let (op, store) = (Hostile::start().await, Arc::new(MemoryStore::new(10)));
    let alice = signed_in(&op, &store, "A").await;
    op.account(json!({"sub": "u-bob"}));
    let bob = signed_in(&op, &store, "B").await;
    let of_bob = handle(&bob).await;
    let unknown = format!("{}A", &"A".repeat(42));
    let mut answers = Vec::new();
    for handle in [&*of_bob, &unknown, "x", &of_bob[1..]] {
        let answer = post(&alice, &format!("/devices/{handle}")).await;
        answers.push((answer.status, answer.headers, answer.body));
    }
    assert_eq!((answers[0].0, &*answers[0].2), (Status::NotFound, "SessionNotFound"));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let stranger = Browser::open(app(op.figment(), Some(Box::new(store.clone())))).await;
    let answer = post(&stranger, &format!("/devices/{of_bob}")).await;
    assert_eq!((answer.status, &*answer.body), (Status::Unauthorized, "NotAuthenticated"));
    assert_eq!((&*who(&alice).await, &*who(&bob).await), ("u-alice", "u-bob"));
}

/// S36: a handle in place of a cookie.
#[rocket::async_test]
async fn a_handle_signs_nobody_in() {
    let (op, store) = (Hostile::start().await, Arc::new(MemoryStore::new(10)));
    let browser = signed_in(&op, &store, "").await;
    let handle = handle(&browser).await;
    let (name, id) = browser.session_cookies().into_iter().next().unwrap();
    for value in [&*handle, &handle[..id.len()]] {
        browser.restore([(name.clone(), value.to_owned())].into());
        assert_eq!(who(&browser).await, "nobody");
    }
    browser.restore([(name, id)].into());
    assert_eq!(who(&browser).await, "u-alice");
}

/// S36: the seal says whose session it is.
#[rocket::async_test]
async fn a_store_that_finds_too_much_shows_nobody_elses_session() {
    let (op, store) = (Hostile::start().await, Dumping::new());
    let alice = signed_in(&op, &store, "A").await;
    op.account(json!({"sub": "u-bob"}));
    signed_in(&op, &store, "B").await;
    *store.finds.lock().unwrap() = Finds::All;
    let sessions = list(&alice).await;
    assert!(!sessions.is_empty() && sessions.iter().all(|session| session["agent"] == "A"));
    let of_alice = alice.visit("/admin/u-alice").await.json();
    assert_eq!(of_alice[0]["current"], false, "an administrator's is another one");
    assert_eq!(alice.visit("/admin/u-carol").await.body, "[]");
}

#[rocket::async_test]
async fn an_administrator_ends_a_session_of_the_named_user() {
    let (op, store) = (Hostile::start().await, Arc::new(MemoryStore::new(10)));
    let alice = signed_in(&op, &store, "A").await;
    let handle = handle(&alice).await;
    let other = post(&alice, &format!("/admin/u-bob/{handle}")).await;
    assert_eq!((other.status, &*other.body), (Status::NotFound, "SessionNotFound"));
    assert_eq!(who(&alice).await, "u-alice");
    assert_eq!(post(&alice, &format!("/admin/u-alice/{handle}")).await.status, Status::Ok);
    assert_eq!(who(&alice).await, "nobody");
    assert_eq!(alice.visit("/admin/u-alice").await.body, "[]");
}

/// S36: a page of another site that has a handle ends nothing with it.
#[rocket::async_test]
async fn a_session_is_not_ended_for_another_site() {
    let (op, store) = (Hostile::start().await, Arc::new(MemoryStore::new(10)));
    let [here, there] = [signed_in(&op, &store, "").await, signed_in(&op, &store, "").await];
    for of in [handle(&here).await, handle(&there).await] {
        for site in ["cross-site", "same-site"] {
            let request = here.client().post(format!("/devices/{of}"));
            let answer = here.send(with(request, &[("Sec-Fetch-Site", site)])).await;
            assert_eq!((answer.status, &*answer.body), (Status::Forbidden, "CrossSite"), "{site}");
        }
    }
    assert_eq!((&*who(&here).await, &*who(&there).await), ("u-alice", "u-alice"));
}

#[rocket::async_test]
async fn the_current_session_ends_as_by_a_sign_out_here() {
    struct Farewell;

    #[rocket::async_trait]
    impl Hooks for Farewell {
        async fn after_sign_in(&self, _: &Request<'_>, _: &User) -> Result<AfterSignIn> {
            Ok(AfterSignIn::Continue)
        }

        async fn after_sign_out(&self, request: &Request<'_>, user: &User) {
            let told = request.rocket().state::<std::sync::Mutex<Vec<String>>>().unwrap();
            told.lock().unwrap().push(user.subject().to_owned());
        }
    }

    let op = Hostile::start().await;
    let fairing = Logto::fairing().store(MemoryStore::new(10)).hooks(Farewell);
    let rocket = rocket::custom(op.figment()).attach(fairing);
    let rocket = rocket.manage(std::sync::Mutex::new(Vec::<String>::new()));
    let browser = Browser::open(rocket.mount("/", routes![devices, end, whoami])).await;
    sign_in(&browser, &op, "").await;
    let handle = handle(&browser).await;
    assert_eq!(post(&browser, &format!("/devices/{handle}")).await.status, Status::Ok);
    assert!(browser.session_cookies().is_empty());
    assert_eq!(who(&browser).await, "nobody");
    let told = browser.client().rocket().state::<std::sync::Mutex<Vec<String>>>().unwrap();
    assert_eq!(*told.lock().unwrap(), ["u-alice"]);
}

#[rocket::async_test]
async fn a_store_that_is_down_is_503_for_the_list_and_the_end() {
    let (op, store) = (Hostile::start().await, Fragile::new());
    let browser = signed_in(&op, &store, "").await;
    let cookies = browser.cookies();
    let handle = handle(&browser).await;
    store.switch(true);
    for path in ["/devices", "/admin/u-alice"] {
        let answer = browser.visit(path).await;
        assert_eq!((answer.status, &*answer.body), (Status::ServiceUnavailable, "Store"), "{path}");
    }
    let end = post(&browser, &format!("/devices/{handle}")).await;
    assert_eq!((end.status, browser.cookies()), (Status::ServiceUnavailable, cookies));
    store.switch(false);
    assert_eq!(who(&browser).await, "u-alice");
}

/// S37: in the store it is sealed, and the page gets a bounded text.
#[rocket::async_test]
async fn what_a_browser_calls_itself_is_sealed_and_bounded() {
    let (op, store) = (Hostile::start().await, Dumping::new());
    let agent = format!("Mozilla/5.0 \u{e9}\t{}", "x".repeat(5000));
    let browser = signed_in(&op, &store, &agent).await;
    let shown = list(&browser).await[0]["agent"].as_str().unwrap().to_owned();
    assert_eq!(shown.chars().count(), 256);
    assert!(shown.starts_with("Mozilla/5.0 \u{e9}xx"), "{shown}");
    let told = store.told.lock().unwrap();
    assert!(!told.is_empty());
    for part in ["Mozilla", "xxxxxxxx"] {
        let has = |told: &Vec<u8>| told.windows(part.len()).any(|found| found == part.as_bytes());
        assert!(!told.iter().any(has), "{part} is in the store");
    }
}

//! Callbacks that come twice, sign-ins that the application refuses, and what its hook sees.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use logto_dev::Provider;
use logto_rocket::{AfterSignIn, Error, Hooks, Logto, User};
use logto_tests::{Answer, Browser};
use rocket::http::Status;
use rocket::tokio::sync::Semaphore;
use rocket::tokio::time::timeout;
use rocket::{Build, Request, Rocket, get, routes, tokio};

/// A hook that counts, waits until it may continue, and refuses when told to.
struct Gate {
    calls: AtomicUsize,
    open: Semaphore,
    refuses: AtomicBool,
}

impl Gate {
    fn new(permits: usize) -> Arc<Self> {
        let open = Semaphore::new(permits);
        Arc::new(Self { calls: AtomicUsize::new(0), open, refuses: AtomicBool::new(false) })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn until_called(&self, times: usize) {
        while self.calls() < times {
            tokio::task::yield_now().await;
        }
    }
}

struct Guarded(Arc<Gate>);

#[rocket::async_trait]
impl Hooks for Guarded {
    async fn after_sign_in(&self, _: &Request<'_>, _: &User) -> Result<AfterSignIn, Error> {
        self.0.calls.fetch_add(1, Ordering::SeqCst);
        let open = timeout(Duration::from_secs(5), self.0.open.acquire()).await;
        open.expect("it opens in time").expect("it is never closed").forget();
        Ok(match self.0.refuses.load(Ordering::SeqCst) {
            true => AfterSignIn::Refuse("Not you.".into()),
            false => AfterSignIn::Continue,
        })
    }
}

#[get("/me")]
fn me(user: Option<&User>) -> &str {
    user.and_then(|user| user.username().value()).unwrap_or("stranger")
}

fn app(provider: &Provider, store: &str, gate: &Arc<Gate>) -> Rocket<Build> {
    rocket::custom(provider.figment().merge(("logto.session.store", store)))
        .attach(Logto::fairing().hooks(Guarded(Arc::clone(gate))))
        .mount("/", routes![me])
}

/// A browser that comes back from the provider, and the address it comes back to.
async fn coming_back(provider: &Provider, browser: &Browser, who: &str) -> String {
    let location = browser.start("/sign-in?return_to=/me").await;
    provider.approve(&location, who).await.expect("the user is known")
}

/// The request of one browser, kept apart from another with the same cookies.
async fn with_cookies(browser: &Browser, cookies: BTreeMap<String, String>, path: &str) -> Answer {
    browser.restore(cookies);
    browser.visit(path).await
}

/// A27: a double click, a reload, a browser that sends a request twice.
#[rocket::async_test]
async fn callbacks_that_come_together_share_one_run_of_the_hook() {
    for store in ["cookie", "memory"] {
        let (provider, gate) = (Provider::start().await, Gate::new(0));
        let browser = Browser::open(app(&provider, store, &gate)).await;
        let callback = coming_back(&provider, &browser, "alice").await;
        let open = async {
            gate.until_called(1).await;
            gate.open.add_permits(1);
        };
        let visits = (browser.visit(&callback), browser.visit(&callback), browser.visit(&callback));
        let (first, second, third, ()) = tokio::join!(visits.0, visits.1, visits.2, open);
        for answer in [first, second, third] {
            assert_eq!((answer.status, answer.location()), (Status::SeeOther, "/me"), "{store}");
            assert_eq!(answer.session_cookies().len(), 1, "{store}");
        }
        assert_eq!((gate.calls(), provider.count("token")), (1, 1), "{store}");
        assert_eq!(browser.visit("/me").await.body, "alice");
    }
}

/// A27: the hook's verdict on one applies to all of them, and ends only their session.
#[rocket::async_test]
async fn callbacks_that_come_together_share_a_refusal() {
    let (provider, gate) = (Provider::start().await, Gate::new(0));
    gate.refuses.store(true, Ordering::SeqCst);
    let browser = Browser::open(app(&provider, "memory", &gate)).await;
    let callback = coming_back(&provider, &browser, "alice").await;
    let open = async {
        gate.until_called(1).await;
        gate.open.add_permits(1);
    };
    let (first, second, ()) =
        tokio::join!(browser.visit(&callback), browser.visit(&callback), open);
    for answer in [first, second] {
        answer.assert_no_sign_in();
        assert!(answer.body.contains("Not you."), "{}", answer.body);
    }
    assert_eq!((gate.calls(), provider.count("token")), (1, 1));
    assert_eq!(browser.visit("/me").await.body, "stranger");
}

/// A27: the first request is gone, as when a reload closes its connection.
#[rocket::async_test]
async fn the_next_callback_takes_over_where_the_first_one_died_in_the_hook() {
    let (provider, gate) = (Provider::start().await, Gate::new(0));
    let browser = Browser::open(app(&provider, "cookie", &gate)).await;
    let callback = coming_back(&provider, &browser, "alice").await;
    let died = timeout(Duration::from_millis(200), browser.visit(&callback)).await;
    assert!(died.is_err() && gate.calls() == 1, "the hook had begun");
    gate.open.add_permits(1);
    let answer = browser.visit(&callback).await;
    assert_eq!((answer.status, answer.location()), (Status::SeeOther, "/me"));
    assert_eq!((gate.calls(), provider.count("token")), (2, 1), "the code was redeemed once");
    assert_eq!(browser.visit("/me").await.body, "alice");
}

/// A27: a lost answer is given again; a leaked address gives nothing.
#[rocket::async_test]
async fn a_repeated_callback_is_answered_only_for_its_own_browser_while_the_session_lives() {
    for store in ["cookie", "memory"] {
        let (provider, gate) = (Provider::start().await, Gate::new(1));
        let browser = Browser::open(app(&provider, store, &gate)).await;
        let callback = coming_back(&provider, &browser, "alice").await;
        let before = browser.cookies();
        browser.visit(&callback).await;
        let signed_in = browser.cookies();

        let again = with_cookies(&browser, before.clone(), &callback).await;
        assert_eq!((again.status, again.location()), (Status::SeeOther, "/me"), "{store}");
        assert_eq!(browser.visit("/me").await.body, "alice", "{store}");
        with_cookies(&browser, BTreeMap::new(), &callback).await.assert_no_sign_in();
        let name = before.keys().next().expect("its cookie").clone();
        let forged = BTreeMap::from([(name, "x".repeat(200))]);
        with_cookies(&browser, forged, &callback).await.assert_no_sign_in();

        with_cookies(&browser, signed_in, "/sign-out").await;
        with_cookies(&browser, before, &callback).await.assert_no_sign_in();
        assert_eq!((gate.calls(), provider.count("token")), (1, 1), "{store}");
    }
}

/// A28: a user refused as somebody else stays who they are.
#[rocket::async_test]
async fn a_refused_sign_in_leaves_the_session_that_was_there() {
    for store in ["cookie", "memory"] {
        let (provider, gate) = (Provider::start().await, Gate::new(2));
        let browser = Browser::open(app(&provider, store, &gate)).await;
        browser.visit(&coming_back(&provider, &browser, "alice").await).await;
        let alice = browser.session_cookies();
        gate.refuses.store(true, Ordering::SeqCst);
        let answer = browser.visit(&coming_back(&provider, &browser, "bob").await).await;
        assert_eq!(answer.status, Status::Forbidden, "{store}");
        assert_eq!(browser.session_cookies(), alice, "{store}: the cookie was not touched");
        assert_eq!(browser.visit("/me").await.body, "alice", "{store}");
    }
}

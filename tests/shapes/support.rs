//! Alice, who signed in once, and the applications that she and a stranger visit.

use std::cell::Cell;
use std::collections::BTreeMap;

use logto_dev::Provider;
use logto_rocket::{Logto, User};
use logto_tests::{Answer, Approve, Browser};
use rocket::figment::Figment;
use rocket::local::asynchronous::{Client, LocalRequest};
use rocket::tokio::sync::OnceCell;
use rocket::{Build, Rocket, Route};

/// A provider, and the cookies of a session that began there.
pub(crate) struct Alice {
    provider: Provider,
    cookies: BTreeMap<String, String>,
}

/// Signs in at the first call.
pub(crate) async fn alice() -> &'static Alice {
    static ALICE: OnceCell<Alice> = OnceCell::const_new();
    ALICE
        .get_or_init(|| async {
            let provider = Provider::start().await;
            let rocket = rocket::custom(figment(&provider)).attach(Logto::fairing());
            let browser = Browser::open(rocket).await;
            let callback = provider.approve_at(&browser.start("/sign-in").await).await;
            browser.visit(&callback).await;
            let cookies = browser.session_cookies();
            assert!(!cookies.is_empty(), "alice is signed in");
            Alice { provider, cookies }
        })
        .await
}

impl Alice {
    /// The session as the value of a `Cookie` header.
    pub(crate) fn cookie(&self) -> String {
        let pairs = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }
}

/// An application that knows Alice, without the fairing.
pub(crate) async fn bare_rocket() -> Rocket<Build> {
    rocket::custom(figment(&alice().await.provider))
}

/// What an application is configured with: everything that a route here needs.
fn figment(provider: &Provider) -> Figment {
    let scopes = ["read:items", "write:items", "read:data", "write:data"];
    let scopes = [&scopes[..], &["urn:logto:scope:organizations"]].concat();
    let resources = ["https://api.example.com", "https://other.example.com"];
    provider.figment().merge(("logto.scopes", scopes)).merge(("logto.resources", resources))
}

/// An application that knows Alice.
pub(crate) async fn rocket() -> Rocket<Build> {
    bare_rocket().await.attach(Logto::fairing())
}

/// A running application.
pub(crate) struct App(Browser);

impl App {
    pub(crate) async fn of(routes: Vec<Route>) -> Self {
        Self::launch(rocket().await.mount("/", routes)).await
    }

    pub(crate) async fn launch(rocket: Rocket<Build>) -> Self {
        Self(Browser::open(rocket).await)
    }

    pub(crate) fn client(&self) -> &Client {
        self.0.client()
    }

    /// What Alice gets.
    pub(crate) async fn user(&self, request: LocalRequest<'_>) -> Answer {
        self.0.restore(alice().await.cookies.clone());
        self.0.send(request).await
    }

    /// What anybody else gets.
    pub(crate) async fn stranger(&self, request: LocalRequest<'_>) -> Answer {
        self.0.forget();
        self.0.send(request).await
    }
}

thread_local! {
    // A local client runs the handler on the thread of its test.
    static RUNS: Cell<usize> = const { Cell::new(0) };
}

/// Notes that a handler ran, and returns its answer.
pub(crate) fn ran<T>(answer: T) -> T {
    RUNS.set(runs() + 1);
    answer
}

/// How many handlers ran.
pub(crate) fn runs() -> usize {
    RUNS.get()
}

/// The name that Alice signs in with, which is `alice`.
pub(crate) fn name(user: &User) -> &str {
    user.username().unwrap_or_default()
}

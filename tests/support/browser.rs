//! A person's browser: a cookie jar, navigations, and the way through a sign-in.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use logto_dev::Provider;
use rocket::http::uri::Host;
use rocket::http::{ContentType, Cookie, Header, Status};
use rocket::local::asynchronous::{Client, LocalRequest};
use rocket::time::OffsetDateTime;
use rocket::{Build, Rocket};

use crate::{Answer, Hostile};

/// Where the application under test believes it is.
pub const BASE_URL: &str = "http://localhost:8000";

/// A provider whose page a user approves sign-ins on.
pub trait Approve {
    /// Approves what the authorization request at `location` asks; returns the way back.
    fn approve_at(&self, location: &str) -> impl Future<Output = String> + Send;
}

impl Approve for Hostile {
    async fn approve_at(&self, location: &str) -> String {
        self.authorize(location)
    }
}

/// The user is alice, who filled in everything.
impl Approve for Provider {
    async fn approve_at(&self, location: &str) -> String {
        self.approve(location, "alice").await.expect("the provider knows alice")
    }
}

/// A browser that knows one application.
///
/// Its jar stores, replaces and deletes cookies as browsers do. It ignores hosts and paths, as
/// there is one application and all our cookies have `Path=/`.
pub struct Browser {
    client: Arc<Client>,
    jar: Arc<Mutex<BTreeMap<String, String>>>,
    base: String,
    keeps: fn(&Cookie<'_>) -> bool,
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Browser").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Browser {
    /// Launches `rocket` in process and opens a browser with an empty jar.
    pub async fn open(rocket: Rocket<Build>) -> Self {
        Self::at(BASE_URL, rocket).await
    }

    /// Like [`open`](Self::open), for an application with another `base_url`.
    pub async fn at(base: &str, rocket: Rocket<Build>) -> Self {
        let client = Client::untracked(rocket).await.expect("the application launches");
        let client = Arc::new(client);
        Self { client, jar: Arc::default(), base: base.to_owned(), keeps: |_| true }
    }

    /// Opens another browser, which knows the same instances of the application as these do:
    /// each is one of them, and they share one jar.
    #[must_use]
    pub fn another<const N: usize>(instances: &[Self; N]) -> [Self; N] {
        let jar = Arc::default();
        instances.each_ref().map(|one| Self {
            client: Arc::clone(&one.client),
            jar: Arc::clone(&jar),
            base: one.base.clone(),
            keeps: one.keeps,
        })
    }

    /// From now on, keeps only the cookies that `keeps` wants.
    #[must_use]
    pub fn keeping(self, keeps: fn(&Cookie<'_>) -> bool) -> Self {
        Self { keeps, ..self }
    }

    /// Returns the application's client, for requests that no browser makes.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Returns the cookies, by name.
    pub fn cookies(&self) -> BTreeMap<String, String> {
        self.jar().clone()
    }

    /// Returns the cookies of the session, without those of pending sign-ins.
    pub fn session_cookies(&self) -> BTreeMap<String, String> {
        self.cookies().into_iter().filter(|(name, _)| is_session(name)).collect()
    }

    /// Returns the cookies of pending sign-ins.
    pub fn sign_in_cookies(&self) -> BTreeMap<String, String> {
        self.cookies().into_iter().filter(|(name, _)| is_sign_in(name)).collect()
    }

    /// Replaces the jar's contents with `cookies`.
    pub fn restore(&self, cookies: BTreeMap<String, String>) {
        *self.jar() = cookies;
    }

    /// Empties the jar.
    pub fn forget(&self) {
        self.jar().clear();
    }

    /// Opens a page of the application, at an absolute URL or a path.
    pub async fn visit(&self, location: &str) -> Answer {
        let path = self.path(location);
        self.send(as_navigation(self.client.get(path))).await
    }

    /// Sends a request as a script does: for JSON, not a page to show.
    pub async fn fetch(&self, path: &str) -> Answer {
        let request = self.client.get(path.to_owned());
        let headers = [("Accept", "application/json"), ("Sec-Fetch-Mode", "cors")];
        self.send(with(request, &headers)).await
    }

    /// Sends `request` with the jar's cookies and the application's Host, and keeps what the
    /// answer sets.
    pub async fn send(&self, mut request: LocalRequest<'_>) -> Answer {
        if request.inner().host().is_none() {
            let host = self.base.split('/').nth(2).unwrap_or_default().to_owned();
            let host = Host::parse_owned(host).expect("the base URL has a host");
            request.inner_mut().set_host(host);
        }
        let cookies = self.cookies();
        let line: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !line.is_empty() {
            // As over the wire, where Rocket has both.
            request = request.header(Header::new("Cookie", line.join("; ")));
            request = request.cookies(cookies.into_iter().map(Cookie::from));
        }
        let answer = Answer::of(request.dispatch().await).await;
        self.keep(&answer);
        answer
    }

    /// Sends `request` as it is, without cookies, and keeps nothing: it is somebody else's.
    pub async fn deliver(&self, request: LocalRequest<'_>) -> Answer {
        Answer::of(request.dispatch().await).await
    }

    /// Posts a logout token, as the provider does.
    pub async fn post_logout(&self, token: &str) -> Answer {
        let request = self.client.post("/backchannel-logout").header(ContentType::Form);
        self.deliver(request.body(format!("logout_token={token}"))).await
    }

    /// Goes to `path` as a stranger, up to the authorization request; returns its URL.
    pub async fn start(&self, path: &str) -> String {
        let mut answer = self.visit(path).await;
        for _ in 0..4 {
            assert_eq!(answer.status, Status::SeeOther, "a stranger at {path}: {answer:?}");
            let location = answer.location().to_owned();
            if self.is_elsewhere(&location) {
                return location;
            }
            answer = self.visit(&location).await;
        }
        panic!("{path} leads in circles, last to {answer:?}");
    }

    /// Signs in on the way to `path`; returns the page that is there.
    pub async fn sign_in(&self, provider: &impl Approve, path: &str) -> Answer {
        let callback = provider.approve_at(&self.start(path).await).await;
        let answer = self.visit(&callback).await;
        assert_eq!(answer.status, Status::SeeOther, "the callback: {answer:?}");
        self.visit(answer.location()).await
    }

    /// Starts a sign-in and comes back; returns the callback's answer, whatever it is.
    pub async fn come_back(&self, provider: &impl Approve) -> Answer {
        let callback = provider.approve_at(&self.start("/protected").await).await;
        self.visit(&callback).await
    }

    fn is_elsewhere(&self, location: &str) -> bool {
        location.contains("://") && !location.starts_with(&format!("{}/", self.base))
    }

    fn path(&self, location: &str) -> String {
        let path = location.strip_prefix(&self.base).unwrap_or(location);
        assert!(path.starts_with('/'), "{location} is not a page of {}", self.base);
        path.to_owned()
    }

    fn keep(&self, answer: &Answer) {
        let mut jar = self.jar();
        for cookie in answer.cookies.iter().filter(|cookie| (self.keeps)(cookie)) {
            let ended = cookie.max_age().is_some_and(|age| age.whole_seconds() <= 0)
                || cookie.expires_datetime().is_some_and(|end| end <= OffsetDateTime::now_utc());
            match ended {
                true => jar.remove(cookie.name()),
                false => jar.insert(cookie.name().to_owned(), cookie.value().to_owned()),
            };
        }
    }

    fn jar(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this is the name of a session cookie, not of a pending sign-in's, nor of the count
/// of sign-ins.
pub fn is_session(name: &str) -> bool {
    name.contains("logto_") && !is_sign_in(name) && !name.ends_with("_n")
}

fn is_sign_in(name: &str) -> bool {
    name.contains("_t_")
}

/// Makes `request` the navigation of a person who clicked or typed.
pub fn as_navigation(request: LocalRequest<'_>) -> LocalRequest<'_> {
    let html = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    with(
        request,
        &[("Accept", html), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")],
    )
}

/// Adds headers to `request`.
pub fn with<'c>(request: LocalRequest<'c>, headers: &[(&'static str, &str)]) -> LocalRequest<'c> {
    headers.iter().fold(request, |request, (name, value)| {
        request.header(Header::new(*name, (*value).to_owned()))
    })
}

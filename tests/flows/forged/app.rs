//! An application that changes something, and the requests that ask it to.

use std::sync::Mutex;

use logto_rocket::{Error, Logto, LogtoClient, Policy, Redirect, User, authenticated, protect};
use logto_tests::{Browser, Hostile};
use rocket::figment::Figment;
use rocket::http::{Header, Method};
use rocket::local::asynchronous::LocalRequest;
use rocket::{Build, Rocket, Route, State, delete, get, head, options, patch, post, put, routes};

const TRUSTED: &str = "https://admin.example.com";

/// `Sec-Fetch-Site` and `Origin`, and whether they let a change through.
pub(super) const SENDERS: &[(Option<&str>, Option<&str>, bool)] = &[
    // Not a browser.
    (None, None, true),
    // Current browsers, with or without an `Origin`.
    (Some("same-origin"), None, true),
    (Some("same-origin"), Some("http://localhost:8000"), true),
    (Some("same-origin"), Some("null"), true),
    (Some("none"), None, true),
    (Some("none"), Some("null"), true),
    (Some("same-site"), None, false),
    (Some("same-site"), Some("http://localhost:3000"), false),
    (Some("same-site"), Some("http://localhost:8000"), false),
    (Some("same-site"), Some(TRUSTED), true),
    (Some("cross-site"), None, false),
    (Some("cross-site"), Some("null"), false),
    (Some("cross-site"), Some("https://evil.example"), false),
    (Some("cross-site"), Some("http://localhost:8000"), false),
    (Some("cross-site"), Some(TRUSTED), true),
    (Some("Same-Origin"), None, false),
    (Some("same-origin, cross-site"), None, false),
    (Some("new-site"), None, false),
    (Some(""), None, false),
    // Older browsers, and plain http.
    (None, Some("http://localhost:8000"), true),
    (None, Some("http://localhost"), false),
    (None, Some("http://localhost:80000"), false),
    (None, Some("http://localhost:8000/"), false),
    (None, Some("http://localhost:8000.evil.example"), false),
    (None, Some("https://localhost:8000"), false),
    (None, Some("http://127.0.0.1:8000"), false),
    (None, Some("localhost:8000"), false),
    (None, Some("null"), false),
    (None, Some(""), false),
    (None, Some(TRUSTED), true),
    (None, Some("https://admin.example.com.evil.example"), false),
    (None, Some("http://admin.example.com"), false),
    (None, Some("https://other.admin.example.com"), false),
    (None, Some("https://evil.example, https://admin.example.com"), false),
];

/// What handlers did.
#[derive(Default)]
pub(super) struct Changes(Mutex<Vec<Method>>);

impl Changes {
    fn add(&self, method: Method) -> &'static str {
        self.0.lock().unwrap().push(method);
        "done"
    }
}

macro_rules! changes {
    ($($method:ident $name:ident: $is:ident,)*) => {$(
        #[authenticated]
        #[$method("/change")]
        fn $name(changes: &State<Changes>) -> &'static str {
            changes.add(Method::$is)
        }
    )*};
}

changes! {
    get got: Get, head headed: Head, options asked: Options,
    post posted: Post, put putted: Put, patch patched: Patch, delete deleted: Delete,
}

#[authenticated(redirect)]
#[post("/form")]
fn form(changes: &State<Changes>) -> &'static str {
    changes.add(Method::Post)
}

#[authenticated(fetch_user_info)]
#[post("/fetched")]
fn fetched(changes: &State<Changes>) -> &'static str {
    changes.add(Method::Post)
}

#[authenticated(allow_cross_origin)]
#[post("/allowed")]
fn allowed(changes: &State<Changes>) -> &'static str {
    changes.add(Method::Post)
}

#[authenticated(allow_cross_origin, fetch_user_info)]
#[post("/allowed/fetched")]
fn allowed_and_fetched(changes: &State<Changes>) -> &'static str {
    changes.add(Method::Post)
}

#[post("/plain")]
pub(super) fn plain(changes: &State<Changes>) -> &'static str {
    changes.add(Method::Post)
}

#[post("/guarded")]
fn guarded(_user: &User, changes: &State<Changes>) -> &'static str {
    changes.add(Method::Post)
}

#[post("/away")]
async fn away(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.sign_out().await
}

#[post("/leave")]
async fn leave(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.sign_out_here().await
}

#[get("/")]
fn home(user: Option<&User>) -> &'static str {
    if user.is_some() { "user" } else { "stranger" }
}

fn all() -> Vec<Route> {
    let mut all = routes![home, got, headed, asked, posted, putted, patched, deleted, form];
    all.extend(routes![fetched, allowed, allowed_and_fetched, guarded, away, leave]);
    all.extend(protect(routes![plain], Policy::new()));
    all
}

pub(super) fn bare(figment: Figment) -> Rocket<Build> {
    let figment = figment.merge(("logto.trusted_origins", [TRUSTED]));
    rocket::custom(figment).manage(Changes::default()).mount("/", all())
}

pub(super) fn app(figment: Figment) -> Rocket<Build> {
    bare(figment).attach(Logto::fairing())
}

pub(super) async fn signed_in(op: &Hostile, rocket: Rocket<Build>) -> Browser {
    let browser = Browser::open(rocket).await;
    browser.sign_in(op, "/sign-in").await;
    browser
}

pub(super) fn changed(browser: &Browser) -> Vec<Method> {
    let changes: &Changes = browser.client().rocket().state().expect("it is managed");
    std::mem::take(&mut changes.0.lock().unwrap())
}

pub(super) fn from<'c>(
    mut request: LocalRequest<'c>,
    site: Option<&'static str>,
    origin: Option<&'static str>,
) -> LocalRequest<'c> {
    for (name, value) in [("Sec-Fetch-Site", site), ("Origin", origin)] {
        if let Some(value) = value {
            request = request.header(Header::new(name, value));
        }
    }
    request
}

/// A request sent by a page on another host of the same site.
pub(super) fn forged<'c>(browser: &'c Browser, path: &'static str) -> LocalRequest<'c> {
    from(browser.client().post(path), Some("same-site"), Some("https://evil.example.com"))
}

//! Whose request signs a user out: that of a person who opens a page or sends a form.

use logto_rocket::{Error, Logto, LogtoClient, Redirect, User};
use logto_tests::{Answer, Browser, Hostile, as_navigation, with};
use rocket::http::{Method, Status};
use rocket::{Build, Rocket, get, head, post, routes};

type Headers = &'static [(&'static str, &'static str)];

const HTML: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
const NAVIGATE: (&str, &str) = ("Sec-Fetch-Mode", "navigate");
const DOCUMENT: (&str, &str) = ("Sec-Fetch-Dest", "document");
const HERE: (&str, &str) = ("Sec-Fetch-Site", "same-origin");

/// What a person's browser sends, and clients that send nothing of the kind.
const NAVIGATIONS: &[Headers] = &[
    &[],
    &[HTML],
    &[("Accept", "*/*")],
    &[HTML, NAVIGATE, DOCUMENT],
    &[HTML, NAVIGATE, DOCUMENT, HERE],
    &[HTML, NAVIGATE, DOCUMENT, ("Sec-Fetch-Site", "same-site")],
    &[HTML, NAVIGATE, DOCUMENT, ("Sec-Fetch-Site", "none")],
];

/// What browsers send before anybody has clicked.
const AHEAD: &[Headers] = &[
    &[HTML, NAVIGATE, DOCUMENT, HERE, ("Sec-Purpose", "prefetch")],
    &[HTML, NAVIGATE, DOCUMENT, HERE, ("Sec-Purpose", "prefetch;prerender")],
    &[HTML, NAVIGATE, DOCUMENT, HERE, ("Sec-Purpose", "prerender")],
    &[HTML, ("Purpose", "prefetch")],
    &[HTML, ("X-Moz", "prefetch")],
];

/// What comes from within a page of this site.
const INSIDE: &[Headers] = &[
    &[HERE, ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")],
    &[HERE, HTML, NAVIGATE, ("Sec-Fetch-Dest", "iframe")],
    &[HERE, ("Accept", "*/*"), ("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Dest", "empty")],
    &[HERE, ("Accept", "*/*"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "script")],
    &[("Accept", "image/avif,image/webp,image/*,*/*;q=0.8")],
    &[("Accept", "text/css,*/*;q=0.1")],
    &[("Accept", "application/json")],
    &[("X-Requested-With", "XMLHttpRequest")],
];

const ELSEWHERE: &[Headers] = &[
    &[HTML, NAVIGATE, DOCUMENT, ("Sec-Fetch-Site", "cross-site")],
    &[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")],
];

#[get("/")]
fn home(user: Option<&User>) -> &'static str {
    if user.is_some() { "user" } else { "stranger" }
}

/// The answer, or the kind of the error.
type Answered = Result<Redirect, (Status, String)>;

fn answered(result: Result<Redirect, Error>) -> Answered {
    result.map_err(|error| (error.status(), format!("{:?}", error.kind())))
}

#[get("/away")]
async fn away(logto: LogtoClient<'_>) -> Answered {
    answered(logto.sign_out().await)
}

#[head("/away-by-head")]
async fn away_by_head(logto: LogtoClient<'_>) -> Answered {
    answered(logto.sign_out().await)
}

#[post("/away")]
async fn away_by_post(logto: LogtoClient<'_>) -> Answered {
    answered(logto.sign_out().await)
}

#[get("/leave")]
async fn leave(logto: LogtoClient<'_>) -> Answered {
    answered(logto.sign_out_here().await)
}

fn app(op: &Hostile) -> Rocket<Build> {
    let routes = routes![home, away, away_by_head, away_by_post, leave];
    rocket::custom(op.figment()).attach(Logto::fairing()).mount("/", routes)
}

async fn open(op: &Hostile) -> Browser {
    let browser = Browser::open(app(op)).await;
    browser.sign_in(op, "/sign-in").await;
    browser
}

async fn ask(browser: &Browser, method: Method, path: &'static str, headers: Headers) -> Answer {
    browser.send(with(browser.client().req(method, path), headers)).await
}

/// Refused, with the session alive, and kept by no cache, or the click would get it.
async fn assert_stays(browser: &Browser, answer: &Answer, asked: &str) {
    assert_eq!((answer.status, answer.cookies.len()), (Status::Forbidden, 0), "{asked}");
    let cache = answer.header("cache-control").unwrap_or_default();
    assert!(cache.contains("no-store"), "{asked}: {cache:?}");
    assert_eq!(browser.visit("/").await.body, "user", "{asked}");
}

async fn assert_leaves(op: &Hostile, browser: &Browser, answer: &Answer, asked: &str) {
    assert_eq!(answer.status, Status::SeeOther, "{asked}: {answer:?}");
    assert_eq!(browser.visit("/").await.body, "stranger", "{asked}");
    browser.sign_in(op, "/sign-in").await;
}

/// L14: nothing that a browser does by itself, or a page of this site without a click.
#[rocket::async_test]
async fn a_sign_out_by_get_is_for_a_person_who_opens_a_page() {
    let op = Hostile::start().await;
    let browser = open(&op).await;
    for path in ["/sign-out", "/away"] {
        for headers in [AHEAD, INSIDE, ELSEWHERE].concat() {
            let answer = ask(&browser, Method::Get, path, headers).await;
            assert_stays(&browser, &answer, &format!("{path} {headers:?}")).await;
        }
        for headers in NAVIGATIONS {
            let answer = ask(&browser, Method::Get, path, headers).await;
            assert_leaves(&op, &browser, &answer, &format!("{path} {headers:?}")).await;
        }
    }
}

/// L14: Rocket answers HEAD with the route for GET, which sees a GET.
#[rocket::async_test]
async fn nobody_signs_out_by_head() {
    let op = Hostile::start().await;
    let browser = open(&op).await;
    for path in ["/sign-out", "/away", "/away-by-head", "/leave"] {
        for headers in NAVIGATIONS {
            let answer = ask(&browser, Method::Head, path, headers).await;
            assert_stays(&browser, &answer, &format!("{path} {headers:?}")).await;
        }
    }
    let form = browser.client().post("/sign-out").header(rocket::http::ContentType::Form);
    let answer = browser.send(as_navigation(form.body("_method=head"))).await;
    assert_stays(&browser, &answer, "a form whose method Rocket exchanges").await;
}

/// L14: a form's method says that somebody wants it, and scripts may send one.
#[rocket::async_test]
async fn a_sign_out_by_post_needs_no_navigation() {
    let op = Hostile::start().await;
    let browser = open(&op).await;
    for path in ["/sign-out", "/away"] {
        for headers in [NAVIGATIONS[0], NAVIGATIONS[4], INSIDE[2]] {
            let answer = ask(&browser, Method::Post, path, headers).await;
            assert_leaves(&op, &browser, &answer, &format!("{path} {headers:?}")).await;
        }
    }
}

/// L14: a script may ask for a sign-out that the application itself wants.
#[rocket::async_test]
async fn a_sign_out_here_is_refused_ahead_of_a_click_and_from_elsewhere_only() {
    let op = Hostile::start().await;
    let browser = open(&op).await;
    for headers in [AHEAD, ELSEWHERE].concat() {
        let answer = ask(&browser, Method::Get, "/leave", headers).await;
        assert_stays(&browser, &answer, &format!("{headers:?}")).await;
    }
    for headers in [NAVIGATIONS, INSIDE].concat() {
        let answer = ask(&browser, Method::Get, "/leave", headers).await;
        assert_leaves(&op, &browser, &answer, &format!("{headers:?}")).await;
    }
}

/// L14: the application learns why, and the user what to do.
#[rocket::async_test]
async fn a_sign_out_that_nobody_asked_for_says_so() {
    let op = Hostile::start().await;
    let browser = open(&op).await;
    assert_eq!(ask(&browser, Method::Get, "/away", AHEAD[0]).await.body, "NotNavigation");
    assert_eq!(ask(&browser, Method::Get, "/away", INSIDE[0]).await.body, "NotNavigation");
    assert_eq!(ask(&browser, Method::Get, "/away", ELSEWHERE[0]).await.body, "CrossSite");
    assert_eq!(ask(&browser, Method::Get, "/leave", AHEAD[1]).await.body, "NotNavigation");
    for headers in [AHEAD[0], INSIDE[1]] {
        let answer = ask(&browser, Method::Get, "/sign-out", headers).await;
        assert!(answer.body.contains("Nothing has changed"), "{headers:?}: {answer:?}");
    }
    assert_eq!(browser.visit("/sign-out").await.status, Status::SeeOther);
    assert_eq!(browser.visit("/").await.body, "stranger");
}

//! Browsers and set-ups that lose sessions: no sign-in loops for ever, and the page at its end
//! names the cause.

use logto_rocket::{Logto, UserInfo, authenticated};
use logto_tests::{Alter, Answer, Browser, Deviation, Fault, Hostile, app, is_session};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::{Build, Rocket, get, routes};
use serde_json::json;

/// Redirects that a browser follows before it gives up.
const PATIENCE: usize = 20;

/// Goes where `browsers` are sent, with Logto signing in silently, up to a page; returns it and
/// how often it passed Logto. The first browser does sign-in and callback, the last the rest.
async fn go(op: &Hostile, browsers: &[&Browser], path: &str) -> (Answer, usize) {
    let (mut location, mut turns) = (path.to_owned(), 0);
    for _ in 0..PATIENCE {
        if location.starts_with(&op.issuer()) {
            location = op.authorize(&location);
            turns += 1;
        }
        let signs_in = location.contains("/sign-in") || location.contains("/callback?");
        let at = if signs_in { 0 } else { browsers.len() - 1 };
        let answer = browsers[at].visit(&location).await;
        browsers.iter().for_each(|other| other.restore(browsers[at].cookies()));
        match answer.header("location") {
            Some(next) => location = next.to_owned(),
            None => return (answer, turns),
        }
    }
    panic!("{path} leads in circles");
}

/// A page that stops a loop, names each of `causes`, leads to another try, and is like all our
/// pages (H9).
fn assert_stopped(answer: &Answer, causes: &[&str]) {
    assert!(answer.status.code >= 400, "{answer:?}");
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    assert!(answer.header("cache-control").unwrap().contains("no-store"));
    for cause in causes {
        assert!(answer.body.contains(cause), "no {cause:?}: {}", answer.body);
    }
    assert!(answer.body.contains("href=\"/sign-in"), "{}", answer.body);
}

/// A24: the browser keeps small cookies but not the session.
#[rocket::async_test]
async fn a_browser_that_drops_the_session_stops_after_three_turns() {
    for store in ["cookie", "memory"] {
        let op = Hostile::start().await;
        let figment = op.figment().merge(("logto.session.store", store));
        let browser = Browser::open(app(figment)).await;
        let browser = browser.keeping(|cookie| !is_session(cookie.name()));
        let (page, turns) = go(&op, &[&browser], "/pages/1?tab=a").await;
        assert_eq!((turns, page.status), (3, Status::InternalServerError));
        assert_stopped(&page, &["rejects the session", "return_to=%2Fpages%2F1%3Ftab%3Da"]);
        // The way on is not another page of this kind.
        assert_eq!(op.count("token"), 3);
        let (again, turns) = go(&op, &[&browser], "/pages/1?tab=a").await;
        assert_eq!((turns, again.status), (3, Status::InternalServerError));
        let mended = browser.keeping(|_| true);
        let (page, turns) = go(&op, &[&mended], "/pages/1?tab=a").await;
        assert_eq!((turns, page.body.as_str()), (1, "page 1, tab a, u-alice"));
    }
}

/// A24: the browser keeps nothing at all.
#[rocket::async_test]
async fn a_browser_that_drops_every_cookie_stops_at_the_callback() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await.keeping(|_| false);
    let (page, turns) = go(&op, &[&browser], "/protected").await;
    assert_eq!((turns, page.status, op.count("token")), (1, Status::BadRequest, 0));
    assert_stopped(&page, &["no cookie", "blocks", "another browser", "http://localhost:8000"]);
}

/// A24: cookies are for https, and the browser uses http.
#[rocket::async_test]
async fn secure_cookies_over_http_stop_at_the_callback_which_names_the_address() {
    let op = Hostile::start().await;
    let figment = op.figment().merge(("logto.base_url", "https://app.example"));
    let browser = Browser::at("https://app.example", app(figment)).await;
    let over_http = browser.keeping(|cookie| cookie.secure() != Some(true));
    let (page, turns) = go(&op, &[&over_http], "/protected").await;
    assert_eq!((turns, page.status, op.count("token")), (1, Status::BadRequest, 0));
    assert_stopped(&page, &["no cookie", "https://app.example"]);
}

/// A24: `base_url` is not where the browser is, and a proxy hides it.
#[rocket::async_test]
async fn a_wrong_base_url_stops_at_the_callback_which_names_it() {
    let op = Hostile::start().await;
    let figment = op.figment().merge(("logto.base_url", "http://app.example"));
    let here = Browser::at("http://www.app.example", app(figment.clone())).await;
    let there = Browser::at("http://app.example", app(figment)).await;
    let moved = here.visit("/sign-in?return_to=/protected").await.location().to_owned();
    assert!(moved.starts_with("http://app.example/sign-in?moved=1"), "{moved}");
    let authorization = here.visit(moved.strip_prefix("http://app.example").unwrap()).await;
    let page = there.visit(&op.authorize(authorization.location())).await;
    assert_eq!((page.status, op.count("token")), (Status::BadRequest, 0));
    assert_stopped(&page, &["no cookie", "http://app.example"]);
}

/// A24: this machine's clock, or Logto's, is wrong.
#[rocket::async_test]
async fn a_wrong_clock_stops_at_the_callback_which_names_it() {
    for (claim, time) in
        [("exp", 1_000_000_000_i64), ("iat", 9_000_000_000), ("nbf", 9_000_000_000)]
    {
        let op = Hostile::start().await;
        op.deviate(Deviation::Claims(Alter::set(claim, time)));
        let browser = Browser::open(app(op.figment())).await;
        let (page, turns) = go(&op, &[&browser], "/protected").await;
        assert_eq!((turns, page.status), (1, Status::BadGateway), "{claim}");
        assert_stopped(&page, &["clock"]);
    }
}

/// A24: two processes that do not share sessions: other secrets, or other stores.
#[rocket::async_test]
async fn processes_that_do_not_share_sessions_stop_after_three_turns() {
    type Change = fn(Figment) -> Figment;
    let changes: [Change; 2] = [
        |figment| figment.merge(("logto.cookie_secret", "another-secret-that-is-long-enough-too")),
        |figment| figment.merge(("logto.session.store", "memory")),
    ];
    for change in changes {
        let op = Hostile::start().await;
        let first = Browser::open(app(op.figment())).await;
        let second = Browser::open(app(change(op.figment()))).await;
        let (page, turns) = go(&op, &[&first, &second], "/protected").await;
        assert_eq!((turns, page.status), (3, Status::InternalServerError));
        assert_stopped(&page, &["several processes"]);
    }
}

#[authenticated(redirect, fetch_user_info)]
#[get("/info")]
fn info(info: &UserInfo) -> String {
    info.subject().to_owned()
}

fn with_info(figment: Figment) -> Rocket<Build> {
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![info])
}

/// A24: Logto signs the user in and then rejects its own token.
#[rocket::async_test]
async fn a_session_that_logto_ends_at_once_stops_after_three_turns() {
    let op = Hostile::start().await;
    let refused = Fault::Json(401, json!({"error": "invalid_token"}));
    op.deviate(Deviation::Answer("me", refused));
    let browser = Browser::open(with_info(op.figment())).await;
    let (page, turns) = go(&op, &[&browser], "/info").await;
    assert_eq!((turns, page.status), (3, Status::InternalServerError));
    assert_stopped(&page, &["sign-in service ends"]);
}

/// A24: many unfinished sign-ins are not a loop.
#[rocket::async_test]
async fn unfinished_sign_ins_are_not_a_loop() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for _ in 0..200 {
        browser.start("/protected").await;
    }
    assert_eq!(browser.sign_in(&op, "/protected").await.status, Status::Ok);
}

/// A24: nor are tabs that finish in a row, or all at once.
#[rocket::async_test]
async fn tabs_that_finish_in_a_row_are_not_a_loop() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for _ in 0..2 {
        let mut callbacks = Vec::new();
        for _ in 0..5 {
            let location = browser.visit("/sign-in").await.location().to_owned();
            callbacks.push(op.authorize(&location));
        }
        let (last, first) = callbacks.split_last().unwrap();
        rocket::futures::future::join_all(first.iter().map(|tab| browser.visit(tab))).await;
        assert_eq!(browser.visit(last).await.status, Status::SeeOther);
    }
    assert_eq!(browser.visit("/sign-in").await.status, Status::SeeOther);
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
}

/// A24: nor is a user who signs in and out again and again.
#[rocket::async_test]
async fn signing_in_and_out_again_and_again_is_not_a_loop() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for _ in 0..10 {
        assert_eq!(browser.sign_in(&op, "/protected").await.status, Status::Ok);
        browser.visit("/sign-out").await;
    }
}

/// A24: a made-up count only shows its page, once.
#[rocket::async_test]
async fn a_forged_count_stops_at_most_one_sign_in() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let signed_in = browser.cookies();
    let name = signed_in.keys().find(|name| name.ends_with("_n")).unwrap().clone();
    for forged in ["255", "256", "-1", "", "3.0", "x", "99999999999999999999"] {
        browser.restore([(name.clone(), forged.to_owned())].into());
        let stopped = browser.visit("/sign-in").await.status != Status::SeeOther;
        assert_eq!(stopped, forged == "255", "{forged}");
        let (page, _) = go(&op, &[&browser], "/protected").await;
        assert_eq!(page.status, Status::Ok, "{forged}");
    }
    // A signed-in user is not stopped at all.
    browser.restore(signed_in);
    let mut cookies = browser.cookies();
    cookies.insert(name, "255".to_owned());
    browser.restore(cookies);
    assert_eq!(browser.visit("/sign-in").await.status, Status::SeeOther);
}

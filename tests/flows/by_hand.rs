//! Routes written by hand: `LogtoClient` does in them what the mounted ones do.

use logto_rocket::{Error, Logto, LogtoClient, Redirect, Result, SignInOptions};
use logto_tests::{Answer, BASE_URL, Browser, Hostile, as_navigation, with};
use rocket::figment::Figment;
use rocket::http::uri::Host;
use rocket::http::{Method, Status};
use rocket::{Build, Rocket, get, post, routes};
use serde_json::json;

#[get("/sign-in?<return_to>")]
async fn sign_in(return_to: Option<&str>, logto: LogtoClient<'_>) -> Result<Redirect> {
    let options = SignInOptions::new().post_redirect_path("/welcome");
    logto.sign_in(options.return_to(return_to)).await
}

#[post("/sign-in")]
async fn form(logto: LogtoClient<'_>) -> Result<Redirect> {
    logto.sign_in(SignInOptions::new()).await
}

/// The application's own words for a failure.
fn said(error: &Error) -> (Status, String) {
    (error.status(), format!("{:?} {:?}", error.kind(), error.return_to()))
}

#[get("/callback")]
async fn callback(logto: LogtoClient<'_>) -> Result<Redirect, (Status, String)> {
    logto.handle_sign_in_callback().await.map_err(|error| said(&error))
}

/// The same, with our words.
#[get("/back")]
async fn back(logto: LogtoClient<'_>) -> Result<Redirect> {
    logto.handle_sign_in_callback().await
}

#[get("/own-words")]
async fn own_words(logto: LogtoClient<'_>) -> Result<Redirect, (Status, String)> {
    logto.sign_in(SignInOptions::new()).await.map_err(|error| said(&error))
}

#[get("/info")]
async fn info(logto: LogtoClient<'_>) -> Result<&'static str, (Status, String)> {
    let info = logto.fetch_user_info().await.map_err(|error| said(&error))?;
    Ok(info.map_or("a stranger", |_| "a user"))
}

#[expect(clippy::needless_pass_by_value, reason = "Rocket gives guards by value")]
#[get("/links?<return_to>")]
fn links(return_to: Option<&str>, logto: LogtoClient<'_>) -> String {
    [logto.sign_in_link(return_to), logto.sign_up_link(return_to), logto.sign_out_link()].join(" ")
}

fn app(figment: Figment) -> Rocket<Build> {
    let own = json!({ "sign_in": false, "callback": false });
    let routes = routes![sign_in, form, callback, back, own_words, info, links];
    rocket::custom(figment.join(("logto.routes", own))).attach(Logto::fairing()).mount("/", routes)
}

async fn open() -> (Hostile, Browser) {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    (op, browser)
}

type Headers = &'static [(&'static str, &'static str)];

async fn ask(browser: &Browser, method: Method, path: &'static str, headers: Headers) -> Answer {
    browser.send(with(browser.client().req(method, path), headers)).await
}

const SCRIPT: Headers = &[("Accept", "*/*"), ("Sec-Fetch-Mode", "cors")];

/// A23: what the mounted route refuses begins nothing by hand either, and no cache keeps the
/// refusal, or the click would get it.
#[rocket::async_test]
async fn only_a_person_who_opens_a_page_begins_a_sign_in() {
    let (op, browser) = open().await;
    let refused: [(Method, Headers); 5] = [
        (Method::Head, &[]),
        (Method::Get, SCRIPT),
        (Method::Get, &[("Accept", "text/html"), ("Sec-Purpose", "prefetch")]),
        (Method::Get, &[("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")]),
        (Method::Get, &[("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")]),
    ];
    for (method, headers) in refused {
        let answer = ask(&browser, method, "/sign-in", headers).await;
        assert_eq!((answer.status, answer.cookies.len()), (Status::Forbidden, 0), "{headers:?}");
        let cache = answer.header("cache-control").unwrap_or_default();
        assert!(cache.contains("no-store"), "{headers:?}: {cache:?}");
    }
    assert_eq!(op.count("discovery"), 0);
    assert!(browser.visit("/sign-in").await.location().starts_with(&op.issuer()));
}

/// A form's method says that it begins something, and a script may ask where to go.
#[rocket::async_test]
async fn forms_and_scripts_begin_sign_ins_by_post() {
    let (op, browser) = open().await;
    let form: Headers = &[("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")];
    for headers in [&[], form, SCRIPT] {
        let answer = ask(&browser, Method::Post, "/sign-in", headers).await;
        assert!(answer.location().starts_with(&op.issuer()), "{headers:?}: {answer:?}");
    }
}

/// H11: like the mounted route, and with every parameter.
#[rocket::async_test]
async fn a_sign_in_under_another_host_is_sent_to_that_of_the_base_url() {
    let (op, browser) = open().await;
    let at = async |address: &'static str, host| {
        let mut request = as_navigation(browser.client().get(address));
        request.inner_mut().set_host(Host::parse(host).unwrap());
        browser.send(request).await
    };
    for host in ["127.0.0.1:8000", "evil.example"] {
        for (query, moved) in [("", ""), ("?hint=a%26b&return_to=//x", "&hint=a%26b&return_to=//x")]
        {
            let address = ["/sign-in", query].concat().leak();
            let answer = at(address, host).await;
            assert_eq!(answer.cookies.len(), 0, "{host}: {answer:?}");
            assert_eq!(answer.location(), format!("{BASE_URL}/sign-in?moved=1{moved}"), "{host}");
        }
        // Otherwise a proxy that rewrites `Host` would send the browser there forever.
        let answer = at("/sign-in?moved=1", host).await;
        assert!(answer.location().starts_with(&op.issuer()), "{host}: {answer:?}");
    }
}

/// An application's own page answers 503; we add when to try again.
#[rocket::async_test]
async fn an_applications_page_while_logto_is_down_says_when_to_try_again() {
    let (op, browser) = open().await;
    let user = Browser::open(app(op.figment())).await;
    user.visit(&op.authorize(&user.start("/sign-in").await)).await;
    assert_eq!(user.visit("/info").await.body, "a user");
    let callback = op.authorize(&browser.start("/sign-in").await);
    op.stop().await;
    let answer = browser.visit(&callback).await;
    assert_eq!(answer.status, Status::ServiceUnavailable);
    assert_eq!(answer.body, r#"Unreachable Some("/welcome")"#);
    assert_eq!(answer.header("retry-after"), Some("5"));

    let unknown = Browser::open(app(op.figment())).await;
    for answer in [unknown.visit("/own-words").await, user.visit("/info").await] {
        assert_eq!(answer.status, Status::ServiceUnavailable);
        assert_eq!(answer.body, "Unreachable None");
        assert_eq!(answer.header("retry-after"), Some("5"));
    }
}

/// R1 to R5: a link leads to a page of this site, and nowhere else.
#[rocket::async_test]
async fn a_link_to_a_sign_in_leads_to_pages_of_this_site_only() {
    let (op, browser) = open().await;
    for (given, expected) in [
        ("/page?a=b", "/page?a=b"),
        ("http://localhost:8000/page", "/page"),
        ("//evil.example", "/welcome"),
        ("https://evil.example/", "/welcome"),
        ("javascript:alert(1)", "/welcome"),
        ("/\\evil.example", "/welcome"),
        ("", "/welcome"),
    ] {
        let given: String = url::form_urlencoded::byte_serialize(given.as_bytes()).collect();
        let location = browser.start(&format!("/sign-in?return_to={given}")).await;
        let answer = browser.visit(&op.authorize(&location)).await;
        assert_eq!((answer.status, answer.location()), (Status::SeeOther, expected), "{given}");
    }
    let location = browser.start("/sign-in").await;
    assert_eq!(browser.visit(&op.authorize(&location)).await.location(), "/welcome");
}

/// R1: the callback's own address has no say in it.
#[rocket::async_test]
async fn a_callback_that_fails_says_where_the_user_was_going() {
    let (op, browser) = open().await;
    let location = browser.start("/sign-in?return_to=/page?a=b").await;
    let answer = browser.visit(&op.refuse(&location, "login_required")).await;
    assert_eq!(answer.body, r#"InteractionRequired Some("/page?a=b")"#);
    let unknown = "/callback?code=a&state=b&return_to=//evil.example";
    assert_eq!(browser.visit(unknown).await.body, r#"SignInNotFound Some("/")"#);

    let figment = op.figment().merge(("logto.base_url", "http://localhost:8000/app"));
    let below = Browser::at("http://localhost:8000/app", app(figment)).await;
    let location = below.visit("/sign-in?return_to=/app/page").await.location().to_owned();
    let answer = below.visit(&op.refuse(&location, "login_required")).await;
    assert_eq!(answer.body, r#"InteractionRequired Some("/app/page")"#);
}

/// A30: the page of the mounted route. It used to lead back to the callback, without its query.
#[rocket::async_test]
async fn an_error_at_a_callback_shows_a_link_to_sign_in_again() {
    let op = Hostile::start().await;
    let back = json!({ "path": "/back", "mount": false });
    let browser = Browser::open(app(op.figment().merge(("logto.routes.callback", back)))).await;
    let location = browser.start("/sign-in?return_to=/page").await;
    let answer = browser.visit(&op.refuse(&location, "access_denied")).await;
    assert!(answer.body.contains("Sign-in cancelled"), "{answer:?}");
    let link = "<a href=\"/sign-in?return_to=%2Fpage\">Sign in again</a>";
    assert!(answer.body.contains(link), "{answer:?}");
}

#[rocket::async_test]
async fn links_lead_to_the_routes_wherever_they_are() {
    let (op, browser) = open().await;
    let links = async |browser: &Browser, path| browser.visit(path).await.body;
    let here = "/sign-in?return_to=%2Fpage /sign-up?return_to=%2Fpage /sign-out";
    assert_eq!(links(&browser, "/links?return_to=/page").await, here);
    let nowhere = "/sign-in /sign-up /sign-out";
    assert_eq!(links(&browser, "/links?return_to=//evil.example").await, nowhere);

    let renamed = json!({ "base": "/auth", "sign_out": "/leave", "sign_up": "/join" });
    let figment = op.figment().merge(("logto.base_url", "http://localhost:8000/app"));
    let browser = Browser::open(app(figment.merge(("logto.routes", renamed)))).await;
    let there = "/app/auth/sign-in?return_to=%2Fpage /app/auth/join?return_to=%2Fpage";
    let there = format!("{there} /app/auth/leave");
    assert_eq!(links(&browser, "/links?return_to=/page").await, there);
}

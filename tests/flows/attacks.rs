//! What strangers send to the routes themselves.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use logto_rocket::{Logto, authenticated};
use logto_tests::{BASE_URL, Browser, Deviation, Fault, Hostile, Live, app, as_navigation, with};
use rocket::data::{self, Data, FromData};
use rocket::http::Status;
use rocket::http::uri::Host;
use rocket::request::{self, FromParam, FromRequest, Request};
use rocket::{State, post, routes};
use serde_json::json;
use url::Url;

async fn open() -> (Hostile, Browser) {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    (op, browser)
}

/// L1: another site cannot sign anybody out with an image or a link of its own.
#[rocket::async_test]
async fn another_site_cannot_sign_a_user_out() {
    let (op, browser) = open().await;
    browser.sign_in(&op, "/protected").await;
    let cross = with(browser.client().get("/sign-out"), &[("Sec-Fetch-Site", "cross-site")]);
    let answer = browser.send(cross).await;
    assert_eq!(answer.status, Status::Forbidden, "{answer:?}");
    assert_eq!((answer.cookies.len(), op.count("revocation")), (0, 0));
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
    let same = with(browser.client().get("/sign-out"), &[("Sec-Fetch-Site", "same-origin")]);
    assert_eq!(browser.send(same).await.status, Status::SeeOther);
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
}

/// L3, S8: signing out works here, whatever the provider does.
#[rocket::async_test]
async fn a_user_signs_out_without_the_provider() {
    let (op, browser) = open().await;
    browser.sign_in(&op, "/protected").await;
    let kept = browser.cookies();
    op.stop().await;
    let answer = browser.visit("/sign-out").await;
    assert!(answer.status.code < 500, "{answer:?}");
    assert!(browser.session_cookies().is_empty());
    browser.restore(kept);
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
}

/// L3: nor does it keep the user waiting.
#[rocket::async_test]
async fn a_sign_out_does_not_hang_with_the_provider() {
    let op = Hostile::start().await;
    let before = Browser::open(app(op.figment())).await;
    before.sign_in(&op, "/protected").await;
    op.deviate(Deviation::Answer("discovery", Fault::Silence));
    let browser = Browser::open(app(op.figment())).await;
    browser.restore(before.cookies());
    let started = Instant::now();
    let answer = browser.visit("/sign-out").await;
    assert!(started.elapsed() < Duration::from_secs(6), "{:?}", started.elapsed());
    assert_eq!(answer.status, Status::Ok, "{answer:?}");
    assert!(answer.body.contains("signed out of this application"), "{answer:?}");
    assert!(browser.session_cookies().is_empty());
}

/// H9: nothing that came with the callback becomes part of a page.
#[rocket::async_test]
async fn no_text_of_a_callback_becomes_part_of_a_page() {
    let (op, browser) = open().await;
    let attacks = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "access_denied\"><script>alert(1)</script>",
        "server_error",
    ];
    for attack in attacks {
        let location = browser.start("/protected").await;
        let answer = browser.visit(&op.refuse(&location, attack)).await;
        answer.assert_no_sign_in();
        for evil in ["<script>alert", "<img src=x", "by the hostile provider"] {
            assert!(!answer.body.contains(evil), "{}", answer.body);
        }
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'"), "{policy:?}");
        assert!(answer.header("cache-control").unwrap_or_default().contains("no-store"));
    }
    assert_eq!(op.count("token"), 0);
}

/// H11: what a client claims about host and scheme changes no address that goes to Logto.
#[rocket::async_test]
async fn forwarded_headers_do_not_move_the_redirect_uri() {
    let (_op, browser) = open().await;
    let spoofed = [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Port", "444"),
        ("X-Forwarded-Prefix", "/evil"),
        ("X-Original-URL", "https://evil.example/"),
        ("Forwarded", "host=evil.example;proto=https"),
    ];
    let request = with(as_navigation(browser.client().get("/sign-in")), &spoofed);
    let answer = browser.send(request).await;
    assert!(!answer.location().contains("evil"), "{answer:?}");
    let url = Url::parse(answer.location()).unwrap();
    let (_, redirect_uri) = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap();
    assert_eq!(redirect_uri, format!("{BASE_URL}/callback"));
}

/// H11: a sign-in at another host name of this site moves to the right one first, or its cookie
/// would be lost.
#[rocket::async_test]
async fn a_sign_in_under_another_host_is_sent_to_the_right_one() {
    let (op, browser) = open().await;
    for host in ["127.0.0.1:8000", "evil.example", "localhost.example:8000"] {
        let mut request = as_navigation(browser.client().get("/sign-in?return_to=/protected"));
        request.inner_mut().set_host(Host::parse(host).unwrap());
        let answer = browser.send(request).await;
        assert_eq!(answer.status, Status::SeeOther, "{host}: {answer:?}");
        let url = Url::parse(answer.location()).unwrap();
        assert!(answer.location().starts_with(&format!("{BASE_URL}/sign-in?")), "{host}: {url}");
        let mut pairs = url.query_pairs();
        let (_, return_to) = pairs.find(|(name, _)| name == "return_to").unwrap();
        assert_eq!(return_to, "/protected", "{host}");
        assert_eq!(answer.cookies.len(), 0, "{host}");
    }
    // Cookies ignore ports, and some proxies leave them out.
    for host in ["localhost", "localhost:8001", "LOCALHOST:8000"] {
        let mut request = as_navigation(browser.client().get("/sign-in"));
        request.inner_mut().set_host(Host::parse(host).unwrap());
        let answer = browser.send(request).await;
        assert!(answer.location().starts_with(&op.issuer()), "{host}: {answer:?}");
    }
    let page = browser.sign_in(&op, "/protected").await;
    assert_eq!(page.status, Status::Ok);
}

/// H12: the handler is guarded, not its address.
#[rocket::async_test]
async fn no_spelling_of_the_address_avoids_the_guard() {
    let (_op, browser) = open().await;
    let addresses = [
        "/protected/",
        "//protected",
        "/./protected",
        "/x/../protected",
        "/%2e/protected",
        "/protected/%2e%2e/public",
        "/public/%2e%2e/protected",
        "/%70rotected",
        "/protected?public=1",
        "/protected?/",
        "/protected;x",
        "/PROTECTED",
        "/protected%00",
        "/protected/..%2fpublic",
        "/public/..%2fprotected",
        "/protected%2f..",
    ];
    for address in addresses {
        let answer = browser.visit(address).await;
        assert!([303, 404].contains(&answer.status.code), "{address}: {answer:?}");
        assert!(!answer.body.contains("u-alice"), "{address}");
    }
}

/// H12: neither do headers.
#[rocket::async_test]
async fn no_header_avoids_the_guard() {
    let (_op, browser) = open().await;
    let ways: [&[(&'static str, &str)]; 6] = [
        &[("User-Agent", "kube-probe/1.30")],
        &[("User-Agent", "GoogleHC/1.0"), ("X-Real-IP", "127.0.0.1")],
        &[("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Uri", "/")],
        &[("X-Original-URL", "/"), ("X-Rewrite-URL", "/")],
        &[("X-Middleware-Subrequest", "1"), ("X-HTTP-Method-Override", "OPTIONS")],
        &[("Sec-Fetch-Site", "same-origin"), ("Origin", BASE_URL)],
    ];
    for headers in ways {
        let answer = browser.send(with(browser.client().get("/api/me"), headers)).await;
        assert_eq!(answer.status, Status::Unauthorized, "{headers:?}");
    }
}

/// H11, H12: over the wire: two hosts, an absolute address, a fragment, an invalid host.
#[rocket::async_test]
async fn nothing_in_a_raw_request_moves_an_address_or_avoids_the_guard() {
    let op = Hostile::start().await;
    let live = Live::start(app(op.figment())).await;
    let ours = "Host: localhost:8000\r\n";
    let heads = [
        format!("GET /protected HTTP/1.1\r\n{ours}Host: evil.example"),
        format!("GET /protected HTTP/1.1\r\nHost: evil.example\r\n{ours}X-None: 1"),
        format!("GET http://evil.example/protected HTTP/1.1\r\n{ours}X-None: 1"),
        format!("GET /protected#/public HTTP/1.1\r\n{ours}X-None: 1"),
        format!("GET /protected?/../public HTTP/1.1\r\n{ours}X-None: 1"),
        "GET /protected HTTP/1.0\r\nX-None: 1".to_owned(),
        "GET /protected HTTP/1.1\r\nHost: a b\r\nX-None: 1".to_owned(),
        format!("GET /sign-in HTTP/1.1\r\n{ours}Host: evil.example"),
        format!("GET /sign-in HTTP/1.1\r\nHost: evil.example\r\n{ours}X-None: 1"),
        format!("GET http://evil.example/sign-in HTTP/1.1\r\n{ours}X-None: 1"),
        "GET /sign-in?moved=1 HTTP/1.1\r\nHost: evil.example\r\nX-None: 1".to_owned(),
    ];
    for head in heads {
        let answer = live.send(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).await;
        let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
        assert!([303, 400, 404, 503].contains(&status), "{head}: {answer}");
        assert!(!answer.contains("evil"), "{head}: {answer}");
        assert!(!answer.contains("\r\n\r\n{\"iss\""), "{head}: {answer}");
    }
}

/// What ran of a route: its guard, its data guard, its handler.
#[derive(Default)]
struct Ran(AtomicUsize);

impl Ran {
    fn mark(request: &Request<'_>) {
        let ran = request.rocket().state::<Self>().unwrap();
        ran.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Guarded;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Guarded {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        Ran::mark(request);
        request::Outcome::Success(Self)
    }
}

struct Body;

#[rocket::async_trait]
impl<'r> FromData<'r> for Body {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, _: Data<'r>) -> data::Outcome<'r, Self> {
        Ran::mark(request);
        data::Outcome::Success(Self)
    }
}

struct Parsed;

impl<'r> FromParam<'r> for Parsed {
    type Error = ();

    fn from_param(param: &'r str) -> Result<Self, ()> {
        panic!("{param} was parsed for a stranger");
    }
}

#[authenticated(redirect)]
#[post("/change/<_id>", data = "<_body>")]
fn change(_id: Parsed, _body: Body, _guard: Guarded, ran: &State<Ran>) -> &'static str {
    ran.0.fetch_add(1, Ordering::SeqCst);
    "changed: the secret of the handler"
}

/// H13: nothing of a route runs for a stranger, and nothing of it is in the answer.
#[rocket::async_test]
async fn a_strangers_request_runs_nothing_of_the_route() {
    let op = Hostile::start().await;
    let rocket = rocket::custom(op.figment()).attach(Logto::fairing()).manage(Ran::default());
    let browser = Browser::open(rocket.mount("/", routes![change])).await;
    for accept in ["text/html", "application/json", "*/*"] {
        let post = browser.client().post("/change/7").body("a=b");
        let answer = browser.send(with(post, &[("Accept", accept)])).await;
        assert!([303, 401].contains(&answer.status.code), "{accept}: {answer:?}");
        assert!(answer.body.is_empty() || answer.json() == json!({"error": "Not authenticated"}));
    }
    let ran = browser.client().rocket().state::<Ran>().unwrap();
    assert_eq!(ran.0.load(Ordering::SeqCst), 0);
}

/// H14: a malformed Authorization header is a stranger's.
#[rocket::async_test]
async fn a_malformed_authorization_header_is_a_strangers() {
    let (_op, browser) = open().await;
    let long = format!("Bearer {}", "A".repeat(1 << 20));
    let dots = format!("Bearer {}", ".".repeat(100_000));
    let headers = [
        "Bearer %",
        "Bearer",
        "Bearer ",
        "bearer a.b.c",
        "Bearer a.b.c",
        "Bearer ..",
        "Basic",
        "Basic %%%",
        "Basic dTpw",
        "é",
        "\u{0}",
        "",
        &long,
        &dots,
    ];
    for header in headers {
        for path in ["/api/me", "/protected", "/", "/callback?code=a&state=b"] {
            let request = with(browser.client().get(path), &[("Authorization", header)]);
            let answer = browser.send(request).await;
            let short: String = header.chars().take(20).collect();
            assert!(answer.status.code < 500, "{short} at {path}: {answer:?}");
            if path == "/api/me" {
                assert_eq!(answer.status, Status::Unauthorized, "{short}");
            }
            assert!(!answer.body.contains("u-alice"), "{short} at {path}");
        }
    }
}

/// H9: all our pages are alike: no scripts, no caching, no referrer, and a way on.
#[rocket::async_test]
async fn every_page_of_ours_allows_nothing_and_leads_on() {
    let (op, browser) = open().await;
    browser.sign_in(&op, "/protected").await;
    let mut pages = Vec::new();
    let cross = as_navigation(browser.client().get("/sign-out"));
    pages.push(browser.send(with(cross, &[("Sec-Fetch-Site", "cross-site")])).await);
    for callback in
        ["/callback", "/callback?state=a&state=b", "/callback?code=%3Cscript%3E&state=x"]
    {
        pages.push(browser.visit(callback).await);
    }
    op.stop().await;
    let without = Browser::open(app(op.figment())).await;
    pages.push(without.visit("/sign-out").await);
    pages.push(without.visit("/sign-in?return_to=/%22%3E%3Cscript%3Ealert(1)").await);
    assert_eq!(pages.len(), 6);
    for page in pages {
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{page:?}");
        assert!(page.header("cache-control").unwrap().contains("no-store"), "{page:?}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert!(!policy.contains("script-src") && policy.contains("frame-ancestors 'none'"));
        assert!(!page.body.contains("<script") && page.body.contains("<a href=\"/"), "{page:?}");
    }
}

/// A22: unfinished sign-ins do not fill the Cookie header.
#[rocket::async_test]
async fn unfinished_sign_ins_stay_few() {
    let (op, browser) = open().await;
    for number in 0..200 {
        browser.start(&format!("/pages/{number}?tab={}", "x".repeat(400))).await;
        let cookies = browser.sign_in_cookies();
        let bytes: usize = cookies.iter().map(|(name, value)| name.len() + value.len() + 3).sum();
        assert!(cookies.len() <= 7 && bytes <= 4096, "{} with {bytes} bytes", cookies.len());
        assert!(cookies.values().all(|value| value.len() <= 1024));
    }
    let page = browser.sign_in(&op, "/protected").await;
    assert_eq!(page.status, Status::Ok, "the 201st works");
}

//! What a person who is not signed in gets: a page with a way on.

use logto_rocket::{Logto, LogtoClient, User, authenticated};
use logto_tests::{Browser, Hostile, as_navigation, with};
use rocket::http::Status;
use rocket::request::Request;
use rocket::{Build, Rocket, catch, catchers, get, post, routes};
use serde_json::json;

#[authenticated]
#[get("/account?<tab>")]
fn account(user: &User, tab: Option<&str>) -> String {
    format!("{} {}", user.subject(), tab.unwrap_or_default())
}

#[authenticated]
#[post("/account")]
fn change() {}

#[authenticated(redirect = "/welcome?from=shop")]
#[get("/orders?<page>")]
fn orders(page: Option<u8>) -> String {
    format!("{page:?}")
}

#[authenticated(redirect = "/welcome")]
#[get("/basket")]
fn basket() {}

#[authenticated(redirect = "/welcome")]
#[post("/basket")]
fn fill() {}

#[get("/welcome?<return_to>")]
#[expect(clippy::needless_pass_by_value, reason = "Rocket gives guards by value")]
fn welcome(return_to: Option<&str>, logto: LogtoClient<'_>) -> String {
    logto.sign_in_link(return_to)
}

#[catch(401)]
fn exact(_: &Request<'_>) -> &'static str {
    "our own 401"
}

#[catch(default)]
fn any(status: Status, _: &Request<'_>) -> String {
    format!("our own page for {}", status.code)
}

fn application(op: &Hostile) -> Rocket<Build> {
    let routes = routes![account, change, orders, basket, fill, welcome];
    rocket::custom(op.figment()).attach(Logto::fairing()).mount("/", routes)
}

/// A37: raw JSON is for scripts.
#[rocket::async_test]
async fn a_person_gets_a_page_of_status_401_that_leads_to_sign_in_and_back() {
    let op = Hostile::start().await;
    let browser = Browser::open(application(&op)).await;
    let page = browser.visit("/account?tab=%22%3E%3Cb%3E").await;
    assert_eq!(page.status, Status::Unauthorized);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("private, no-store"));
    assert!(page.body.contains("<h1>Sign in to continue</h1>"), "{page:?}");
    let link = "/sign-in?return_to=%2Faccount%3Ftab%3D%2522%253E%253Cb%253E";
    assert!(page.body.contains(&format!("<a href=\"{link}\">Sign in</a>")), "{page:?}");
    assert_eq!(page.cookies.len(), 0, "nothing begins before the click");
    let callback = op.authorize(&browser.start(link).await);
    let back = browser.visit(&callback).await;
    assert_eq!(browser.visit(back.location()).await.body, "u-alice \"><b>");

    browser.forget();
    let form = as_navigation(browser.client().post("/account"));
    let page = browser.send(form).await;
    assert_eq!(page.status, Status::Unauthorized);
    assert!(page.body.contains("<a href=\"/sign-in\">Sign in</a>"), "{page:?}");
}

/// A37: everything else gets what it can read.
#[rocket::async_test]
async fn anything_but_a_person_gets_json() {
    let op = Hostile::start().await;
    let browser = Browser::open(application(&op)).await;
    let get = || browser.client().get("/account");
    for headers in [
        &[][..],
        &[("Accept", "*/*")],
        &[("Accept", "application/json")],
        &[("Accept", "text/html"), ("X-Requested-With", "XMLHttpRequest")],
        &[("Accept", "text/html"), ("Sec-Fetch-Mode", "cors")],
        &[("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "iframe")],
    ] {
        let answer = browser.send(with(get(), headers)).await;
        assert_eq!(answer.status, Status::Unauthorized, "{headers:?}");
        assert_eq!(answer.json(), json!({"error": "Not authenticated"}), "{headers:?}");
    }
}

/// A37: an application's own page is shown instead.
#[rocket::async_test]
async fn the_applications_catchers_win() {
    let op = Hostile::start().await;
    for (catchers, page, json) in [
        (catchers![exact], "our own 401", "our own 401"),
        (catchers![any], "our own page for 401", r#"{"error":"Not authenticated"}"#),
        (catchers![any, exact], "our own 401", "our own 401"),
    ] {
        let browser = Browser::open(application(&op).register("/", catchers)).await;
        assert_eq!(browser.visit("/account").await.body, page);
        assert_eq!(browser.fetch("/account").await.body, json);
    }
}

/// R16: a landing page learns where the user was going, and its link leads there.
#[rocket::async_test]
async fn a_landing_page_is_told_where_to_return_to() {
    let op = Hostile::start().await;
    let browser = Browser::open(application(&op)).await;
    for (page, landing) in [
        ("/orders?page=2", "/welcome?from=shop&return_to=%2Forders%3Fpage%3D2"),
        ("/basket", "/welcome?return_to=%2Fbasket"),
    ] {
        let sent = browser.visit(page).await;
        assert_eq!((sent.status, sent.location()), (Status::SeeOther, landing));
        let link = browser.visit(landing).await.body;
        let callback = op.authorize(&browser.start(&link).await);
        assert_eq!(browser.visit(&callback).await.location(), page);
        browser.forget();
    }
    let form = browser.send(as_navigation(browser.client().post("/basket"))).await;
    assert_eq!(form.location(), "/welcome", "nobody returns to a form's target");
}

/// R16: a query is somebody else's word.
#[rocket::async_test]
async fn a_link_to_sign_in_leads_back_to_this_site_only() {
    let op = Hostile::start().await;
    let browser = Browser::open(application(&op)).await;
    for (given, link) in [
        ("", "/sign-in"),
        ("?return_to=/orders", "/sign-in?return_to=%2Forders"),
        ("?return_to=http://localhost:8000/orders", "/sign-in?return_to=%2Forders"),
        ("?return_to=https://evil.example/", "/sign-in"),
        ("?return_to=//evil.example/", "/sign-in"),
    ] {
        assert_eq!(browser.visit(&format!("/welcome{given}")).await.body, link, "{given}");
    }
}

/// A35, A36: an Android application's WebView names the application with every page, and a service
/// worker passes navigations on without a destination.
#[rocket::async_test]
async fn sign_in_begins_in_web_views_and_through_service_workers() {
    let op = Hostile::start().await;
    let browser = Browser::open(application(&op)).await;
    let html = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    for headers in [
        &[html, ("X-Requested-With", "com.example.app")][..],
        &[html, ("X-Requested-With", "com.example.app"), ("Sec-Fetch-Mode", "navigate")],
        &[html, ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "empty")],
    ] {
        let page = browser.send(with(browser.client().get("/basket"), headers)).await;
        assert_eq!(page.status, Status::SeeOther, "{headers:?}");
        let sign_in = browser.send(with(browser.client().get("/sign-in"), headers)).await;
        assert!(sign_in.location().starts_with(&op.issuer()), "{headers:?}: {sign_in:?}");
    }
}

/// A35: a link checker begins nothing.
#[rocket::async_test]
async fn a_head_of_the_sign_in_route_begins_nothing() {
    let op = Hostile::start().await;
    let browser = Browser::open(application(&op)).await;
    for path in ["/sign-in", "/sign-up?return_to=/basket"] {
        let head = browser.send(as_navigation(browser.client().head(path))).await;
        assert_eq!((head.status, head.cookies.len()), (Status::Ok, 0), "{path}");
        assert_eq!(head.header("location"), None, "{path}");
    }
}

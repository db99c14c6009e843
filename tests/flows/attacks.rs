//! What strangers send to the routes themselves.

use logto_tests::{BASE_URL, Browser, Hostile, app, as_navigation, with};
use rocket::http::Status;
use rocket::http::uri::Host;
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

/// L3: signing out works here, whatever the provider does.
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

/// H11: a sign-in under another name of this site begins under the right one, or its cookie
/// would be lost on the way.
#[rocket::async_test]
async fn a_sign_in_under_another_host_is_sent_to_the_right_one() {
    let (op, browser) = open().await;
    for host in ["127.0.0.1:8000", "evil.example", "localhost:8001", "localhost"] {
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
    let page = browser.sign_in(&op, "/protected").await;
    assert_eq!(page.status, Status::Ok);
}

/// H12: the handler is guarded, not its address.
#[rocket::async_test]
async fn no_way_of_writing_the_address_avoids_the_guard() {
    let (_op, browser) = open().await;
    let addresses = [
        "/protected/",
        "//protected",
        "/./protected",
        "/x/../protected",
        "/%70rotected",
        "/protected?public=1",
        "/protected?/",
        "/protected;x",
        "/PROTECTED",
        "/protected%00",
    ];
    for address in addresses {
        let answer = browser.visit(address).await;
        assert!([303, 404].contains(&answer.status.code), "{address}: {answer:?}");
        assert!(!answer.body.contains("u-alice"), "{address}");
    }
}

/// A22: sign-ins that nobody finishes do not fill the Cookie header.
#[rocket::async_test]
async fn sign_ins_that_nobody_finishes_stay_few() {
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

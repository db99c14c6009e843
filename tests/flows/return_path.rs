//! Where a person lands after signing in: nowhere but on this site.

use logto_tests::{BASE_URL, Browser, Hostile, Live, app, as_navigation, catch_all, with};
use rocket::http::{ContentType, Status};
use serde_json::json;
use url::{Url, form_urlencoded};

/// Signs in from `/sign-in` with this `return_to`; returns where the callback leads.
async fn landing(op: &Hostile, browser: &Browser, query: &str) -> String {
    browser.forget();
    let answer = browser.visit(&format!("/sign-in?{query}")).await;
    assert_eq!(answer.status, Status::SeeOther, "{query}: {answer:?}");
    let authorization = answer.location().to_owned();
    assert!(authorization.starts_with(&format!("{}/auth?", op.issuer())), "{query}");
    let back = browser.visit(&op.authorize(&authorization)).await;
    assert_eq!(back.status, Status::SeeOther, "{query}: {back:?}");
    back.location().to_owned()
}

fn encoded(path: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("return_to", path).finish()
}

/// Where a browser ends up when told to go to `location` (the WHATWG rules).
fn resolved(location: &str) -> Url {
    Url::parse(BASE_URL).unwrap().join(location).unwrap()
}

async fn assert_falls_back(payloads: &[&str]) {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for payload in payloads {
        let landed = landing(&op, &browser, &encoded(payload)).await;
        assert_eq!(landed, "/", "{payload:?}");
    }
}

async fn assert_stays(payloads: &[&str]) {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for payload in payloads {
        let landed = resolved(&landing(&op, &browser, &encoded(payload)).await);
        assert_eq!(landed.origin(), Url::parse(BASE_URL).unwrap().origin(), "{payload:?}");
    }
}

/// Each comes back unchanged: encoded characters are part of the path.
async fn assert_kept(payloads: &[&str]) {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for payload in payloads {
        assert_eq!(landing(&op, &browser, &encoded(payload)).await, *payload);
    }
}

#[rocket::async_test]
async fn a_page_of_this_site_is_returned_to() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let pages = ["/pages/7?tab=a", "/pages/7?tab=%26b%3Dc&x=y", "/protected", "/no/such/page"];
    for page in pages {
        assert_eq!(landing(&op, &browser, &encoded(page)).await, page);
    }
}

/// R14: behind a proxy that strips `/app`, pages are named with it or without it.
#[rocket::async_test]
async fn the_path_of_the_base_url_is_taken_off_at_a_slash_only() {
    let (op, base) = (Hostile::start().await, format!("{BASE_URL}/app"));
    let browser = Browser::at(&base, app(op.figment().merge(("logto.base_url", &base)))).await;
    for (given, expected) in [
        ("/app/pages/7?tab=a", "/app/pages/7?tab=a"),
        ("/pages/7?tab=a", "/app/pages/7?tab=a"),
        ("/app", "/app/"),
        ("/application", "/app/application"),
    ] {
        for given in [given.to_owned(), format!("{BASE_URL}{given}")] {
            assert_eq!(landing(&op, &browser, &encoded(&given)).await, expected, "{given}");
        }
    }
}

/// R14: a stranger comes back to the very page, even to one named like the base.
#[rocket::async_test]
async fn a_page_named_like_the_base_url_is_returned_to() {
    let (op, base) = (Hostile::start().await, format!("{BASE_URL}/app"));
    let figment = op.figment().merge(("logto.base_url", &base));
    let browser = Browser::at(&base, catch_all(figment)).await;
    for page in ["/app", "/app/x?y=1", "/application", "/x"] {
        browser.forget();
        let callback = op.authorize(&to_provider(&browser, page).await);
        let back = browser.visit(&callback).await;
        assert_eq!(back.location(), format!("/app{page}"));
    }
}

/// Where a stranger at `page` is led at the provider, by redirects with the base's path.
async fn to_provider(browser: &Browser, page: &str) -> String {
    let answer = browser.visit(page).await;
    let sign_in = answer.location().strip_prefix("/app").expect("below the base");
    browser.visit(sign_in).await.location().to_owned()
}

/// R1: an address without a scheme is another site.
#[rocket::async_test]
async fn a_second_slash_does_not_lead_away() {
    assert_falls_back(&[
        "//evil.example",
        "///evil.example",
        "////evil.example/%2f..",
        "//evil.example/..",
        "//localhost:8000@evil.example",
        "//",
        "evil.example",
        "",
    ])
    .await;
}

/// R1: a request whose own path begins like that (CVE-2022-24794).
#[rocket::async_test]
async fn a_request_for_a_double_slash_does_not_lead_away() {
    let op = Hostile::start().await;
    let browser = Browser::open(catch_all(op.figment())).await;
    for path in ["//evil.example", "///evil.example/x", "//evil.example/%2f..", "//"] {
        browser.forget();
        let callback = op.authorize(&browser.start(path).await);
        let landed = browser.visit(&callback).await.location().to_owned();
        assert_eq!(resolved(&landed).origin(), Url::parse(BASE_URL).unwrap().origin(), "{path}");
        assert!(!landed.starts_with("//"), "{path} leads to {landed}");
    }
}

/// R2: browsers read a backslash as a slash, and drop tabs and line breaks.
#[rocket::async_test]
async fn a_backslash_or_a_control_does_not_lead_away() {
    assert_falls_back(&[
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r/evil.example",
        "/\n\\evil.example",
        "/\u{b}/evil.example",
        "/\u{c}/evil.example",
        "/\t\t\t/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/ /evil.example",
        "/\0/evil.example",
        "/x\\evil.example",
    ])
    .await;
}

/// R2: neither does one that is still encoded in the value.
#[rocket::async_test]
async fn an_encoded_control_stays_on_this_site() {
    assert_kept(&["/%09/evil.example", "/%0a/evil.example", "/%0d%0a/evil.example"]).await;
}

/// R3: slashes and backslashes that are still encoded are part of a path.
#[rocket::async_test]
async fn an_encoded_slash_stays_on_this_site() {
    assert_kept(&[
        "/%2f%2fevil.example",
        "/%2fevil.example",
        "/%5cevil.example",
        "/%5c%5cevil.example",
        "/%252f%252fevil.example",
        "/%255cevil.example",
    ])
    .await;
    assert_stays(&["/%2e%2e//evil.example"]).await;
    assert_falls_back(&["%2f%2fevil.example", "%5cevil.example", "%252fevil.example"]).await;
}

/// R4, R5, R6, R7, R8: absolute addresses, other schemes, and workarounds.
#[rocket::async_test]
async fn an_absolute_address_does_not_lead_away() {
    assert_falls_back(&[
        "https://evil.example",
        "http://localhost:8000@evil.example/",
        "http://localhost:8000.evil.example/",
        "http://localhost:80001/",
        "http://localhost:8001/",
        "https://localhost:8000/",
        "http://localhostevil:8000/",
        "https://evil.example#@localhost:8000",
        "http:/evil.example",
        "http:evil.example",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://2130706433/",
        "http://localhost:8000:80@evil.example/",
        "http://HTTP://localhost:8000/",
        "vbscript:msgbox(1)",
        "\u{b}javascript:alert(1)",
        "java\tscript:alert(1)",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "\u{1}javascript:alert(1)",
        "/。evil",
        "//evil。example",
        "http://localhost。:8000/",
        "http://localhost.:8000/",
        "http://LOCALHOST:8000/pages/1",
        "HTTP://localhost:8000/pages/1",
        "http://localhost:8000\\evil.example",
        "/./\\evil.example",
        "/x#//evil.example",
        "?x=y",
        "#x",
    ])
    .await;
    assert_stays(&["/./evil.example", "/../..//evil.example", "/.//evil.example", "/..//x"]).await;
}

/// R5: an address inside an address is a parameter of a page of this site, and no more.
#[rocket::async_test]
async fn an_address_inside_a_return_path_stays_inside() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for page in ["/pages/1?tab=https://evil.example/", "/pages/1?tab=//evil.example"] {
        let landed = landing(&op, &browser, &encoded(page)).await;
        assert_eq!(landed, page);
        assert_eq!(resolved(&landed).origin(), Url::parse(BASE_URL).unwrap().origin());
        let shown = browser.visit(&landed).await;
        assert_eq!((shown.status, shown.header("location")), (Status::Ok, None));
    }
}

/// R6: an address of this very site is its path.
#[rocket::async_test]
async fn a_full_address_of_this_site_is_returned_to_as_a_path() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let landed = landing(&op, &browser, &encoded("http://localhost:8000/pages/7?tab=a")).await;
    assert_eq!(landed, "/pages/7?tab=a");
}

/// R9: a line break does not become a header.
#[rocket::async_test]
async fn a_line_break_does_not_become_a_header() {
    assert_falls_back(&[
        "/x\r\nX-Evil: 1",
        "/x\nX-Evil: 1",
        "/x\rX-Evil: 1",
        "/\r\n\r\n<script>",
        "/x\u{2028}X-Evil: 1",
    ])
    .await;
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let landed = landing(&op, &browser, &encoded("/x%0d%0aX-Evil:%201")).await;
    assert_eq!(landed.bytes().filter(u8::is_ascii_control).count(), 0, "{landed:?}");
}

/// R9: over the wire, where a header ends at a line break.
#[rocket::async_test]
async fn a_line_break_does_not_become_a_header_on_the_wire() {
    let op = Hostile::start().await;
    let live = Live::start(catch_all(op.figment())).await;
    let heads = [
        "/x%0d%0aX-Evil:%201",
        "/sign-in?return_to=/x%0d%0aX-Evil:%201",
        "/sign-in?return_to=%2Fx%250d%250aX-Evil:%201",
        "/callback?error=x%0d%0aX-Evil:%201&state=%0d%0aX-Evil:%201",
        "/sign-out?state=%0d%0aX-Evil:%201",
    ];
    for path in heads {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost:8000\r\nAccept: text/html\r\n\
             Sec-Fetch-Mode: navigate\r\nConnection: close\r\n\r\n"
        );
        let answer = live.send(request.as_bytes()).await.to_lowercase();
        let (head, _) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(!head.lines().any(|line| line.starts_with("x-evil")), "{path}: {head}");
        assert!(head.lines().skip(1).all(|line| line.contains(": ")), "{path}: {head}");
    }
}

/// R9: the same through the path of a protected page.
#[rocket::async_test]
async fn a_line_break_in_a_path_does_not_become_a_header() {
    let op = Hostile::start().await;
    let browser = Browser::open(catch_all(op.figment())).await;
    let answer = browser.visit("/x%0d%0aX-Evil:%201").await;
    assert_eq!(answer.status, Status::SeeOther);
    assert_eq!(answer.headers.iter().filter(|(name, _)| name == "X-Evil").count(), 0);
    let callback = op.authorize(&browser.start("/x%0d%0aX-Evil:%201").await);
    let back = browser.visit(&callback).await;
    assert_eq!(back.headers.iter().filter(|(name, _)| name == "X-Evil").count(), 0);
    assert_eq!(resolved(back.location()).origin(), Url::parse(BASE_URL).unwrap().origin());
}

/// R10, R15: a path that does not fit loses its query, or is dropped, and the sign-in continues.
#[rocket::async_test]
async fn a_path_that_is_too_long_is_dropped() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let long = format!("/{}", "x".repeat(9_000));
    let answer = browser.visit(&format!("/sign-in?{}", encoded(&long))).await;
    assert!(answer.cookies.iter().all(|cookie| cookie.to_string().len() <= 4096));
    assert_eq!(landing(&op, &browser, &encoded(&long)).await, "/");
    let huge = format!("/{}", "x".repeat(10 << 20));
    assert_eq!(landing(&op, &browser, &encoded(&huge)).await, "/");
    browser.forget();
    let callback = op.authorize(&browser.start(&format!("/pages/1?tab={long}")).await);
    assert_eq!(browser.visit(&callback).await.location(), "/pages/1");
}

/// R15: in an address, each of these letters takes six bytes.
#[rocket::async_test]
async fn a_search_in_cyrillic_is_returned_to() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let words = "как войти в приложение через единый вход и вернуться на ту же страницу";
    let query: String = form_urlencoded::byte_serialize(words.repeat(2).as_bytes()).collect();
    let page = format!("/pages/1?tab={query}");
    assert!((513..1024).contains(&page.len()), "{}", page.len());
    let callback = op.authorize(&browser.start(&page).await);
    let cookies = browser.sign_in_cookies();
    assert!(cookies.iter().all(|(name, value)| name.len() + value.len() <= 2048), "{cookies:?}");
    assert_eq!(browser.visit(&callback).await.location(), page);
}

/// R11: what is not text, or not a path, is no reason to fail.
#[rocket::async_test]
async fn a_malformed_return_path_is_dropped() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for query in ["return_to=%", "return_to=%ff%fe", "return_to", "return_to=/%zz", "&&=&%00="] {
        let landed = resolved(&landing(&op, &browser, query).await);
        assert_eq!(landed.origin(), Url::parse(BASE_URL).unwrap().origin(), "{query}");
    }
}

/// R13: nobody is sent back to a form's target; a person signs in and starts at the front.
#[rocket::async_test]
async fn a_posted_form_is_not_returned_to() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let post = as_navigation(browser.client().post("/orders?x=y"));
    let answer = browser.send(post.header(ContentType::JSON).body("{\"no\": 1}")).await;
    assert_eq!((answer.status, answer.location()), (Status::SeeOther, "/sign-in"));
    assert_eq!(answer.body, "", "the handler did not run");
    let authorization = browser.visit("/sign-in").await.location().to_owned();
    assert_eq!(browser.visit(&op.authorize(&authorization)).await.location(), "/");
}

/// R13: a program that posts gets 401, before its body is looked at.
#[rocket::async_test]
async fn a_program_that_posts_gets_401() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for path in ["/orders", "/api/orders"] {
        let post = with(browser.client().post(path), &[("Accept", "application/json")]);
        let answer = browser.send(post.header(ContentType::JSON).body("not JSON")).await;
        assert_eq!(answer.status, Status::Unauthorized, "{path}: {answer:?}");
        assert_eq!(answer.json(), json!({"error": "Not authenticated"}));
        assert_eq!(answer.cookies.len(), 0);
    }
}

/// R13: a signed-in user posts as usual.
#[rocket::async_test]
async fn a_user_posts_as_ever() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let post = as_navigation(browser.client().post("/orders"));
    let answer = browser.send(post.header(ContentType::JSON).body("{\"no\":1}")).await;
    assert_eq!(answer.json(), json!({"by": "u-alice", "order": {"no": 1}}));
}

//! Requests that pages of other origins send with a user's cookies.

mod app;

use std::sync::Arc;

use logto_rocket::{Error, ErrorKind, Hooks, Logto, MemoryStore, Policy, protect};
use logto_tests::{Answer, Browser, Hostile, as_navigation, with};
use rocket::http::uri::Host;
use rocket::http::{ContentType, Method, Status};
use rocket::request::Request;
use rocket::response::Response;
use rocket::{catch, catchers, routes};

use self::app::{Changes, SENDERS, app, bare, changed, forged, from, plain, signed_in};

/// H18: from elsewhere, what changes something is refused; what changes nothing never is.
#[rocket::async_test]
async fn a_change_is_for_pages_of_this_origin_and_the_trusted_ones() {
    let op = Hostile::start().await;
    let browser = signed_in(&op, app(op.figment())).await;
    for method in [Method::Get, Method::Head, Method::Options] {
        for (site, origin, _) in SENDERS {
            let answer =
                browser.send(from(browser.client().req(method, "/change"), *site, *origin));
            assert_eq!(answer.await.status, Status::Ok, "{method} {site:?} {origin:?}");
            assert_eq!(changed(&browser), [method], "{method} {site:?} {origin:?}");
        }
    }
    for method in [Method::Post, Method::Put, Method::Patch, Method::Delete] {
        for (site, origin, admitted) in SENDERS {
            let request = from(browser.client().req(method, "/change"), *site, *origin);
            let answer = browser.send(request).await;
            let (status, done) = match admitted {
                true => (Status::Ok, vec![method]),
                false => (Status::Forbidden, vec![]),
            };
            assert_eq!(answer.status, status, "{method} {site:?} {origin:?}");
            assert_eq!(changed(&browser), done, "{method} {site:?} {origin:?}");
        }
    }
    let form = forged(&browser, "/change").header(ContentType::Form).body("_method=delete");
    assert_eq!(browser.send(form).await.status, Status::Forbidden, "Rocket makes it a DELETE");
    assert_eq!(changed(&browser), []);
    assert_eq!(browser.visit("/").await.body, "user", "nobody was signed out");
}

/// H18: wherever the session is kept, and whether or not reading it has to wait.
#[rocket::async_test]
async fn a_forged_change_is_refused_with_sessions_of_every_kind() {
    let op = Hostile::start().await;
    let memory = op.figment().merge(("logto.session.store", "memory"));
    let store = Logto::fairing().store(Arc::new(MemoryStore::new(10)));
    let apps = [app(op.figment()), app(memory), bare(op.figment()).attach(store)];
    for (kind, rocket) in apps.into_iter().enumerate() {
        let browser = signed_in(&op, rocket).await;
        for path in ["/change", "/fetched", "/form", "/plain"] {
            let answer = browser.send(forged(&browser, path)).await;
            assert_eq!(answer.status, Status::Forbidden, "{kind} {path}");
            assert_eq!(changed(&browser), [], "{kind} {path}");
            let own = from(browser.client().post(path), Some("same-origin"), None);
            assert_eq!(browser.send(own).await.body, "done", "{kind} {path}");
            assert_eq!(changed(&browser), [Method::Post], "{kind} {path}");
        }
    }
}

/// H18: and before anything is fetched for the route.
#[rocket::async_test]
async fn nothing_is_fetched_for_a_forged_change() {
    let op = Hostile::start().await;
    let figment = op.figment().merge(("logto.scopes", ["urn:logto:scope:organizations"]));
    let policy = Policy::new().organization("acme");
    let rocket = rocket::custom(figment).manage(Changes::default()).attach(Logto::fairing());
    let browser = signed_in(&op, rocket.mount("/", protect(routes![plain], policy))).await;
    assert_eq!(browser.send(forged(&browser, "/plain")).await.status, Status::Forbidden);
    assert_eq!(op.count("token"), 1, "the sign-in's");
    assert_eq!(browser.send(browser.client().post("/plain")).await.status, Status::Ok);
    assert_eq!(op.count("token"), 2);
}

/// H18: a stranger's answer does not depend on where the request comes from.
#[rocket::async_test]
async fn a_forged_request_without_a_session_is_a_strangers() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for path in ["/change", "/fetched", "/form", "/plain", "/allowed"] {
        for navigates in [false, true] {
            let navigation = |request| if navigates { as_navigation(request) } else { request };
            let plain = browser.send(navigation(browser.client().post(path))).await;
            let forged = browser.send(navigation(forged(&browser, path))).await;
            let told = |answer: &Answer| (answer.status, answer.headers.clone());
            assert_eq!(told(&forged), told(&plain), "{path}");
            let redirects = navigates && path == "/form";
            let status = if redirects { Status::SeeOther } else { Status::Unauthorized };
            assert_eq!((forged.status, forged.body), (status, plain.body), "{path}");
        }
    }
    browser.sign_in(&op, "/sign-in").await;
    op.end_grants();
    assert_eq!(browser.send(forged(&browser, "/fetched")).await.status, Status::Unauthorized);
    assert_eq!(changed(&browser), []);
}

/// H18: a route may say that it protects itself.
#[rocket::async_test]
async fn a_route_can_allow_other_origins() {
    let op = Hostile::start().await;
    let routes = protect(routes![plain], Policy::new().allow_cross_origin());
    let rocket = app(op.figment()).mount("/open", routes);
    let browser = signed_in(&op, rocket).await;
    for path in ["/allowed", "/allowed/fetched", "/open/plain"] {
        assert_eq!(browser.send(forged(&browser, path)).await.body, "done", "{path}");
    }
    assert_eq!(browser.send(forged(&browser, "/plain")).await.status, Status::Forbidden);
}

/// As documented: a guard alone admits whoever sends the cookie.
#[rocket::async_test]
async fn a_guard_without_the_attribute_does_not_check_the_origin() {
    let op = Hostile::start().await;
    let browser = signed_in(&op, app(op.figment())).await;
    assert_eq!(browser.send(forged(&browser, "/guarded")).await.body, "done");
}

/// H18, L1: nor does a form elsewhere sign anybody out.
#[rocket::async_test]
async fn a_sign_out_by_post_is_for_this_origin_and_the_trusted_ones() {
    let op = Hostile::start().await;
    let browser = signed_in(&op, app(op.figment())).await;
    for path in ["/sign-out", "/away", "/leave"] {
        for (site, origin, admitted) in SENDERS {
            let request = from(browser.client().post(path), *site, *origin);
            let answer = browser.send(request).await;
            let status = if *admitted { Status::SeeOther } else { Status::Forbidden };
            assert_eq!(answer.status, status, "{path} {site:?} {origin:?}");
            let left = browser.visit("/").await.body == "stranger";
            assert_eq!(left, *admitted, "{path} {site:?} {origin:?}");
            if left {
                browser.sign_in(&op, "/sign-in").await;
            }
        }
    }
    let answer = browser.send(as_navigation(forged(&browser, "/sign-out"))).await;
    assert!(answer.body.contains("You are still signed in"), "{answer:?}");
}

/// H18, H11: the host name that counts is the configured one.
#[rocket::async_test]
async fn a_proxy_that_rewrites_the_host_changes_nothing() {
    let op = Hostile::start().await;
    let browser = signed_in(&op, app(op.figment())).await;
    for (host, origin, status) in [
        ("app.internal:3000", "http://localhost:8000", Status::Ok),
        ("app.internal:3000", "http://app.internal:3000", Status::Forbidden),
        ("evil.example", "http://evil.example", Status::Forbidden),
    ] {
        let mut request = from(browser.client().post("/change"), None, Some(origin));
        request.inner_mut().set_host(Host::parse(host).unwrap());
        let forwarded = [("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https")];
        let answer = browser.send(with(request, &forwarded)).await;
        assert_eq!(answer.status, status, "{host} {origin}");
    }
}

/// H18: `Origin` has neither a path nor a default port.
#[rocket::async_test]
async fn a_base_url_with_a_path_or_a_default_port_has_the_origin_that_browsers_send() {
    let op = Hostile::start().await;
    for (base, origin) in [
        ("https://app.example.com/shop/", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80/", "http://app.example.com"),
        ("https://App.Example.com:8443/shop", "https://app.example.com:8443"),
        ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ] {
        let browser = Browser::at(origin, app(op.figment().merge(("logto.base_url", base)))).await;
        let callback = op.authorize(browser.visit("/sign-in").await.location());
        let (_, query) = callback.split_once('?').expect("a query");
        browser.visit(&format!("/callback?{query}")).await;
        let own = browser.send(from(browser.client().post("/change"), None, Some(origin))).await;
        assert_eq!((own.status, own.body.as_str()), (Status::Ok, "done"), "{base}");
        let other = Some("https://evil.example.com");
        let other = browser.send(from(browser.client().post("/change"), None, other)).await;
        assert_eq!(other.status, Status::Forbidden, "{base}");
    }
}

#[catch(403)]
fn forbidden() -> &'static str {
    "our 403"
}

/// What `on_error` sees.
struct Told;

#[rocket::async_trait]
impl Hooks for Told {
    async fn on_error<'r>(&self, _: &'r Request<'_>, error: &Error) -> Option<Response<'r>> {
        assert_eq!(error.kind(), ErrorKind::CrossSite);
        let text = format!("told: {error}");
        Some(Response::build().sized_body(text.len(), std::io::Cursor::new(text)).finalize())
    }
}

/// H18: like every failure, the application may render it, and nobody may cache it.
#[rocket::async_test]
async fn a_forged_change_is_answered_as_failures_are() {
    let op = Hostile::start().await;
    let own = signed_in(&op, app(op.figment())).await;
    let catching = app(op.figment()).register("/", catchers![forbidden]);
    let catching = signed_in(&op, catching).await;
    let hooked = bare(op.figment()).attach(Logto::fairing().hooks(Told));
    let hooked = signed_in(&op, hooked).await;
    for path in ["/change", "/fetched"] {
        let json = own.send(forged(&own, path)).await;
        assert_eq!(json.json()["error"], "A page on another site sent this request.");
        let page = own.send(as_navigation(forged(&own, path))).await;
        assert!(page.body.contains("<h1>Request refused</h1>"), "{page:?}");
        let caught = catching.send(forged(&catching, path)).await;
        assert_eq!(caught.body, "our 403");
        let told = hooked.send(forged(&hooked, path)).await;
        assert!(told.body.contains("`base_url`") && told.body.contains("`trusted_origins`"));
        for answer in [json, page, caught, told] {
            assert_eq!(answer.status, Status::Forbidden, "{path}");
            let cache = answer.header("cache-control").unwrap_or_default();
            assert!(cache.contains("no-store"), "{path}: {cache:?}");
            assert!(!answer.body.contains("evil"), "{path}: {answer:?}");
        }
    }
}

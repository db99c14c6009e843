//! Sign-out: here, at Logto, and what becomes of the refresh token.

use std::time::Duration;

use logto_dev::Provider;
use logto_rocket::{Error, Logto, LogtoClient, Redirect};
use logto_tests::{Alter, Browser, Deviation, Fault, Hostile, app, with};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::tokio::time::{Instant, sleep};
use rocket::{Build, Rocket, get, post, routes};

#[post("/leave")]
async fn leave(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.sign_out_here().await
}

#[get("/away")]
async fn away(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.sign_out().await
}

#[get("/whoami")]
async fn whoami(logto: LogtoClient<'_>) -> Result<String, Error> {
    Ok(logto.user().await?.map_or("stranger", |user| user.subject()).to_owned())
}

fn leaving(figment: Figment) -> Rocket<Build> {
    let figment = figment.merge(("logto.post_sign_out_path", "/whoami"));
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![leave, away, whoami])
}

/// L2, RP-logout: `client_id` and the registered address, to which the user returns; a hint whose
/// key was rotated out is refused.
#[rocket::async_test]
async fn a_sign_out_names_the_application_and_the_way_back_and_no_more() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let answer = browser.visit("/sign-out").await;
    let url: url::Url = answer.location().parse().expect("an address");
    let asked: Vec<_> = url.query_pairs().into_owned().collect();
    let names: Vec<_> = asked.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["client_id", "post_logout_redirect_uri"]);
    assert_eq!(asked[1].1, "http://localhost:8000/");
}

/// L2, RP-logout-other-state, RP-logout-no-state: whatever comes back with the browser changes
/// nothing.
#[rocket::async_test]
async fn the_state_of_a_sign_out_is_ignored_on_the_way_back() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let backs = ["/?state=forged", "/", "/?state=a&state=b"];
    for back in backs {
        let answer = browser.visit(back).await;
        assert_eq!(answer.status, Status::Ok, "{back}");
        assert!(answer.body.starts_with("Hello, u-alice"), "{back}: still signed in");
    }
    browser.visit("/sign-out").await;
    for back in backs {
        let answer = browser.visit(back).await;
        assert_eq!((answer.status, answer.cookies.len()), (Status::Ok, 0), "{back}");
        assert!(answer.body.starts_with("Hello, stranger"), "{back}: signed out");
    }
}

/// R12: the configuration says where a sign-out leads; the request changes nothing.
#[rocket::async_test]
async fn a_sign_out_sends_nobody_elsewhere() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let names =
        ["return_to", "returnTo", "post_logout_redirect_uri", "redirect_uri", "next", "url"];
    let values = ["//evil.example", "https://evil.example/", "/\\evil.example", "/elsewhere"];
    for post in [false, true] {
        for (name, value) in names.iter().flat_map(|name| values.map(|value| (name, value))) {
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let path = format!("/sign-out?{name}={value}");
            let client = browser.client();
            let answer = match post {
                true => browser.send(client.post(&path).body(format!("{name}={value}"))).await,
                false => browser.send(client.get(&path)).await,
            };
            let url: url::Url = answer.location().parse().expect("an address");
            assert!(answer.location().starts_with(&format!("{}/session/end?", op.issuer())));
            let leads: Vec<_> = url
                .query_pairs()
                .filter(|(name, _)| name == "post_logout_redirect_uri")
                .map(|(_, value)| value.into_owned())
                .collect();
            assert_eq!(leads, ["http://localhost:8000/"], "{path}");
            assert!(
                !answer.location().contains("evil") && !answer.location().contains("elsewhere")
            );
        }
    }
    op.stop().await;
    let here = Browser::open(app(op.figment())).await;
    let answer = here.visit("/sign-out?return_to=//evil.example").await;
    assert!(!answer.body.contains("evil"), "{answer:?}");
}

/// L12: one revocation, which nothing waits for. Signing out at Logto leaves an offline refresh
/// token alive.
#[rocket::async_test]
async fn a_sign_out_revokes_the_refresh_token_and_does_not_wait_for_it() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    op.deviate(Deviation::Answer("revocation", Fault::Silence));
    let start = Instant::now();
    let answer = browser.visit("/sign-out").await;
    assert_eq!(answer.status, Status::SeeOther);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    sleep(Duration::from_millis(100)).await;
    let requests = op.requests("revocation");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].field("token_type_hint"), Some("refresh_token"));
    assert!(requests[0].headers["authorization"].starts_with("Basic "));
}

/// L1: POST is always there, and other sites can use neither. A link on another host of this
/// site may lead to a sign-out, like one in an email; a form there may not.
#[rocket::async_test]
async fn a_sign_out_by_post_or_by_get_is_for_this_site_only() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for site in ["cross-site", "same-site", "same-origin", "none"] {
        for post in [false, true] {
            let refused = site == "cross-site" || site == "same-site" && post;
            browser.forget();
            browser.sign_in(&op, "/protected").await;
            let client = browser.client();
            let request = if post { client.post("/sign-out") } else { client.get("/sign-out") };
            let answer = browser.send(with(request, &[("Sec-Fetch-Site", site)])).await;
            let expected = if refused { Status::Forbidden } else { Status::SeeOther };
            assert_eq!(answer.status, expected, "{site}, post: {post}");
            assert_eq!(browser.session_cookies().is_empty(), !refused);
        }
    }
}

#[rocket::async_test]
async fn a_sign_out_here_leaves_the_user_signed_in_at_logto() {
    let provider = Provider::start().await;
    let browser = Browser::open(leaving(provider.figment())).await;
    browser.sign_in(&provider, "/sign-in?return_to=/whoami").await;
    assert_ne!(browser.visit("/whoami").await.body, "stranger");

    let cross = browser.client().post("/leave");
    let cross = browser.send(with(cross, &[("Sec-Fetch-Site", "cross-site")])).await;
    assert_eq!(cross.status, Status::Forbidden);
    assert_ne!(browser.visit("/whoami").await.body, "stranger");

    let answer = browser.send(browser.client().post("/leave")).await;
    assert_eq!((answer.status, answer.location()), (Status::SeeOther, "/whoami"));
    assert_eq!(browser.visit("/whoami").await.body, "stranger");
    assert_eq!(provider.count("session/end"), 0);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(provider.count("revocation"), 1);
}

/// L3: if the provider has no page for it, and if the provider cannot be asked.
#[rocket::async_test]
async fn a_sign_out_without_a_page_at_the_provider_ends_the_session_here() {
    for deviation in [
        Deviation::Discovery(Alter::without("end_session_endpoint")),
        Deviation::Answer("discovery", Fault::Html(500)),
    ] {
        let op = Hostile::start().await;
        let signing_in = Browser::open(leaving(op.figment())).await;
        signing_in.sign_in(&op, "/sign-in?return_to=/whoami").await;
        op.deviate(deviation);
        let browser = Browser::open(leaving(op.figment())).await;
        let cookies = signing_in.cookies();
        browser.restore(cookies.clone());
        let answer = browser.visit("/sign-out").await;
        assert_eq!((answer.status, browser.visit("/whoami").await.body), signed_out());
        browser.restore(cookies);
        assert_eq!(browser.visit("/away").await.location(), "/whoami");
        assert!(browser.session_cookies().is_empty());
    }
}

/// The status of a page that reports it, and what the application says afterwards.
fn signed_out() -> (Status, String) {
    (Status::Ok, "stranger".to_owned())
}

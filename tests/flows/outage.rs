//! A provider that is down, slow or broken: what still works, and how the rest fails.

use std::time::{Duration, Instant};

use logto_tests::{Alter, Answer, Browser, Deviation, Fault, Hostile, app};
use rocket::futures::future::join_all;
use rocket::http::Status;
use rocket::tokio::time::sleep;
use serde_json::json;

/// The longest that anybody may wait for a provider.
const PATIENCE: Duration = Duration::from_secs(6);

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, Status::ServiceUnavailable, "{answer:?}");
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds > 0);
    assert_eq!(answer.header("location"), None);
    assert_eq!(answer.cookies.len(), 0, "nothing was begun: {answer:?}");
    let content_type = answer.header("content-type").unwrap_or_default();
    assert!(content_type.starts_with("text/html"), "{answer:?}");
}

/// REL-1: an application starts while its provider is down, and signs in once it is up.
#[rocket::async_test]
async fn an_application_starts_without_its_provider() {
    let op = Hostile::start().await;
    op.stop().await;
    let started = Instant::now();
    let browser = Browser::open(app(op.figment())).await;
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");
    assert_eq!(browser.fetch("/api/me").await.status, Status::Unauthorized);
    assert_eq!(browser.visit("/protected").await.status, Status::SeeOther);
    assert_unavailable(&browser.visit("/sign-in?return_to=/protected").await);
    op.resume();
    // Whatever the back-off, it is over after two seconds.
    sleep(Duration::from_millis(2_100)).await;
    let page = browser.sign_in(&op, "/protected").await;
    assert_eq!((page.status, &page.json()["sub"]), (Status::Ok, &json!("u-alice")));
}

/// REL-1: launching asks nothing of the provider, nor do pages that need none.
#[rocket::async_test]
async fn launching_makes_no_request() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.visit("/").await;
    browser.visit("/protected").await;
    assert_eq!((op.count("discovery"), op.count("jwks")), (0, 0));
    browser.start("/protected").await;
    assert_eq!(op.count("discovery"), 1);
}

/// REL-16: while the user is at Logto.
#[rocket::async_test]
async fn the_first_callback_does_not_wait_for_keys() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let location = browser.start("/protected").await;
    while op.count("jwks") == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    op.deviate(Deviation::Answer("jwks", Fault::Silence));
    let answer = browser.visit(&op.authorize(&location)).await;
    assert_eq!(answer.status, Status::SeeOther, "{answer:?}");
    browser.forget();
    browser.start("/protected").await;
    assert_eq!(op.count("jwks"), 1, "they are kept");
}

/// REL-16: keys that could not be fetched early are fetched again.
#[rocket::async_test]
async fn a_callback_fetches_keys_that_did_not_come_early() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    op.deviate(Deviation::AnswerOnce("jwks", Fault::Text(200, "text/html", String::new())));
    let location = browser.start("/protected").await;
    while op.count("jwks") == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    // A failure is remembered for a second.
    sleep(Duration::from_millis(1_100)).await;
    let answer = browser.visit(&op.authorize(&location)).await;
    assert_eq!((answer.status, op.count("jwks")), (Status::SeeOther, 2), "{answer:?}");
}

/// REL-2: `timeout` is for those whose Logto is slower, and for those who do not want to wait.
#[rocket::async_test]
async fn a_call_may_take_as_long_as_the_configuration_says() {
    let late = Duration::from_millis(1_500);
    let begins = async |seconds: u64| {
        let op = Hostile::start().await;
        op.deviate(Deviation::Answer("discovery", Fault::Late(late)));
        let browser = Browser::open(app(op.figment().merge(("logto.timeout", seconds)))).await;
        browser.visit("/sign-in").await.status
    };
    let (short, long) = rocket::tokio::join!(begins(1), begins(10));
    assert_eq!((short, long), (Status::ServiceUnavailable, Status::SeeOther));
}

/// REL-2: a sign-in meets a provider that answers nonsense, slowly or not at all.
#[rocket::async_test]
async fn a_sign_in_without_a_provider_fails_cleanly() {
    let faults =
        [Fault::Html(500), Fault::Busy(503, 30), Fault::Busy(429, 30), Fault::Slow, Fault::Silence];
    join_all(faults.map(async |fault| {
        let op = Hostile::start().await;
        op.deviate(Deviation::Answer("discovery", fault.clone()));
        let browser = Browser::open(app(op.figment())).await;
        let started = Instant::now();
        let answer = browser.visit("/sign-in").await;
        assert!(started.elapsed() < PATIENCE, "{fault:?} took {:?}", started.elapsed());
        assert_unavailable(&answer);
    }))
    .await;
}

/// REL-2: many people at once meet an outage and cause few requests.
#[rocket::async_test]
async fn a_provider_that_is_down_is_not_hammered() {
    let op = Hostile::start().await;
    op.deviate(Deviation::Answer("discovery", Fault::Busy(503, 30)));
    let browser = Browser::open(app(op.figment())).await;
    for _ in 0..50 {
        assert_unavailable(&browser.visit("/sign-in").await);
    }
    assert!(op.count("discovery") <= 5, "{} requests", op.count("discovery"));
}

/// H1, RP-issuer-mismatch: another issuer's document is not this provider's.
#[rocket::async_test]
async fn a_discovery_document_of_another_issuer_is_refused() {
    let changes = [
        Alter::append("issuer", "INVALID"),
        Alter::set("issuer", "https://evil.example/oidc"),
        Alter::without("issuer"),
    ];
    for change in changes {
        let what = format!("{change:?}");
        let op = Hostile::start().await;
        op.deviate(Deviation::Discovery(change));
        let browser = Browser::open(app(op.figment())).await;
        let answer = browser.visit("/sign-in").await;
        assert_eq!(answer.status, Status::BadGateway, "{what}: {answer:?}");
        assert_eq!((answer.header("location"), answer.cookies.len()), (None, 0));
    }
}

const JS: &str = "javascript:alert(1)";

/// H2: endpoints on other machines without https are not called.
#[rocket::async_test]
async fn endpoints_without_https_elsewhere_are_refused() {
    let endpoints = [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "userinfo_endpoint",
        "end_session_endpoint",
        "revocation_endpoint",
    ];
    for name in endpoints {
        for url in ["http://169.254.169.254/latest", "file:///etc/passwd", "/relative", "", JS] {
            let op = Hostile::start().await;
            op.deviate(Deviation::Discovery(Alter::set(name, url)));
            let browser = Browser::open(app(op.figment())).await;
            let answer = browser.visit("/sign-in").await;
            assert_eq!(answer.status, Status::BadGateway, "{name} {url:?}: {answer:?}");
            assert_eq!((answer.header("location"), answer.cookies.len()), (None, 0));
        }
    }
}

/// H3: endless, enormous or compressed answers are cut off.
#[rocket::async_test]
async fn an_endless_answer_is_cut_off() {
    for fault in [Fault::Endless, Fault::Huge, Fault::GzipBomb] {
        for endpoint in ["discovery", "jwks", "token", "me"] {
            let op = Hostile::start().await;
            op.deviate(Deviation::Answer(endpoint, fault.clone()));
            let browser = Browser::open(app(op.figment())).await;
            if endpoint == "me" {
                browser.sign_in(&op, "/protected").await;
            }
            let started = Instant::now();
            let answer = match endpoint {
                "discovery" => browser.visit("/sign-in").await,
                "me" => browser.fetch("/api/userinfo").await,
                _ => browser.come_back(&op).await,
            };
            // Not by the time limit of four seconds, but by what was read.
            let elapsed = started.elapsed();
            assert!(elapsed < Duration::from_secs(3), "{endpoint} {fault:?} took {elapsed:?}");
            assert_eq!(answer.status, Status::BadGateway, "{endpoint} {fault:?}: {answer:?}");
            let found = (answer.header("location"), answer.session_cookies().len());
            assert_eq!(found, (None, 0), "{endpoint} {fault:?}");
        }
    }
}

/// H3: exactly one MiB, to the byte.
#[rocket::async_test]
async fn an_answer_of_a_mebibyte_is_read_but_not_a_longer_one() {
    for (length, status) in [(1 << 20, Status::Ok), ((1 << 20) + 1, Status::BadGateway)] {
        let op = Hostile::start().await;
        let browser = Browser::open(app(op.figment())).await;
        browser.sign_in(&op, "/protected").await;
        let info = json!({"sub": "u-alice"}).to_string();
        let padded = info.clone() + &" ".repeat(length - info.len());
        let answer = Fault::Text(200, "application/json", padded);
        op.deviate(Deviation::Answer("me", answer));
        assert_eq!(browser.fetch("/api/userinfo").await.status, status, "{length}");
    }
}

/// H3: a provider that says nothing, or one byte a second, is given up after five seconds.
#[rocket::async_test]
async fn a_provider_that_does_not_answer_is_given_up() {
    join_all([Fault::Silence, Fault::Slow].map(async |fault| {
        let op = Hostile::start().await;
        op.deviate(Deviation::Answer("token", fault.clone()));
        let browser = Browser::open(app(op.figment())).await;
        let callback = op.authorize(&browser.start("/protected").await);
        let started = Instant::now();
        let answer = browser.visit(&callback).await;
        assert!(started.elapsed() < PATIENCE, "{fault:?} took {:?}", started.elapsed());
        assert_eq!(answer.status, Status::ServiceUnavailable, "{answer:?}");
        answer.assert_no_sign_in();
        assert_eq!(op.count("token"), 1, "a code is never sent twice");
    }))
    .await;
}

/// H4: the application's secret follows no redirect.
#[rocket::async_test]
async fn a_redirect_of_the_token_endpoint_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (op, other) = (Hostile::start().await, Hostile::start().await);
        let elsewhere = format!("{}/token", other.issuer());
        op.deviate(Deviation::Answer("token", Fault::Redirect(status, elsewhere)));
        let browser = Browser::open(app(op.figment())).await;
        let answer = browser.come_back(&op).await;
        assert_eq!(answer.status, Status::BadGateway, "{status}: {answer:?}");
        answer.assert_no_sign_in();
        assert_eq!((op.count("token"), other.count("token")), (1, 0));
    }
}

/// H5: answers that are not JSON, not tokens or an error under 200; none of their pages is shown.
#[rocket::async_test]
async fn nonsense_of_the_token_endpoint_is_a_clean_failure() {
    let nonsense = [
        (Fault::Html(200), 502),
        (Fault::Html(404), 502),
        (Fault::Html(500), 503),
        (Fault::Json(200, json!({"error": "server_error"})), 502),
        (Fault::Json(200, json!([])), 502),
        (Fault::Json(200, json!("text")), 502),
        (Fault::Json(204, json!({})), 502),
        (Fault::Json(400, json!({"error": "<script>alert(1)</script>"})), 502),
        (Fault::Json(401, json!({"error": "invalid_client", "code": "oidc.invalid_client"})), 502),
        (Fault::Text(200, "application/json", "{\"access_token\":".to_owned()), 502),
        (Fault::Text(200, "application/json", String::new()), 502),
        (Fault::Busy(503, 30), 503),
        (Fault::Busy(429, 30), 503),
    ];
    for (fault, status) in nonsense {
        let op = Hostile::start().await;
        op.deviate(Deviation::Answer("token", fault.clone()));
        let browser = Browser::open(app(op.figment())).await;
        let answer = browser.come_back(&op).await;
        assert_eq!(answer.status.code, status, "{fault:?}: {answer:?}");
        answer.assert_no_sign_in();
        assert!(!answer.body.contains("script"), "{fault:?}: {}", answer.body);
        assert_eq!(op.count("token"), 1, "{fault:?}: a code is never sent twice");
    }
}

/// Without the keys, nobody signs in, and signed-in users stay signed in.
#[rocket::async_test]
async fn without_keys_nobody_signs_in_and_users_stay() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    op.deviate(Deviation::Answer("jwks", Fault::Html(500)));
    let answer = browser.come_back(&op).await;
    assert_eq!(answer.status, Status::ServiceUnavailable, "{answer:?}");
    answer.assert_no_sign_in();
    op.behave();
    sleep(Duration::from_millis(2_100)).await;
    browser.sign_in(&op, "/protected").await;
    op.stop().await;
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
}

/// REL-2: after a restart during a sign-in, while the provider is down, the process takes the
/// callback once the provider is up.
#[rocket::async_test]
async fn a_callback_without_metadata_can_be_repeated() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let callback = op.authorize(&browser.start("/protected").await);
    let restarted = Browser::open(app(op.figment())).await;
    restarted.restore(browser.cookies());
    op.deviate(Deviation::Answer("discovery", Fault::Html(404)));
    let answer = restarted.visit(&callback).await;
    assert!([502, 503].contains(&answer.status.code), "{answer:?}");
    assert_eq!((answer.cookies.len(), op.count("token")), (0, 0), "nothing was used: {answer:?}");
    op.behave();
    sleep(Duration::from_millis(2_100)).await;
    assert_eq!(restarted.visit(&callback).await.location(), "/protected");
}

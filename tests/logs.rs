//! What stands in the log after everything that a session can go through. A test
//! binary of its own, as a process has one logger.

use std::sync::{Mutex, Once, PoisonError};

use logto_dev::Provider;
use logto_rocket::{AccessToken, ApiResource, Logto, authenticated};
use logto_tests::{Browser, app};
use rocket::error::ErrorKind;
use rocket::http::Status;
use rocket::local::asynchronous::Client;
use rocket::{get, routes};

/// Keeps our own records at the finest level, and those of others up to `info`,
/// which is Rocket's `normal`.
struct Memory(Mutex<String>);

static LOG: Memory = Memory(Mutex::new(String::new()));

impl log::Log for Memory {
    fn enabled(&self, of: &log::Metadata<'_>) -> bool {
        of.level() <= log::Level::Info || of.target().starts_with("logto_rocket")
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = format!("{} {} {}\n", record.level(), record.target(), record.args());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
    }

    fn flush(&self) {}
}

/// Begins to keep the log, once.
fn keep_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&LOG).expect("the only logger");
        log::set_max_level(log::LevelFilter::Trace);
    });
}

fn log() -> String {
    LOG.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The values of a query's parameters, as they stand in the address and decoded.
fn values(address: &str) -> Vec<String> {
    let address: url::Url = address.parse().expect("an address");
    let secret = ["code", "state", "nonce", "code_challenge"];
    let pairs = address.query_pairs().filter(|(name, _)| secret.contains(&&**name));
    pairs.map(|(_, value)| value.into_owned()).collect()
}

/// H7: at Rocket's level `normal` and our own at the finest.
#[rocket::async_test]
async fn no_secret_is_in_the_log_of_a_whole_session() {
    keep_log();
    let provider = Provider::builder().rotate_refresh_tokens(true).start().await;
    let figment = provider.figment().merge(("log_level", "normal"));
    let secrets = |key: &str| figment.extract_inner::<String>(key).expect(key);
    let mut secret = vec![secrets("logto.app_secret"), secrets("logto.cookie_secret")];
    let browser = Browser::open(app(figment)).await;

    let authorization = browser.start("/protected").await;
    secret.extend(values(&authorization));
    secret.extend(browser.cookies().into_values());
    let callback = provider.approve(&authorization, "alice").await.expect("alice signs in");
    secret.extend(values(&callback));
    assert_eq!(browser.visit(&callback).await.status, Status::SeeOther);
    secret.extend(browser.cookies().into_values());
    provider.advance(std::time::Duration::from_secs(4000));
    assert_eq!(browser.fetch("/api/userinfo").await.status, Status::Ok);
    secret.extend(browser.cookies().into_values());
    browser.visit(&callback).await;
    browser.visit("/callback?code=forged-code-1&state=forged-state-1&iss=x").await;
    browser.visit("/callback?error=forged-error-1&state=forged-state-2").await;
    for logout in [provider.logout_token("alice", "another"), "forged-token-1".to_owned()] {
        browser.post_logout(&logout).await;
        secret.push(logout);
    }
    provider.suspend("alice");
    browser.fetch("/api/userinfo").await;
    browser.visit("/sign-out").await;
    provider.stop().await;
    browser.visit("/sign-in").await;
    secret.extend(
        ["forged-code-1", "forged-state-1", "forged-state-2", "forged-error-1"].map(String::from),
    );
    secret.extend(["Bearer ".into(), "Basic ".into(), "eyJ".into()]);

    let log = log();
    assert!(log.contains("GET /callback"), "the log was not kept: {log}");
    assert!(secret.len() > 15, "the secrets were not kept");
    for secret in secret.iter().filter(|secret| !secret.is_empty()) {
        let at = log.find(secret.as_str());
        assert_eq!(at, None, "{secret:?} is in the log: {}", &log[at.unwrap_or(0)..][..200]);
    }
}

#[derive(ApiResource)]
#[resource("https://other.example.com", scopes("read:other"))]
struct Other;

#[authenticated(resource = "https://api.example.com", organization = "<org>")]
#[get("/<org>/items")]
fn items(org: &str, _other: AccessToken<Other>) -> String {
    org.to_owned()
}

#[rocket::async_test]
async fn a_launch_that_lacks_something_says_what_to_add_and_for_which_route() {
    keep_log();
    let figment = Provider::start().await.figment().merge(("logto.scopes", ["email"]));
    let rocket = rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![items]);
    let error = Client::untracked(rocket).await.expect_err("no launch");
    assert!(matches!(error.kind(), ErrorKind::SentinelAborts(_)), "{error}");
    let log = log();
    for line in [
        "logto: the route `items` needs a token that no sign-in asks for; \
         add `https://api.example.com` to `resources` \
         and `urn:logto:scope:organizations` to `scopes`\n",
        "logto: the guard `AccessToken<logs::Other>` needs a token that no sign-in asks for; \
         add `https://other.example.com` to `resources` and `read:other` to `scopes`\n",
    ] {
        assert!(log.contains(line), "{line} is not in the log: {log}");
    }
}

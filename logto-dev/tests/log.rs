//! What the provider tells the application's log, and what it keeps to itself.

use std::net::Ipv4Addr;
use std::sync::{Mutex, Once};

use log::{LevelFilter, Log, Metadata, Record};
use logto_dev::Provider;
use rocket::figment::Figment;
use rocket::figment::providers::{Format, Toml};
use rocket::{Config, async_test};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

struct Collector;

impl Log for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        // Rocket's own lines about requests and fairings, and the provider's.
        if ["rocket", "logto_dev"].iter().any(|name| record.target().starts_with(name)) {
            LINES.lock().expect("no test panics here").push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

/// Collects from now on, and returns what was logged.
fn log() -> String {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        log::set_logger(&Collector).expect("nobody else sets a logger");
        // Rocket's `normal`. At `debug` it prints whole requests.
        log::set_max_level(LevelFilter::Info);
    });
    LINES.lock().expect("no test panics here").join("\n")
}

#[async_test]
async fn a_refused_launch_says_why_and_what_to_do() {
    log();
    let figment = Figment::from(Config::release_default());
    let rocket = rocket::custom(figment).attach(Provider::fairing());
    let error = rocket.ignite().await.expect_err("a refusal");
    // Rocket's errors panic when they are dropped unread.
    assert!(!error.to_string().is_empty());
    let log = log();
    assert!(log.contains("the development provider runs in the `debug` profile only"), "{log}");
    assert!(log.contains("`logto.endpoint`") && log.contains("`LOGTO_ENDPOINT`"), "{log}");
}

#[async_test]
async fn a_setting_that_cannot_be_read_is_named_in_full_with_its_place_and_what_to_write() {
    log();
    for (table, key, problem) in [
        (
            "[default.logto_dev.users.carol]\nrole = \"x\"",
            "users.carol.role",
            "is not a key; did you mean `roles`?",
        ),
        (
            "[default.logto_dev]\nsomething = 1",
            "something",
            "is not a key; the keys are `address`, `port`",
        ),
        ("[default.logto_dev]\nport = \"a\"", "port", "is a string; write a whole number"),
        (
            "[default.logto_dev]\ngeneration = \"2\"",
            "generation",
            "is \"2\", not one of its values; write one of `1.37`, `1.42`",
        ),
        ("[default.logto_dev]\ngeneration = 1.37", "generation", "is a number; write a string"),
        ("[default.logto_dev]\nredirect_uris = 5", "redirect_uris", "is a number; write a list"),
        ("[default.logto_dev.organizations.o1]\nrequires_mfa = true", "organizations.o1.name", ""),
    ] {
        let figment = Figment::from(Config::debug_default()).merge(Toml::string(table).nested());
        let error = rocket::custom(figment).attach(Provider::fairing()).ignite().await;
        assert!(!error.expect_err("a refusal").to_string().is_empty());
        let said = log();
        let begins = format!("`logto_dev.{key}` (in code at {}:", file!());
        let line = said.lines().rfind(|line| line.contains(&begins));
        let line = line.unwrap_or_else(|| panic!("{begins} is not in {said}"));
        assert!(line.contains(&format!(", profile `default`): {problem}")), "{line}");
    }
}

/// H8
#[async_test]
async fn a_mistake_in_the_table_is_named_by_its_type_and_not_repeated() {
    for (table, expected) in [
        (".machine_app = \"hunter2\"", "`logto_dev.machine_app` ("),
        (
            ".machine_app = { id = \"m\", secret = [\"hunter2\"] }",
            "`logto_dev.machine_app.secret` (",
        ),
        (".machine_app.secret = 22222", "is a number; write a string"),
        (".users.carol = \"hunter2\"", "`logto_dev.users.carol` ("),
        (".users = { logto_dev = \"hunter2\" }", "`logto_dev.users.logto_dev` ("),
        (" = \"hunter2\"", "is a string; write a table, `[default.logto_dev]`"),
        (".machine_app.secret = hunter2", "cannot be read; TOML parse error at line 2"),
    ] {
        log();
        let toml = format!("[default]\nlogto_dev{table}");
        let figment = Figment::from(Config::debug_default()).merge(Toml::string(&toml).nested());
        let error = rocket::custom(figment).attach(Provider::fairing()).ignite().await;
        assert!(!error.expect_err("a refusal").to_string().is_empty());
        let said = log();
        assert!(said.contains(expected), "{expected} is not in {said}");
        assert!(!said.contains("hunter2") && !said.contains("22222"), "{said}");
    }
}

#[async_test]
async fn an_application_says_that_it_is_for_development_only() {
    log();
    let figment = Figment::from(Config::debug_default()).merge(("port", 4322));
    let rocket = rocket::custom(figment).attach(Provider::fairing());
    let client = rocket::local::asynchronous::Client::untracked(rocket).await;
    client.expect("the application launches");
    let log = log();
    let anybody = "anybody who reaches it signs in as anybody";
    for words in ["for development only", anybody, "http://localhost:4322", "alice, bob"] {
        assert!(log.contains(words), "{words} in {log}");
    }
}

#[async_test]
async fn a_provider_that_other_machines_may_reach_says_what_that_means() {
    log();
    let open = Provider::builder().address(Ipv4Addr::UNSPECIFIED).start().await;
    let port = open.endpoint().rsplit(':').next().expect("a port");
    let said = log();
    let mut dangers = said.lines().filter(|line| line.contains("DANGER"));
    let line = dangers.find(|line| line.contains(&format!("0.0.0.0:{port},")));
    assert!(line.is_some_and(|line| line.contains("signs in as anybody")), "{said}");

    let own = Provider::start().await;
    let port = own.endpoint().rsplit(':').next().expect("a port");
    let said = log();
    let mut dangers = said.lines().filter(|line| line.contains("DANGER"));
    assert!(dangers.all(|line| !line.contains(&format!(":{port}"))), "{said}");

    let figment = Figment::from(Config::debug_default())
        .merge(("logto_dev.endpoint", "http://dev.example.com:3001"));
    let rocket = rocket::custom(figment).attach(Provider::fairing());
    let client = rocket::local::asynchronous::Client::untracked(rocket).await;
    client.expect("the application launches");
    let said = log();
    let line = said.lines().find(|line| line.contains("is called http://dev.example.com:3001"));
    assert!(line.is_some_and(|line| line.contains("DANGER")), "{said}");
}

/// The application has a page at `/sign-in` too.
#[async_test]
async fn requests_to_the_provider_and_to_the_application_are_told_apart() {
    log();
    let provider = Provider::start().await;
    for path in ["/sign-in", "/oidc/nowhere", "/"] {
        let address = format!("{}{path}", provider.endpoint());
        reqwest::get(address).await.expect("an answer");
    }
    let said = log();
    for line in ["GET /logto-dev/sign-in:", "(sign_in_page) GET /logto-dev/sign-in", "(users) GET"]
    {
        assert!(said.contains(line), "{line} in {said}");
    }
    for line in said.lines().filter(|line| line.contains("GET ")) {
        assert!(line.contains("GET /logto-dev"), "{line}");
    }
}

#[async_test]
async fn what_a_browser_sends_stays_out_of_the_log() {
    log();
    let provider = Provider::start().await;
    let url = format!(
        "{}/oidc/auth?client_id={}&response_type=code&scope=openid&state=the-secret-state\
         &redirect_uri=http://localhost:8000/callback",
        provider.endpoint(),
        provider.app_id(),
    );
    let callback = provider.approve(&url, "alice").await.expect("a callback");
    let (_, code) = callback.split_once("code=").expect("a code");
    let log = log();
    assert!(log.contains("GET /logto-dev/oidc/auth"), "{log}");
    assert!(!log.contains("the-secret-state"), "{log}");
    assert!(!log.contains(code.split('&').next().expect("a code")), "{log}");
}

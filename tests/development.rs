//! An application developed with `logto-dev`: the order in which they are attached, and browsers
//! on another machine. A test binary of its own, as a process has one logger.

use std::process::Command;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::{env, mem};

use logto_dev::Provider;
use logto_rocket::{Config, Logto};
use logto_tests::Browser;
use rocket::fairing::Fairing;
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::local::asynchronous::Client;
use rocket::tokio::sync::{Mutex as Turn, MutexGuard};

/// Keeps what is logged up to warnings, and Rocket's lines.
struct Memory(Mutex<String>);

static LOG: Memory = Memory(Mutex::new(String::new()));

impl log::Log for Memory {
    fn enabled(&self, of: &log::Metadata<'_>) -> bool {
        of.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push_str(&format!("{} {}\n", record.level(), record.args()));
        }
    }

    fn flush(&self) {}
}

/// Keeps the log, for one test at a time.
async fn keep_log() -> MutexGuard<'static, ()> {
    static TURN: LazyLock<Turn<()>> = LazyLock::new(|| {
        log::set_logger(&LOG).expect("the only logger");
        Turn::default()
    });
    let turn = TURN.lock().await;
    log();
    log::set_max_level(log::LevelFilter::Info);
    turn
}

/// The log since the last time.
fn log() -> String {
    mem::take(&mut *LOG.0.lock().unwrap_or_else(PoisonError::into_inner))
}

fn figment() -> Figment {
    Figment::from(rocket::Config::debug_default())
}

/// Launches an application with these, in this order; whether that worked.
async fn launches(first: impl Fairing, second: impl Fairing) -> bool {
    match Client::untracked(rocket::custom(figment()).attach(first).attach(second)).await {
        Ok(_) => true,
        // Rocket's errors panic when they are dropped unread.
        Err(error) => error.to_string().is_empty(),
    }
}

#[rocket::async_test]
async fn a_provider_that_was_attached_too_late_says_what_to_write() {
    let _turn = keep_log().await;
    assert!(!launches(Logto::fairing(), Provider::fairing()).await);
    let said = log();
    assert!(said.contains("attached after `Logto::fairing()`"), "{said}");
    let order = "`.attach(Provider::fairing()).attach(Logto::fairing())`";
    assert!(said.contains(order), "{said}");

    assert!(launches(Provider::fairing(), Logto::fairing()).await);
    let said = log();
    assert!(!said.contains("attached after") && said.contains("development provider at"), "{said}");
}

#[rocket::async_test]
async fn a_provider_attached_after_a_fairing_configured_in_code_does_nothing_and_says_so() {
    let _turn = keep_log().await;
    let logto = || Logto::fairing().config(Config::new("https://foo.logto.app", "app"));
    assert!(launches(logto(), Provider::fairing()).await);
    let said = log();
    assert!(said.contains("the development provider does nothing"), "{said}");
    assert!(!said.contains("Signing in with the development provider"), "{said}");
}

async fn launch_of(figment: Figment) -> String {
    let rocket = rocket::custom(figment).attach(Provider::fairing()).attach(Logto::fairing());
    match Client::untracked(rocket).await {
        Ok(_) => log(),
        Err(error) => format!("{}{error}", log()),
    }
}

#[rocket::async_test]
async fn a_provider_that_did_not_start_is_not_said_to_be_missing() {
    let _turn = keep_log().await;
    let figment =
        figment().merge(("logto_dev.users.carol.role", "x")).merge(("logto.clock_skew", "much"));
    let said = launch_of(figment).await;
    assert!(said.contains("`logto_dev.users.carol.role`"), "{said}");
    assert!(said.contains("did you mean `roles`?"), "{said}");
    assert!(said.contains("`logto.clock_skew`"), "{said}");
    assert!(!said.contains("is missing") && !said.contains("attach"), "{said}");
}

#[rocket::async_test]
async fn with_the_provider_only_addresses_that_it_does_not_know_are_to_be_written_down() {
    let _turn = keep_log().await;
    let said = launch_of(figment()).await;
    assert!(said.contains("Signing in with the development provider"), "{said}");
    assert!(!said.contains("logto: "), "{said}");

    let other = figment().merge(("logto.routes.callback", "/back"));
    let said = launch_of(other.clone()).await;
    let line = "`logto_dev` does not know http://localhost:8000/back; write it as `redirect_uris`";
    assert!(said.contains(line), "{said}");
    assert!(!said.contains("backchannel_logout_uri"), "{said}");

    let known = other.merge(("logto_dev.redirect_uris", ["http://localhost:8000/back"]));
    let said = launch_of(known).await;
    assert!(!said.contains("logto: "), "{said}");
}

#[rocket::async_test]
async fn what_looks_like_a_mistake_is_said_at_the_launch() {
    let _turn = keep_log().await;
    let figment = figment()
        .merge(("logto-dev.port", 5))
        .merge(("logto.scopes", ["e-mail", "roles", "read:items"]));
    let said = launch_of(figment.clone()).await;
    assert!(said.contains("ignoring unknown tables: `["), "{said}");
    assert!(said.contains("logto_dev]`?)"), "{said}");
    let line = "the scope `e-mail` is not one of Logto's own; did you mean `email`?";
    assert!(said.contains(line) && !said.contains("read:items"), "{said}");

    // A permission of an API can have any name.
    let said = launch_of(figment.merge(("logto.resources", ["https://api.example.com"]))).await;
    assert!(!said.contains("the scope"), "{said}");

    // Its cookies would be readable on the way.
    let release = Figment::from(rocket::Config::release_default())
        .merge(("log_level", "normal"))
        .merge(("logto.endpoint", "https://foo.logto.app"))
        .merge(("logto.app_id", "app"))
        .merge(("logto.cookie_secret", "a secret of at least 32 random bytes"));
    for (base_url, warns) in [("http://app.example.com", true), ("http://localhost", false)] {
        let said = launch_of(release.clone().merge(("logto.base_url", base_url))).await;
        assert_eq!(said.contains("`base_url` is plain http"), warns, "{said}");
    }

    // Where the launch fails as well: what is missing may be there.
    let figment = Figment::from(rocket::Config::release_default())
        .merge(("logto-rocket.endpoint", "https://foo.logto.app"));
    let said = launch_of(figment).await;
    assert!(said.contains("ignoring unknown tables: `["), "{said}");
    assert!(said.contains("`logto.endpoint` (profile `release`): is missing"), "{said}");
}

/// An address that is this machine and is not called so, as that of a network is.
const ENDPOINT: &str = "http://0.0.0.0:";

/// In a process of its own, with its own environment.
#[rocket::async_test]
async fn an_application_signs_in_with_a_provider_that_the_environment_opens() {
    if env::var_os("CHILD").is_none() {
        let test = "an_application_signs_in_with_a_provider_that_the_environment_opens";
        let listener = std::net::TcpListener::bind("0.0.0.0:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port().to_string();
        drop(listener);
        let variables = [
            ("CHILD", "1"),
            ("LOGTO_DEV_ADDRESS", "0.0.0.0"),
            ("LOGTO_DEV_PORT", &port),
            ("LOGTO_DEV_ENDPOINT", &format!("{ENDPOINT}{port}")),
            ("LOGTO_DEV_PROT", "1"),
        ];
        let mut command = Command::new(env::current_exe().expect("this test"));
        command.args(["--exact", test, "--nocapture"]).envs(variables);
        let output = command.output().expect("it runs");
        let told = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.contains("1 passed"), "{told}\n{errors}");
        return;
    }
    let _turn = keep_log().await;
    let rocket = rocket::custom(figment()).attach(Provider::fairing()).attach(Logto::fairing());
    let browser = Browser::open(rocket).await;
    let endpoint = format!("{ENDPOINT}{}", env::var("LOGTO_DEV_PORT").expect("a port"));
    let answer = browser.visit("/sign-in").await;
    assert_eq!(answer.status, Status::SeeOther, "{answer:?}");
    let location = answer.location();
    assert!(location.starts_with(&format!("{endpoint}/oidc/auth?")), "{location}");
    let said = log();
    assert!(said.contains("DANGER: it listens on 0.0.0.0:"), "{said}");
    let unknown = "unknown environment variables: LOGTO_DEV_PROT (did you mean LOGTO_DEV_PORT?)";
    assert!(said.contains(unknown), "{said}");
}

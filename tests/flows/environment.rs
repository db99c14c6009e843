//! Tests of an application on a machine whose environment names the real Logto. Each test runs
//! its second half in a process of its own, with its own environment.

use std::process::Command;
use std::{env, fs};

use logto_dev::Provider;
use logto_rocket::{Config, Logto};
use logto_tests::{Browser, app};
use rocket::figment::Figment;
use rocket::local::asynchronous::Client;
use rocket::{Build, Rocket};

/// A port of this machine where nobody listens.
const REAL: &str = "http://127.0.0.1:1";

const EXPORTED: [(&str, &str); 9] = [
    ("LOGTO_ENDPOINT", REAL),
    ("LOGTO_INTERNAL_ENDPOINT", REAL),
    ("LOGTO_APP_ID", "real-app"),
    ("LOGTO_APP_SECRET_FILE", "/nowhere/secret"),
    ("LOGTO_BASE_URL", "https://app.example.com"),
    ("LOGTO_COOKIE_SECRET", "too short"),
    ("LOGTO_MACHINE_APP_ID", "real-machine"),
    ("LOGTO_MACHINE_APP_SECRET", "its secret"),
    ("LOGTO_SCOPES", "email"),
];

const ROCKET_TOML: &str = r#"
    [default.logto]
    endpoint = "https://real.logto.app"
    internal_endpoint = "http://127.0.0.1:1"
    app_id = "real-app"
    resources = ["https://api.example.com"]
    [global.logto]
    base_url = "https://app.example.com"
    [default.databases.main]
    url = "db.sqlite"
"#;

/// Runs `test` again, in a process with [`EXPORTED`] and [`ROCKET_TOML`]; whether this
/// is that process.
fn is_child(test: &str) -> bool {
    if env::var_os("CHILD").is_some() {
        return true;
    }
    let path =
        env::temp_dir().join(format!("{}-{}.toml", test.replace(':', "-"), std::process::id()));
    fs::write(&path, ROCKET_TOML).unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).envs(EXPORTED);
    let output = command.env("CHILD", "1").env("ROCKET_CONFIG", &path).output().unwrap();
    fs::remove_file(&path).unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{test}: {told}\n{errors}");
    false
}

fn own_rocket() -> Rocket<Build> {
    app(rocket::Config::figment().merge(("log_level", "off")))
}

async fn signs_in(provider: &Provider, rocket: Rocket<Build>) -> Figment {
    let browser = Browser::open(rocket).await;
    let page = browser.sign_in(provider, "/protected").await;
    assert!(page.body.contains("alice@example.com"), "LOGTO_SCOPES is not read: {page:?}");
    browser.client().rocket().figment().clone()
}

#[rocket::async_test]
async fn what_a_test_configures_wins_over_the_environment() {
    if is_child("environment::what_a_test_configures_wins_over_the_environment") {
        let provider = Provider::start().await;
        signs_in(&provider, app(provider.figment())).await;
        signs_in(&provider, own_rocket().configure(provider.figment())).await;
    }
}

#[rocket::async_test]
async fn configure_adds_to_what_the_application_has() {
    if is_child("environment::configure_adds_to_what_the_application_has") {
        let provider = Provider::start().await;
        let figment = signs_in(&provider, provider.configure(own_rocket())).await;
        let pool: String = figment.extract_inner("databases.main.url").unwrap();
        let resources: Vec<String> = figment.extract_inner("logto.resources").unwrap();
        assert_eq!((pool.as_str(), resources.len()), ("db.sqlite", 1));
    }
}

/// A test's provider cannot change a configuration in code: the launch fails, asking no Logto.
#[rocket::async_test]
async fn a_configuration_in_code_of_another_logto_ends_the_launch_of_a_test() {
    let provider = Provider::start().await;
    for (endpoint, launches) in [("https://real.logto.app", false), (provider.endpoint(), true)] {
        let fairing = Logto::fairing().config(Config::new(endpoint, "app"));
        let rocket = provider.configure(rocket::custom(provider.figment())).attach(fairing);
        let result = rocket.ignite().await.map_err(|error| drop(error.kind().to_string()));
        assert_eq!(result.is_ok(), launches, "{endpoint}");
    }
}

#[rocket::async_test]
async fn the_fairing_does_nothing_where_the_environment_names_a_logto() {
    if is_child("environment::the_fairing_does_nothing_where_the_environment_names_a_logto") {
        let bare = || rocket::custom(Figment::from(rocket::Config::debug_default()));
        let client = Client::untracked(bare().attach(Provider::fairing())).await.unwrap();
        assert!(!client.rocket().figment().contains("logto.endpoint"));
        // And only a test's provider wins over the environment.
        let figment = bare().figment().clone().merge(("logto.endpoint", "https://other.example"));
        let error = Config::from_figment(&figment).unwrap_err().to_string();
        assert!(error.contains("LOGTO_APP_SECRET_FILE"), "{error}");
    }
}

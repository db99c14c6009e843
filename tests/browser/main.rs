//! The sample application in a real browser: Chromium, driven by Playwright.
//!
//! What is done there stands in `scenarios.js` and `accessible.js`. `CHROMIUM` names another
//! Chromium than Debian's.

mod failures;
#[path = "../interop/node.rs"]
mod node;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/process.rs"]
mod process;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/quickstart.rs"]
mod quickstart;
mod spa;
mod uploads;
mod workers;

use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde::Deserialize;
use serde_json::json;

use self::failures::Failures;
use self::process::Program;
use self::quickstart::Quickstart;
use self::spa::Spa;
use self::uploads::Uploads;
use self::workers::Workers;

/// How the application is reached.
enum Over {
    Http,
    /// Through a proxy that ends TLS.
    Https,
    /// With cookies that end with the browser.
    Transient,
    /// To an application of its own.
    Uploads,
    /// To an application with service workers.
    Workers,
    /// To the sample of a front end in JavaScript.
    Spa,
    /// To an application that fails.
    Failures,
    /// To another example.
    Api,
    Devices,
    Organizations,
    Templates,
    HandWrittenRoutes,
}

/// A test for each scenario, which has the test's name with spaces.
macro_rules! scenarios {
    ($($name:ident: $over:ident,)*) => {
        const SCENARIOS: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                run(stringify!($name), &Over::$over);
            }
        )*
    };
}

scenarios! {
    a_stranger_signs_in_and_comes_back_to_the_page: Http,
    a_new_user_signs_up: Http,
    a_cancelled_sign_in_says_so_and_can_be_begun_again: Http,
    a_sign_out_ends_the_session_here_and_at_the_provider: Http,
    a_sign_out_at_the_provider_ends_the_session_here: Http,
    another_site_cannot_sign_anybody_out: Http,
    a_form_on_another_host_of_the_site_signs_nobody_out: Http,
    everything_works_without_javascript: Http,
    two_tabs_sign_in_at_once_and_land_on_their_own_pages: Http,
    a_browser_that_lost_its_cookies_is_told_so_and_sent_round_no_more: Http,
    the_back_button_brings_no_error_and_signs_nobody_out: Http,
    scripts_see_no_cookie_and_the_cookies_are_lax: Http,
    over_https_the_cookies_are_secure_and_of_this_host_alone: Https,
    a_sign_in_begun_on_another_name_of_this_host_succeeds: Http,
    only_a_navigation_begins_a_sign_in: Http,
    only_a_click_signs_anybody_out: Http,
    a_session_that_is_not_persistent_ends_with_the_browser: Transient,
    an_upload_after_the_session_has_ended_is_answered: Uploads,
    service_workers_pass_sign_ins_on: Workers,
    a_front_end_in_javascript_leads_to_sign_in_whenever_nobody_is_signed_in: Spa,
    the_pages_of_the_sample_and_of_its_provider_are_for_everybody: Http,
    the_pages_of_the_library_are_for_everybody: Failures,
    the_pages_of_an_api_are_for_everybody: Api,
    the_pages_of_devices_are_for_everybody: Devices,
    the_pages_of_organizations_are_for_everybody: Organizations,
    the_pages_of_templates_are_for_everybody: Templates,
    the_pages_of_hand_written_routes_are_for_everybody: HandWrittenRoutes,
}

#[test]
fn every_scenario_has_a_test() {
    let Some(driver) = driver() else { return };
    let tests: Vec<_> = SCENARIOS.iter().map(|name| name.replace('_', " ")).collect();
    assert_eq!(driver.scenarios, tests);
}

fn passes(driver: &mut Driver, scenario: &str, url: &str) {
    assert_eq!(driver.run(scenario, url), None);
}

fn run(scenario: &str, over: &Over) {
    let Some(mut driver) = driver() else { return };
    let name = scenario.replace('_', " ");
    let https = format!("https://localhost:{}", driver.proxy);
    let application = match over {
        Over::Http => Quickstart::start(&[]),
        Over::Transient => Quickstart::start(&[("LOGTO_SESSION_PERSISTENT", "false")]),
        Over::Https => Quickstart::start(&[("LOGTO_BASE_URL", &https)]),
        Over::Uploads => return passes(&mut driver, &name, &Uploads::start().url()),
        Over::Spa => return passes(&mut driver, &name, &Spa::start().url()),
        Over::Workers => return passes(&mut driver, &name, &Workers::start().url()),
        Over::Failures => return passes(&mut driver, &name, &Failures::start().url()),
        Over::Api => Quickstart::start_example("api"),
        Over::Devices => Quickstart::start_example("devices"),
        Over::Organizations => Quickstart::start_example("organizations"),
        Over::Templates => Quickstart::start_example("templates"),
        Over::HandWrittenRoutes => Quickstart::start_example("hand-written-routes"),
    };
    let problem = driver.run(&name, &application.base_url);
    assert!(
        problem.is_none(),
        "{}\n{}",
        problem.unwrap_or_default(),
        application.log_with("Rocket has launched")
    );
}

/// Runs scenarios in a browser, one after the other. It ends with this process, when its stdin
/// does.
struct Driver {
    program: Program,
    proxy: u64,
    scenarios: Vec<String>,
}

impl Driver {
    fn start() -> Result<Self, String> {
        let folder = node::folder("browser");
        let chromium = env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
        if !Path::new(&chromium).exists() {
            return Err(format!("there is no Chromium at {chromium}; CHROMIUM can name another"));
        }
        node::install(&folder)?;
        let screenshots = quickstart::target_folder().join("screenshots");
        let mut command = Command::new("node");
        command.arg("run.js").current_dir(folder);
        command.env("CHROMIUM", chromium).env("SCREENSHOTS", screenshots);
        let program = Program::start("browser", &mut command);
        let line = program.line().unwrap_or_else(|| panic!("no browser:\n{}", program.output()));
        let ready: Ready = serde_json::from_str(&line).expect("it says when it is ready");
        Ok(Self { program, proxy: ready.port, scenarios: ready.scenarios })
    }

    /// Runs a scenario, and returns what went wrong.
    fn run(&mut self, scenario: &str, application: &str) -> Option<String> {
        let order = json!({ "scenario": scenario, "app": application });
        self.program.tell(&order.to_string());
        let line = self.program.line().expect("the browser runs");
        serde_json::from_str(&line).expect("it answers in JSON")
    }
}

#[derive(Deserialize)]
struct Ready {
    port: u64,
    scenarios: Vec<String>,
}

/// The one driver of these tests; `None`, and a word about why, where it cannot run.
fn driver() -> Option<MutexGuard<'static, Driver>> {
    static DRIVER: OnceLock<Result<Mutex<Driver>, String>> = OnceLock::new();
    match DRIVER.get_or_init(|| Driver::start().map(Mutex::new)) {
        // A scenario that failed leaves the browser as good as new.
        Ok(driver) => Some(driver.lock().unwrap_or_else(PoisonError::into_inner)),
        Err(reason) => {
            node::skip(reason);
            None
        }
    }
}

//! The sample application in a real browser: Chromium, driven by Playwright.
//!
//! What is done there stands in `scenarios.js` and `accessible.js`. `CHROMIUM` names another
//! Chromium than Debian's.

mod examples;
mod failures;
#[path = "../interop/node.rs"]
mod node;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/process.rs"]
mod process;
#[allow(dead_code, reason = "the interop tests use all of it")]
#[path = "../interop/quickstart.rs"]
mod quickstart;
mod titles;
mod uploads;
mod workers;

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde::Deserialize;
use serde_json::json;

use self::examples::{Database, Instances, Spa, Templates};
use self::failures::Failures;
use self::process::Program;
use self::quickstart::Quickstart;
use self::uploads::Uploads;
use self::workers::Workers;

/// The application, and how it is reached.
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
    /// To an application that fails.
    Failures,
    /// To an example, by its name.
    Example(&'static str),
}

/// A running application.
trait Application {
    fn url(&self) -> String;

    /// The addresses of the same application with providers that fail: none that answers, and
    /// one that talks nonsense.
    fn failing(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Application for Quickstart {
    fn url(&self) -> String {
        self.base_url.clone()
    }
}

/// A test for each scenario, which has the test's name with spaces.
macro_rules! scenarios {
    ($($name:ident: $over:expr,)*) => {
        const SCENARIOS: &[(&str, Over)] = {
            use Over::*;
            &[$((stringify!($name), $over)),*]
        };
        $(
            #[test]
            fn $name() {
                use Over::*;
                run(stringify!($name), &$over);
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
    a_front_end_in_javascript_leads_to_sign_in_whenever_nobody_is_signed_in: Example("spa"),
    the_pages_of_the_sample_and_of_its_provider_are_for_everybody: Example("quickstart"),
    the_pages_of_the_library_are_for_everybody: Failures,
    the_pages_of_an_account_are_for_everybody: Example("account"),
    the_pages_of_an_api_are_for_everybody: Example("api"),
    the_pages_of_a_database_are_for_everybody: Example("database"),
    the_pages_of_devices_are_for_everybody: Example("devices"),
    the_pages_of_a_front_end_in_javascript_are_for_everybody: Example("spa"),
    the_pages_of_hand_written_routes_are_for_everybody: Example("hand-written-routes"),
    the_pages_of_instances_are_for_everybody: Example("redis"),
    the_pages_of_organizations_are_for_everybody: Example("organizations"),
    the_pages_of_templates_are_for_everybody: Example("templates"),
}

/// Examples without a page: they answer text or JSON, or are another one in a container.
const WITHOUT_PAGES: [&str; 5] =
    ["docker", "minimal", "openapi-okapi", "openapi-utoipa", "sql-store"];

#[test]
fn the_pages_of_every_example_have_a_scenario() {
    let visited = SCENARIOS.iter().filter(|(name, _)| name.ends_with("for_everybody"));
    let visited = visited.filter_map(|(_, over)| match over {
        Over::Example(name) => Some((*name).to_owned()),
        _ => None,
    });
    let (with, without): (Vec<_>, Vec<_>) =
        titles::examples().into_iter().partition(|name| !WITHOUT_PAGES.contains(&&**name));
    assert_eq!(BTreeSet::from_iter(with), visited.collect());
    for example in without {
        assert_eq!(titles::of_example(&example), BTreeSet::new(), "{example} has pages");
    }
}

#[test]
fn every_scenario_has_a_test() {
    let Some(driver) = driver() else { return };
    let tests: Vec<_> = SCENARIOS.iter().map(|(name, _)| name.replace('_', " ")).collect();
    assert_eq!(driver.scenarios, tests);
}

fn run(scenario: &str, over: &Over) {
    let Some(mut driver) = driver() else { return };
    let https = format!("https://localhost:{}", driver.proxy);
    let application: Box<dyn Application> = match *over {
        Over::Http => Box::new(Quickstart::start(&[])),
        Over::Transient => Box::new(Quickstart::start(&[("LOGTO_SESSION_PERSISTENT", "false")])),
        Over::Https => Box::new(Quickstart::start(&[("LOGTO_BASE_URL", &https)])),
        Over::Uploads => Box::new(Uploads::start()),
        Over::Workers => Box::new(Workers::start()),
        Over::Failures => Box::new(Failures::start()),
        Over::Example("database") if rustversion::cfg!(before(1.94)) => {
            return node::skip("the example `database` needs Rust 1.94");
        }
        Over::Example("database") => Box::new(Database::start()),
        Over::Example("redis") => Box::new(Instances::start()),
        Over::Example("spa") => Box::new(Spa::start()),
        Over::Example("templates") => Box::new(Templates::start()),
        Over::Example(name) => Box::new(Quickstart::start_example(name, &[])),
    };
    let Visited { problem, titles: seen } = driver.run(&scenario.replace('_', " "), &*application);
    assert_eq!(problem, None);
    if scenario.ends_with("for_everybody") {
        let pages = pages(over);
        assert!(!pages.is_empty(), "no titles in the sources");
        assert_eq!(titles::unseen(pages, &seen), BTreeSet::new(), "seen: {seen:#?}");
    }
}

/// The titles of all pages that such an application has.
fn pages(over: &Over) -> BTreeSet<String> {
    match *over {
        Over::Failures => titles::of_library(),
        Over::Example("quickstart") => &titles::of_example("quickstart") | &titles::of_provider(),
        Over::Example(name) => titles::of_example(name),
        _ => unreachable!("only those have tests of all pages"),
    }
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

    fn run(&mut self, scenario: &str, application: &dyn Application) -> Visited {
        let (app, failing) = (application.url(), application.failing());
        let order = json!({ "scenario": scenario, "app": app, "failing": failing });
        self.program.tell(&order.to_string());
        let line = self.program.line().expect("the browser runs");
        serde_json::from_str(&line).expect("it answers in JSON")
    }
}

/// What went wrong in a scenario, and the titles of the pages that it looked at.
#[derive(Deserialize)]
struct Visited {
    problem: Option<String>,
    titles: BTreeSet<String>,
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

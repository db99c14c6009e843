//! An application without catchers, in this process: what fails shows the library's own pages.

use logto_dev::{Provider, User as Person};
use logto_rocket::{AfterSignIn, Error, Hooks, Logto, Result, User, authenticated};
use logto_tests::Live;
use rocket::figment::Figment;
use rocket::request::Request;
use rocket::tokio::runtime::Runtime;
use rocket::{Build, Rocket, get, post, routes};

use crate::Application;
use crate::quickstart::free_port;

/// The running application.
pub(crate) struct Failures {
    live: Live,
    cut_off: Live,
    _provider: Provider,
    _runtime: Runtime,
}

impl Failures {
    pub(crate) fn start() -> Self {
        let port = free_port();
        let base = format!("http://127.0.0.1:{port}");
        let runtime = Runtime::new().expect("a runtime");
        let provider = runtime.block_on(Provider::builder().base_url(&base).start());
        let roles = (0..500).map(|n| format!("a role with the number {n}"));
        provider.add(roles.fold(Person::new("mandy"), Person::role));
        let figment = provider.figment().merge(("logto.base_url", &base));
        let live = runtime.block_on(Live::at(port, application(figment)));
        let nowhere = Figment::from(rocket::Config::debug_default())
            .merge(("logto.endpoint", "http://127.0.0.1:9"))
            .merge(("logto.app_id", "app"));
        let cut_off = runtime.block_on(Live::start(application(nowhere)));
        Self { live, cut_off, _provider: provider, _runtime: runtime }
    }
}

impl Application for Failures {
    fn url(&self) -> String {
        self.live.url()
    }

    fn failing(&self) -> Vec<String> {
        vec![self.cut_off.url()]
    }
}

fn application(figment: Figment) -> Rocket<Build> {
    let figment = figment
        .merge(("logto.scopes", ["roles"]))
        .merge(("logto.app_name", "Shop"))
        .merge(("log_level", "off"));
    let rocket = rocket::custom(figment).attach(Logto::fairing().hooks(NotBob));
    rocket.mount("/", routes![closed, send, admin, failing])
}

struct NotBob;

#[rocket::async_trait]
impl Hooks for NotBob {
    async fn after_sign_in(&self, _: &Request<'_>, user: &User) -> Result<AfterSignIn> {
        Ok(match user.username().value() {
            Some("bob") => AfterSignIn::Refuse("Your account is closed.".into()),
            _ => AfterSignIn::Continue,
        })
    }
}

#[authenticated]
#[get("/closed")]
fn closed() {}

#[authenticated]
#[post("/closed")]
fn send() {}

#[authenticated(redirect, roles("owner"))]
#[get("/admin")]
fn admin() {}

#[get("/failing")]
fn failing() -> Error {
    Error::store("it is down")
}

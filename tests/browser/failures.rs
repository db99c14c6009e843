//! An application without catchers, in this process: what fails shows the library's own pages.

use logto_dev::Provider;
use logto_rocket::{AfterSignIn, Error, Hooks, Logto, Result, User, authenticated};
use logto_tests::Live;
use rocket::request::Request;
use rocket::tokio::runtime::Runtime;
use rocket::{get, routes};

use crate::quickstart::free_port;

/// The running application.
pub(crate) struct Failures {
    live: Live,
    _provider: Provider,
    _runtime: Runtime,
}

impl Failures {
    pub(crate) fn start() -> Self {
        let port = free_port();
        let base = format!("http://127.0.0.1:{port}");
        let runtime = Runtime::new().expect("a runtime");
        let provider = runtime.block_on(Provider::builder().base_url(&base).start());
        let figment = provider.figment().merge(("logto.base_url", &base));
        let figment = figment
            .merge(("logto.scopes", ["roles"]))
            .merge(("logto.app_name", "Shop"))
            .merge(("log_level", "off"));
        let rocket = rocket::custom(figment).attach(Logto::fairing().hooks(NotBob));
        let rocket = rocket.mount("/", routes![closed, admin, failing]);
        let live = runtime.block_on(Live::at(port, rocket));
        Self { live, _provider: provider, _runtime: runtime }
    }

    pub(crate) fn url(&self) -> String {
        self.live.url()
    }
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

#[authenticated(redirect, roles("owner"))]
#[get("/admin")]
fn admin() {}

#[get("/failing")]
fn failing() -> Error {
    Error::store("it is down")
}

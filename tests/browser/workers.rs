//! An application with service workers, in this process, with a provider of its own.

use std::net::TcpListener;

use logto_dev::Provider;
use logto_rocket::{Logto, User, authenticated};
use logto_tests::Live;
use rocket::http::Header;
use rocket::response::content::RawHtml;
use rocket::tokio::runtime::Runtime;
use rocket::{Responder, get, routes};

use crate::Application;

/// The running application.
pub(crate) struct Workers {
    live: Live,
    _provider: Provider,
    _runtime: Runtime,
}

impl Workers {
    pub(crate) fn start() -> Self {
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = free.local_addr().expect("its address").port();
        drop(free);
        let base = format!("http://127.0.0.1:{port}");
        let runtime = Runtime::new().expect("a runtime");
        let provider = runtime.block_on(Provider::builder().base_url(&base).start());
        let figment = provider.figment().merge(("logto.base_url", &base));
        let rocket = rocket::custom(figment.merge(("log_level", "off")));
        let rocket = rocket.attach(Logto::fairing());
        let routes = routes![page, worker, private, private_image];
        let live = runtime.block_on(Live::at(port, rocket.mount("/", routes)));
        Self { live, _provider: provider, _runtime: runtime }
    }
}

impl Application for Workers {
    fn url(&self) -> String {
        self.live.url()
    }
}

/// Passes everything on.
const NAIVE: &str =
    "addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));";

/// Has the browser ask before the worker has started.
const PRELOADING: &str = "
addEventListener('activate', (event) =>
  event.waitUntil(registration.navigationPreload.enable()));
addEventListener('fetch', (event) => event.respondWith((async () =>
  (await event.preloadResponse) ?? fetch(event.request))()));";

/// Keeps what it can for times without a network.
const CACHING: &str = "
addEventListener('fetch', (event) => event.respondWith((async () => {
  const cache = await caches.open('pages');
  try {
    const answer = await fetch(event.request);
    if (answer.ok) await cache.put(event.request, answer.clone());
    return answer;
  } catch (error) {
    return (await cache.match(event.request)) ?? Response.error();
  }
})()));";

/// Takes over the page that it is registered on.
const TAKES_OVER: &str = "
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));";

/// A script that may control the whole site.
#[derive(Responder)]
#[response(content_type = "text/javascript")]
struct Worker(String, Header<'static>);

#[get("/workers/<kind>")]
fn worker(kind: &str) -> Option<Worker> {
    let script = match kind {
        "naive" => NAIVE,
        "preloading" => PRELOADING,
        "caching" => CACHING,
        _ => return None,
    };
    let allowed = Header::new("Service-Worker-Allowed", "/");
    Some(Worker(format!("{TAKES_OVER}{script}"), allowed))
}

#[get("/public")]
fn page() -> RawHtml<&'static str> {
    RawHtml("<h1>Public</h1>")
}

#[authenticated(redirect)]
#[get("/pages/private")]
fn private(user: &User) -> RawHtml<String> {
    RawHtml(format!("<h1>Hello, {}!</h1><a href=/sign-out>Sign out</a>", user.display_name()))
}

#[authenticated(redirect)]
#[get("/images/private")]
fn private_image() {}

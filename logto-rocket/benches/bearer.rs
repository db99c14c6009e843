//! The cost of an access token that a request presents, in process. The baseline is a bare route
//! of the same application, with the same header.

use std::cell::Cell;

use divan::Bencher;
use logto_dev::Provider;
use logto_rocket::internal::is_known;
use logto_rocket::{Audience, AuthInfo, Logto, authenticated};
use rocket::http::Header;
use rocket::local::blocking::Client;
use rocket::tokio::runtime::Runtime;
use rocket::{get, routes};

const API: &str = "https://api.example.com";

fn main() {
    divan::main();
}

#[get("/bare")]
fn bare() -> &'static str {
    "ok"
}

#[authenticated(bearer, resource = "https://api.example.com", scopes("read:items"))]
#[get("/items")]
fn items() -> &'static str {
    "ok"
}

#[authenticated(bearer, resource = "https://api.example.com", scopes("read:items"))]
#[get("/auth")]
fn with_auth(auth: &AuthInfo) -> &'static str {
    let _ = auth;
    "ok"
}

/// An application, and the provider whose tokens it takes.
struct App {
    client: Client,
    runtime: Runtime,
    _provider: Provider,
    count: Cell<usize>,
}

impl App {
    fn new() -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let provider = runtime.block_on(Provider::start());
        let figment = provider.figment().merge(("logto.resources", [API]));
        let routes = routes![bare, items, with_auth];
        let rocket = rocket::custom(figment).attach(Logto::fairing()).mount("/", routes);
        let client = Client::untracked(rocket).expect("the application launches");
        Self { client, runtime, _provider: provider, count: Cell::new(0) }
    }

    fn logto(&self) -> &Logto {
        self.client.rocket().state().expect("it is attached")
    }

    /// A new token: no two ask for the same scopes, of which one is granted.
    fn token(&self) -> String {
        self.count.set(self.count.get() + 1);
        let scopes = ["read:items".to_owned(), format!("none:{}", self.count.get())];
        let token = self.logto().client_credentials(Audience::resource(API), scopes);
        self.runtime.block_on(token).expect("a token").secret().to_owned()
    }

    fn bench(&self, bencher: Bencher<'_, '_>, path: &'static str, token: impl Fn() -> String) {
        let request = || {
            let header = Header::new("Authorization", format!("Bearer {}", token()));
            self.client.get(path).header(header)
        };
        assert_eq!(request().dispatch().status().code, 200);
        bencher.with_inputs(request).bench_local_values(|request| {
            let status = request.dispatch().status();
            assert_eq!(status.code, 200);
        });
    }

    fn bench_known(&self, bencher: Bencher<'_, '_>, path: &'static str) {
        let token = self.token();
        self.bench(bencher, path, || token.clone());
    }
}

#[divan::bench]
fn bare_with_token(bencher: Bencher<'_, '_>) {
    App::new().bench_known(bencher, "/bare");
}

#[divan::bench]
fn known_token(bencher: Bencher<'_, '_>) {
    App::new().bench_known(bencher, "/items");
}

#[divan::bench]
fn known_token_with_auth_info(bencher: Bencher<'_, '_>) {
    App::new().bench_known(bencher, "/auth");
}

/// Only that it is known, and nothing else of the request.
#[divan::bench]
fn look_up(bencher: Bencher<'_, '_>) {
    let app = App::new();
    let token = app.token();
    // A process's first token comes before its keys, and is verified twice.
    for _ in 0..2 {
        let header = Header::new("Authorization", format!("Bearer {token}"));
        assert_eq!(app.client.get("/items").header(header).dispatch().status().code, 200);
    }
    bencher.bench_local(|| assert!(is_known(app.logto(), &token)));
}

/// From the header to the handler: the signature, the claims, and remembering it.
#[divan::bench(sample_count = 200, sample_size = 1)]
fn new_token(bencher: Bencher<'_, '_>) {
    let app = App::new();
    app.bench(bencher, "/items", || app.token());
}

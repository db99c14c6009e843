//! What protection adds to a request, in process. The baseline is a bare route of
//! the same application, without and with the session's cookie.

use divan::Bencher;
use logto_dev::Provider;
use logto_rocket::{IdTokenClaims, Logto, User, authenticated};
use rocket::http::{Cookie, Status};
use rocket::local::blocking::Client;
use rocket::tokio::runtime::Runtime;
use rocket::{get, routes};

fn main() {
    divan::main();
}

#[get("/bare")]
fn bare() -> &'static str {
    "ok"
}

#[authenticated]
#[get("/protected")]
fn protected() -> &'static str {
    "ok"
}

#[authenticated(redirect)]
#[get("/page")]
fn page() -> &'static str {
    "ok"
}

#[authenticated]
#[get("/user")]
fn user(user: &User) -> &'static str {
    let _ = user;
    "ok"
}

#[authenticated]
#[get("/claims")]
fn claims(claims: &IdTokenClaims) -> &'static str {
    let _ = claims;
    "ok"
}

#[authenticated(roles("items-admin"))]
#[get("/admin")]
fn admin() -> &'static str {
    "ok"
}

/// An ordinary user: a name, a picture, an email address, a role.
fn carol() -> logto_dev::User {
    logto_dev::User::new("carol")
        .role("items-admin")
        .name("Carol Danvers")
        .picture("https://example.com/avatars/carol.png")
        .email("carol@example.com")
}

/// An application and the cookie of its user.
struct App {
    client: Client,
    cookies: Vec<Cookie<'static>>,
    runtime: Runtime,
    provider: Provider,
}

impl App {
    fn new(store: &str) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let provider = runtime.block_on(Provider::builder().user(carol()).start());
        let figment = provider
            .figment()
            .merge(("logto.session.store", store))
            .merge(("logto.scopes", ["email", "roles"]));
        let routes = routes![bare, protected, page, user, claims, admin];
        let rocket = rocket::custom(figment).attach(Logto::fairing()).mount("/", routes);
        let client = Client::untracked(rocket).expect("the application launches");

        let cookies = sign_in(&client, |location| {
            runtime.block_on(provider.approve(location, "carol")).expect("a sign-in")
        });
        Self { client, cookies, runtime, provider }
    }

    fn bench(&self, bencher: Bencher<'_, '_>, path: &'static str, signed_in: bool, status: u16) {
        let cookies = if signed_in { self.cookies.clone() } else { Vec::new() };
        // A clone of a request would share the first one's cache.
        let request = || self.client.get(path).cookies(cookies.clone());
        assert_eq!(request().dispatch().status().code, status);
        bencher.with_inputs(request).bench_local_values(|request| request.dispatch().status());
    }
}

/// Signs in, with `approve` for the browser's way through the provider.
fn sign_in(client: &Client, approve: impl Fn(&str) -> String) -> Vec<Cookie<'static>> {
    let answer = client.get("/sign-in").dispatch();
    let callback = approve(answer.headers().get_one("Location").expect("a redirect"));
    let callback = callback.trim_start_matches("http://localhost:8000").to_owned();
    let answer = client.get(callback).cookies(cookies(&answer)).dispatch();
    assert_eq!(answer.status(), Status::SeeOther);
    cookies(&answer).into_iter().filter(|cookie| !cookie.value().is_empty()).collect()
}

fn cookies(answer: &rocket::local::blocking::LocalResponse<'_>) -> Vec<Cookie<'static>> {
    let set = answer.headers().get("Set-Cookie");
    set.map(|line| Cookie::parse(line.to_owned()).expect("a cookie")).collect()
}

#[divan::bench]
fn bare_without_cookie(bencher: Bencher<'_, '_>) {
    App::new("cookie").bench(bencher, "/bare", false, 200);
}

#[divan::bench]
fn stranger_401(bencher: Bencher<'_, '_>) {
    App::new("cookie").bench(bencher, "/protected", false, 401);
}

#[divan::bench]
fn stranger_303(bencher: Bencher<'_, '_>) {
    App::new("cookie").bench(bencher, "/page", false, 303);
}

const STORES: [&str; 2] = ["cookie", "memory"];

#[divan::bench(args = STORES)]
fn bare_with_cookie(bencher: Bencher<'_, '_>, store: &str) {
    App::new(store).bench(bencher, "/bare", true, 200);
}

#[divan::bench(args = STORES)]
fn signed_in(bencher: Bencher<'_, '_>, store: &str) {
    App::new(store).bench(bencher, "/protected", true, 200);
}

#[divan::bench(args = STORES)]
fn signed_in_user(bencher: Bencher<'_, '_>, store: &str) {
    App::new(store).bench(bencher, "/user", true, 200);
}

#[divan::bench(args = STORES)]
fn signed_in_claims(bencher: Bencher<'_, '_>, store: &str) {
    App::new(store).bench(bencher, "/claims", true, 200);
}

#[divan::bench(args = STORES)]
fn signed_in_roles(bencher: Bencher<'_, '_>, store: &str) {
    App::new(store).bench(bencher, "/admin", true, 200);
}

/// The redirect to the provider: transaction, sealed cookie, address.
#[divan::bench]
fn begin_sign_in(bencher: Bencher<'_, '_>) {
    let app = App::new("cookie");
    let request = || app.client.get("/sign-in");
    bencher.with_inputs(request).bench_local_values(|request| request.dispatch().status());
}

/// The callback, from redeeming the code to the session: including the token request
/// over loopback, and so the provider's share.
#[divan::bench(sample_count = 50, sample_size = 1)]
fn complete_sign_in(bencher: Bencher<'_, '_>) {
    let app = App::new("cookie");
    let callback = || {
        let answer = app.client.get("/sign-in").dispatch();
        let location = answer.headers().get_one("Location").expect("a redirect");
        let callback = app.runtime.block_on(app.provider.approve(location, "carol"));
        let callback = callback.expect("a sign-in");
        let path = callback.trim_start_matches("http://localhost:8000").to_owned();
        app.client.get(path).cookies(cookies(&answer))
    };
    bencher.with_inputs(callback).bench_local_values(|request| {
        assert_eq!(request.dispatch().status(), Status::SeeOther);
    });
}

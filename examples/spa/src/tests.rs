//! What the README promises, with a provider instead of Logto. The API runs on a port of its own.

use logto_dev::Provider;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::http::{Accept, ContentType, Header, SameSite, Status};
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::serde::json::{Value, from_str};
use rocket::{Config, Shutdown, tokio};

use crate::{api, site};

/// The site, in a browser, and the API that it calls.
struct World {
    provider: Provider,
    client: Client,
    api: Shutdown,
}

impl World {
    async fn open() -> Self {
        Self::with(|figment| figment).await
    }

    async fn with(more: impl Fn(Figment) -> Figment) -> Self {
        let provider = Provider::start().await;
        let (api, port) = start_api(provider.endpoint()).await;
        let figment = provider.figment().merge(("api_url", format!("http://127.0.0.1:{port}")));
        let client = Client::tracked(site(more(figment))).await.expect("it launches");
        Self { provider, client, api }
    }

    async fn get(&self, path: &'static str) -> LocalResponse<'_> {
        self.client.get(path).header(Accept::JSON).dispatch().await
    }

    /// As the page posts it, or as one of another origin does.
    async fn add(&self, name: &str, origin: &'static str) -> LocalResponse<'_> {
        let request = self.client.post("/api/items").header(ContentType::JSON);
        let request = request.header(Header::new("Origin", origin));
        request.body(format!(r#"{{"name":"{name}"}}"#)).dispatch().await
    }

    async fn items(&self) -> Value {
        json(self.get("/api/items").await).await
    }
}

async fn start_api(endpoint: &str) -> (Shutdown, u16) {
    let (ready, started) = tokio::sync::oneshot::channel();
    let figment = Figment::from(Config::debug_default())
        .merge(("port", 0))
        .merge(("log_level", "off"))
        .merge(("shutdown.ctrlc", false));
    let api = api::api(figment, endpoint.to_owned()).attach(tell(ready));
    let api = api.ignite().await.expect("it ignites");
    let shutdown = api.shutdown();
    tokio::spawn(api.launch());
    (shutdown, started.await.expect("it launches"))
}

/// Tells the port once it is open.
fn tell(ready: tokio::sync::oneshot::Sender<u16>) -> AdHoc {
    AdHoc::on_liftoff("port", |rocket| {
        let _ = ready.send(rocket.config().port);
        Box::pin(async {})
    })
}

async fn json(response: LocalResponse<'_>) -> Value {
    assert_eq!(response.content_type(), Some(ContentType::JSON));
    from_str(&response.into_string().await.expect("a body")).expect("JSON")
}

const OWN: &str = "http://localhost:8000";

#[rocket::async_test]
async fn a_stranger_gets_the_page_and_401_as_json_from_the_backend() {
    let world = World::open().await;
    for file in ["/", "/app.js", "/backend.js", "/style.css"] {
        assert_eq!(world.get(file).await.status(), Status::Ok, "{file}");
    }
    for path in ["/api/me", "/api/items"] {
        let response = world.get(path).await;
        assert_eq!(response.status(), Status::Unauthorized);
        assert_eq!(json(response).await["error"], "Not authenticated");
    }
    assert_eq!(world.add("Rope", OWN).await.status(), Status::Unauthorized);
}

/// The link that the page makes of its own address.
#[rocket::async_test]
async fn a_sign_in_comes_back_to_where_the_page_was() {
    let world = World::open().await;
    let link = "/sign-in?return_to=%2F%3Fpage%3D2";
    let landing = world.provider.sign_in_at(&world.client, link, "alice").await;
    assert_eq!(landing, "/?page=2");
    assert_eq!(json(world.get("/api/me").await).await["name"], "Alice Lidell");
}

#[rocket::async_test]
async fn the_backend_calls_the_api_for_the_user() {
    let world = World::open().await;
    world.provider.sign_in(&world.client, "alice").await;
    assert_eq!(world.items().await, Value::Array(Vec::new()));
    let added = world.add(" Rope ", OWN).await;
    assert_eq!(added.status(), Status::Created);
    assert_eq!(json(added).await["name"], "Rope");
    assert_eq!(world.items().await[0]["name"], "Rope");
    assert_eq!(world.add(" ", OWN).await.status(), Status::UnprocessableEntity);

    world.client.get("/sign-out").dispatch().await;
    world.provider.sign_in(&world.client, "bob").await;
    assert_eq!(world.items().await, Value::Array(Vec::new()), "those of bob");
}

#[rocket::async_test]
async fn bob_may_read_only() {
    let world = World::open().await;
    world.provider.sign_in(&world.client, "bob").await;
    let refused = world.add("Rope", OWN).await;
    assert_eq!(refused.status(), Status::Forbidden);
    assert_eq!(json(refused).await["error"], "Forbidden");
}

#[rocket::async_test]
async fn a_page_of_another_origin_cannot_post_unless_it_is_trusted() {
    let front_end = "http://app.localhost:3000";
    let world = World::open().await;
    world.provider.sign_in(&world.client, "alice").await;
    assert_eq!(world.add("Rope", front_end).await.status(), Status::Forbidden);
    assert_eq!(world.items().await, Value::Array(Vec::new()));

    let trusts = |figment: Figment| figment.merge(("logto.trusted_origins", [front_end]));
    let world = World::with(trusts).await;
    world.provider.sign_in(&world.client, "alice").await;
    assert_eq!(world.add("Rope", front_end).await.status(), Status::Created);
    assert_eq!(world.add("Rope", "https://evil.example").await.status(), Status::Forbidden);
}

/// A JWT begins with `eyJ`.
#[rocket::async_test]
async fn the_browser_holds_a_cookie_that_no_script_reads_and_no_token() {
    let world = World::open().await;
    world.provider.sign_in(&world.client, "alice").await;
    for cookie in world.client.cookies().iter() {
        assert_eq!(cookie.http_only(), Some(true), "{cookie}");
        assert_eq!(cookie.same_site(), Some(SameSite::Lax), "{cookie}");
        assert!(!cookie.value().contains("eyJ"), "{cookie}");
    }
    for path in ["/", "/api/me", "/api/items"] {
        let body = world.get(path).await.into_string().await.expect("a body");
        assert!(!body.contains("eyJ"), "{path}: {body}");
    }
    for file in [include_str!("../static/app.js"), include_str!("../static/backend.js")] {
        let stores = ["localStorage", "sessionStorage", "document.cookie", "innerHTML"];
        assert!(!stores.iter().any(|store| file.contains(store)));
    }
}

/// One tab signs out, and the other one's next call finds it out.
#[rocket::async_test]
async fn a_sign_out_in_another_tab_is_a_401_at_the_next_call() {
    let world = World::open().await;
    world.provider.sign_in(&world.client, "alice").await;
    assert_eq!(world.get("/api/items").await.status(), Status::Ok);
    world.client.get("/sign-out").dispatch().await;
    assert_eq!(world.get("/api/items").await.status(), Status::Unauthorized);
    assert_eq!(world.add("Rope", OWN).await.status(), Status::Unauthorized);
}

#[rocket::async_test]
async fn a_failing_api_is_told_as_json_and_signs_nobody_out() {
    let world = World::open().await;
    world.provider.sign_in(&world.client, "alice").await;
    world.api.clone().notify();
    world.api.clone().await;
    let mut response = world.get("/api/items").await;
    while response.status() == Status::Ok {
        tokio::task::yield_now().await;
        response = world.get("/api/items").await;
    }
    assert_eq!(response.status(), Status::ServiceUnavailable);
    assert_eq!(json(response).await["error"], "Service Unavailable");
    assert_eq!(world.get("/api/me").await.status(), Status::Ok);
}

/// An API of another audience refuses the token with 401, and the user stays signed in.
#[rocket::async_test]
async fn an_api_that_refuses_the_token_is_a_bad_gateway() {
    let other = Provider::start().await;
    let (_api, port) = start_api(other.endpoint()).await;
    let url = format!("http://127.0.0.1:{port}");
    let world = World::with(|figment| figment.merge(("api_url", url.as_str()))).await;
    world.provider.sign_in(&world.client, "alice").await;
    assert_eq!(world.get("/api/items").await.status(), Status::BadGateway);
}

/// What the API says to those who have the cookie and no token.
#[rocket::async_test]
async fn the_api_takes_tokens_and_no_cookies() {
    let provider = Provider::start().await;
    let figment = Figment::from(Config::debug_default()).merge(("log_level", "off"));
    let api = api::api(figment, provider.endpoint().to_owned());
    let client = Client::tracked(api).await.expect("it launches");
    let response = client.get("/items").cookie(("logto", "x")).dispatch().await;
    assert_eq!(response.status(), Status::Unauthorized);
    assert_eq!(response.headers().get_one("WWW-Authenticate"), Some("Bearer"));
}

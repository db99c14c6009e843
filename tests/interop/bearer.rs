//! Access tokens from a provider that nobody here wrote, presented to an API.

use logto_rocket::{ApiResource, AuthInfo, Logto, authenticated};
use rocket::figment::Figment;
use rocket::http::{Header, Status};
use rocket::local::asynchronous::Client;
use rocket::{get, routes};
use serde_json::json;

use crate::provider::Provider;
use crate::visitor::Visitor;

const API: &str = "https://api.example.com";
const INVALID: &str = "Bearer error=\"invalid_token\"";

#[derive(ApiResource)]
#[resource("https://api.example.com")]
enum Items {
    #[scope("read:items")]
    Read,
    #[scope("delete:items")]
    Delete,
}

#[authenticated(bearer, scopes(Items::Read))]
#[get("/items")]
fn items(auth: &AuthInfo) -> String {
    format!("{} {} {:?}", auth.sub, auth.is_machine(), auth.client_id.as_deref())
}

#[authenticated(bearer, scopes(Items::Read, Items::Delete))]
#[get("/delete")]
fn delete() {}

#[authenticated(bearer, resource = "https://second.example.com", any_client)]
#[get("/second")]
fn second() {}

/// An API that signs nobody in, and is a machine at the provider.
struct Api(Client);

impl Api {
    async fn start(provider: &Provider) -> Self {
        let figment = Figment::from(rocket::Config::debug_default())
            .merge(("log_level", "off"))
            .merge(("logto.endpoint", &provider.endpoint))
            .merge(("logto.resources", [API]))
            .merge(("logto.machine.app_id", "interop-machine"))
            .merge(("logto.machine.app_secret", provider.app_secret()));
        let rocket = rocket::custom(figment).attach(Logto::fairing());
        let client = Client::untracked(rocket.mount("/", routes![items, delete, second])).await;
        Self(client.expect("it launches"))
    }

    /// A token of its own: another one for each scope, each kept.
    async fn machine_token(&self, scopes: &[&str]) -> String {
        let logto = self.0.rocket().state::<Logto>().expect("it is attached");
        let token = logto.client_credentials(API, scopes.iter().copied()).await;
        token.expect("a token").secret().to_owned()
    }

    /// The status, the challenge, and the body.
    async fn present(&self, path: &str, token: &str) -> (Status, String, String) {
        let header = Header::new("Authorization", format!("Bearer {token}"));
        let answer = self.0.get(path.to_owned()).header(header).dispatch().await;
        let challenge = answer.headers().get_one("WWW-Authenticate").unwrap_or_default().to_owned();
        (answer.status(), challenge, answer.into_string().await.unwrap_or_default())
    }

    async fn assert_admits(&self, token: &str, who: &str) {
        let expected = (Status::Ok, String::new(), who.to_owned());
        assert_eq!(self.present("/items", token).await, expected);
    }

    async fn assert_refuses(&self, path: &str, token: &str, status: Status, challenge: &str) {
        let (got, said, body) = self.present(path, token).await;
        assert_eq!((got, said.as_str()), (status, challenge), "{path}: {body}");
    }
}

/// A user's token, as one of their applications gets it.
async fn takes_tokens_of_users(package: &str, alg: &str) {
    let Some(mut provider) = Provider::of(package) else { return };
    provider.set(&json!({ "rotate": alg }));
    let (application, api) = (provider.application(), Api::start(&provider).await);
    let visitor = Visitor::new();
    visitor.sign_in(&application, "/protected", "alice").await;
    let url = application.url(&format!("/api/token?resource={API}&show=1"));
    let token = visitor.fetch(&url).await.json()["token"].as_str().expect("a token").to_owned();
    for _ in 0..2 {
        api.assert_admits(&token, "extwr7ziy1s8 false Some(\"interop-app\")").await;
    }
    let missing = "Bearer error=\"insufficient_scope\", scope=\"read:items delete:items\"";
    api.assert_refuses("/delete", &token, Status::Forbidden, missing).await;
    api.assert_refuses("/second", &token, Status::Unauthorized, INVALID).await;

    let own = visitor.fetch(&application.url("/api/token?show=1")).await.json();
    let opaque = own["token"].as_str().expect("a token");
    assert!(!opaque.contains('.'), "it is opaque");
    api.assert_refuses("/items", opaque, Status::Unauthorized, INVALID).await;
    for (from, to) in [("ey", "fy"), (".", ".A"), (".", "..")] {
        let changed = token.replacen(from, to, 1);
        api.assert_refuses("/items", &changed, Status::Unauthorized, INVALID).await;
    }
}

/// W3, W6, W8: and none with fewer permissions, for another API, or opaque.
#[rocket::async_test]
async fn an_api_takes_tokens_of_users_of_oidc_provider_9() {
    takes_tokens_of_users("oidc-provider", "ES384").await;
}

/// W3, W6, W8: and none with fewer permissions, for another API, or opaque.
#[rocket::async_test]
async fn an_api_takes_tokens_of_users_of_oidc_provider_9_that_an_rsa_key_signed() {
    takes_tokens_of_users("oidc-provider", "RS256").await;
}

/// W3, W6, W8: and none with fewer permissions, for another API, or opaque.
#[rocket::async_test]
async fn an_api_takes_tokens_of_users_of_oidc_provider_8() {
    takes_tokens_of_users("oidc-provider-8", "ES384").await;
}

/// W6, W8: a machine's own, by client credentials.
#[rocket::async_test]
async fn an_api_takes_tokens_of_machines() {
    let Some(provider) = Provider::start() else { return };
    let api = Api::start(&provider).await;
    let read = api.machine_token(&["read:items"]).await;
    api.assert_admits(&read, "interop-machine true Some(\"interop-machine\")").await;
    let write = api.machine_token(&["write:items"]).await;
    let missing = "Bearer error=\"insufficient_scope\", scope=\"read:items\"";
    api.assert_refuses("/items", &write, Status::Forbidden, missing).await;
    api.assert_refuses("/second", &read, Status::Unauthorized, INVALID).await;
}

/// T7, W10: a new key costs one look, and a token ends with its own key.
#[rocket::async_test]
async fn an_api_takes_tokens_of_a_new_key_but_not_of_a_withdrawn_one() {
    let Some(mut provider) = Provider::start() else { return };
    let api = Api::start(&provider).await;
    let machine = "interop-machine true Some(\"interop-machine\")";
    let mut tokens = Vec::new();
    for (looks, scopes) in
        [&["read:items"][..], &["read:items", "a"], &["read:items", "b"]].into_iter().enumerate()
    {
        if looks > 0 {
            provider.set(&json!({ "rotate": "ES384" }));
        }
        let token = api.machine_token(scopes).await;
        api.assert_admits(&token, machine).await;
        assert_eq!(provider.state().requests("/oidc/jwks"), looks as u64 + 1);
        tokens.push(token);
    }
    // The provider publishes the current key and the previous one.
    api.assert_refuses("/items", &tokens[0], Status::Unauthorized, INVALID).await;
    api.assert_admits(&tokens[1], machine).await;
}

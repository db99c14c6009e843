//! Requests in which one user leaves and another comes.

use std::sync::Mutex;

use logto_dev::{ApiResource, Provider};
use logto_rocket::{
    AccessToken, AfterSignIn, Audience, Error, Hooks, IdTokenClaims, Logto, LogtoClient, User,
    UserInfo, authenticated,
};
use logto_tests::Browser;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::serde::json::Json;
use rocket::{Build, Request, Rocket, get, routes};
use serde_json::{Value, json};

const API: &str = "https://api.example.com";

/// What a request says about its user, in every way there is.
async fn everything(request: &Request<'_>) -> Value {
    let logto = request.guard::<LogtoClient<'_>>().await.succeeded().expect("a client");
    let user = logto.user().await.expect("no failure").map(|user| user.subject());
    let claims = logto.id_token_claims().await.expect("no failure").map(|user| user.subject());
    let info = logto.fetch_user_info().await.expect("no failure").map(|user| user.subject());
    let token = logto.access_token(Audience::resource(API)).await.expect("no failure");
    let own = logto.access_token(Audience::logto()).await.expect("no failure");
    let guards = [
        request.guard::<&User>().await.succeeded().map(|user| user.subject()),
        request.guard::<&IdTokenClaims>().await.succeeded().map(|user| user.subject()),
        request.guard::<&UserInfo>().await.succeeded().map(|user| user.subject()),
    ];
    let of_token = |token: AccessToken| {
        token.claims().jwt().and_then(|claims| claims.subject().value().map(str::to_owned))
    };
    json!({
        "people": [user, claims, info, guards[0], guards[1], guards[2], token.and_then(of_token)],
        "refresh_token": logto.refresh_token().await.expect("no failure"),
        "access_token": own.map(|token| token.secret().to_owned()),
    })
}

/// The user before and after a turnover, and then the token that the route was given.
struct Turnover(Value);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Turnover {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
        let before = everything(request).await;
        let logto = request.guard::<LogtoClient<'_>>().await.succeeded().expect("a client");
        match request.query_value::<&str>("by") {
            Some(Ok("sign_out_here")) => drop(logto.sign_out_here().await.expect("a sign-out")),
            Some(Ok("clear_all_tokens")) => logto.clear_all_tokens().await.expect("cleared"),
            _ => {}
        }
        let between = logto.user().await.expect("no failure").map(|user| user.subject());
        logto.handle_sign_in_callback().await.expect("a sign-in");
        let after = everything(request).await;
        let given = request.guard::<AccessToken>().await;
        Outcome::Success(Self(json!({
            "before": before, "between": between, "after": after, "given": given.is_success(),
        })))
    }
}

#[authenticated(resource = "https://api.example.com")]
#[get("/turnover")]
fn turnover(turnover: Turnover) -> Json<Value> {
    Json(turnover.0)
}

#[get("/me")]
fn me(user: Option<&User>) -> String {
    user.and_then(|user| user.username().value().map(str::to_owned)).unwrap_or_default()
}

/// Whom the hook saw, by its argument and by a guard.
#[derive(Default)]
struct Seen(Mutex<Vec<[String; 2]>>);

struct Watch;

#[rocket::async_trait]
impl Hooks for Watch {
    async fn after_sign_in(
        &self,
        request: &Request<'_>,
        user: &User,
    ) -> Result<AfterSignIn, Error> {
        let guarded = request.guard::<&User>().await.succeeded().expect("the new user");
        let seen = request.rocket().state::<Seen>().expect("it is managed");
        seen.0.lock().unwrap().push([user.subject().into(), guarded.subject().into()]);
        Ok(AfterSignIn::Continue)
    }
}

async fn provider() -> Provider {
    let api = ApiResource::new(API);
    Provider::builder().resource(api).start().await
}

fn app(provider: &Provider) -> Rocket<Build> {
    rocket::custom(provider.figment().merge(("logto.resources", [API])))
        .manage(Seen::default())
        .attach(Logto::fairing().hooks(Watch))
        .mount("/", routes![turnover, me])
}

async fn sign_in(browser: &Browser, provider: &Provider, who: &str) {
    let callback = provider.approve(&browser.start("/sign-in").await, who).await.expect("known");
    assert_eq!(browser.visit(&callback).await.status, Status::SeeOther);
}

/// S21: the second user learns nothing about the first, however the first one left.
#[rocket::async_test]
async fn a_request_passes_nothing_of_one_user_to_the_next() {
    for by in ["sign_out_here", "clear_all_tokens", "nothing"] {
        let provider = provider().await;
        let browser = Browser::open(app(&provider)).await;
        sign_in(&browser, &provider, "alice").await;
        let callback = provider.approve(&browser.start("/sign-in").await, "bob").await;
        let path = callback.expect("bob is known").replace("/callback?", "/turnover?");
        let answer = browser.visit(&format!("{path}&by={by}")).await.json();

        let id = |who| json!(provider.user(who).expect("known").sub());
        let (alice, bob) = (id("alice"), id("bob"));
        assert_eq!(answer["before"]["people"], json!(vec![&alice; 7]), "{by}");
        assert_eq!(answer["between"], if by == "nothing" { alice } else { Value::Null });
        assert_eq!(answer["after"]["people"], json!(vec![&bob; 7]), "{by}");
        for secret in ["refresh_token", "access_token"] {
            assert!(answer["after"][secret].is_string(), "{by}");
            assert_ne!(answer["before"][secret], answer["after"][secret], "{by}");
        }
        assert_eq!(answer["given"], false, "the route's token was alice's");
        assert_eq!(browser.visit("/me").await.body, "bob", "the answer carries bob's session");
    }
}

/// S21: the hook's request has the session that begins, not the previous one.
#[rocket::async_test]
async fn a_guard_in_a_hook_gives_the_user_who_has_just_signed_in() {
    let provider = provider().await;
    let browser = Browser::open(app(&provider)).await;
    sign_in(&browser, &provider, "alice").await;
    sign_in(&browser, &provider, "bob").await;
    let seen = browser.client().rocket().state::<Seen>().expect("it is managed");
    for [told, guarded] in seen.0.lock().unwrap().iter() {
        assert_eq!(told, guarded);
    }
    assert_eq!(seen.0.lock().unwrap().len(), 2);
}

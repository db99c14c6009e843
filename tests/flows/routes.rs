//! The routes for signing in and out: where they are, whose they are, and what they
//! ask of Logto.

use std::collections::BTreeMap;

use logto_dev::Provider;
use logto_rocket::{
    AppSecret, Config, CookieSecrets, DirectSignIn, Error, FirstScreen, Identifier, Logto,
    LogtoClient, Prompt, Redirect, RoutePath, SignInOptions, User, UserScope, authenticated,
};
use logto_tests::{BASE_URL, Browser, app};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::{Build, Rocket, Route, get, routes};
use serde_json::json;

fn query(location: &str) -> BTreeMap<String, Vec<String>> {
    let url: url::Url = location.parse().expect("an address");
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url.query_pairs() {
        parameters.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    parameters
}

#[get("/login")]
async fn login(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    let options = SignInOptions::new()
        .scopes([UserScope::Organizations])
        .resources(["https://api.example.com"])
        .prompt([Prompt::Login, Prompt::Consent])
        .first_screen(FirstScreen::IdentifierSignIn)
        .identifiers([Identifier::Email, Identifier::Phone])
        .direct_sign_in(DirectSignIn::Social("github".into()))
        .login_hint("alice@example.com")
        .one_time_token("token of a link")
        .ui_locales("de en")
        .organization_id("8wz3nrme4n02")
        .extra_param("theme", "dark & light")
        .post_redirect_path("/whoami?tab=1");
    logto.sign_in(options).await
}

#[get("/back")]
async fn back(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.handle_sign_in_callback().await
}

#[get("/callback")]
async fn callback(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.handle_sign_in_callback().await
}

#[authenticated(redirect)]
#[get("/private")]
fn private(user: &User) -> String {
    user.username().unwrap_or("?").to_owned()
}

#[get("/logout")]
async fn logout(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.sign_out().await
}

#[get("/whoami")]
async fn whoami(logto: LogtoClient<'_>) -> Result<String, Error> {
    let name = logto.user().await?.map(|user| user.username().unwrap_or("?").to_owned());
    let claims = logto.id_token_claims().await?.map(|claims| claims.subject().to_owned());
    let info = logto.fetch_user_info().await?.map(|info| info.subject().to_owned());
    let token = logto.id_token().await?.map(|token| token.split('.').count());
    assert_eq!(claims, info);
    Ok(format!("{} {:?} {token:?}", logto.is_authenticated().await?, name))
}

#[get("/sign-in?<options..>")]
async fn wrong(
    logto: LogtoClient<'_>,
    options: BTreeMap<String, String>,
) -> Result<Redirect, Error> {
    let add = |all: SignInOptions, (name, value)| all.extra_param(name, value);
    logto.sign_in(options.into_iter().fold(SignInOptions::new(), add)).await
}

fn hand_written(figment: Figment) -> Rocket<Build> {
    let figment = figment
        .merge(("logto.routes.sign_in", false))
        .merge(("logto.routes.sign_up", false))
        .merge(("logto.routes.sign_out", false))
        .merge(("logto.routes.callback.path", "/back"))
        .merge(("logto.routes.callback.mount", false));
    with_routes(figment, routes![login, back, logout, whoami, wrong, private])
}

fn with_routes(figment: Figment, routes: Vec<Route>) -> Rocket<Build> {
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes)
}

/// Options for every sign-in, different from those of [`login()`].
fn configured(figment: Figment) -> Figment {
    let options = json!({
        "first_screen": "register", "identifiers": ["username"], "direct_sign_in": "sso:acme",
        "login_hint": "bob", "ui_locales": "fr", "organization_id": "nyb79mqzrg8c",
        "extra_params": {"theme": "light", "campaign": "spring"},
        "post_redirect_path": "/private?configured",
    });
    figment.merge(("logto.sign_in", options))
}

#[rocket::async_test]
async fn an_application_can_write_all_routes_itself() {
    let builder = Provider::builder().redirect_uri("http://localhost:8000/back");
    let provider = builder.start().await;
    let browser = Browser::open(hand_written(provider.figment())).await;
    assert_eq!(browser.visit("/whoami").await.body, "false None None");
    assert_eq!(browser.visit("/callback").await.status, Status::NotFound);
    let answer = browser.visit("/private").await;
    assert_eq!(answer.location(), "/sign-in?return_to=%2Fprivate", "it is the application's");

    let location = browser.visit("/login").await.location().to_owned();
    let callback = provider.approve(&location, "alice").await.unwrap();
    let answer = browser.visit(&callback).await;
    assert_eq!((answer.status, answer.location()), (Status::SeeOther, "/whoami?tab=1"));
    assert_eq!(browser.visit("/whoami").await.body, "true Some(\"alice\") Some(3)");
    assert_eq!(browser.visit("/private").await.body, "alice");

    let out = browser.visit("/logout").await;
    assert!(out.location().starts_with(&format!("{}/session/end?", provider.issuer())));
    assert_eq!(browser.visit("/whoami").await.body, "false None None");
}

#[rocket::async_test]
async fn strangers_are_sent_to_the_sign_in_route_that_the_application_has() {
    let provider = Provider::start().await;
    for (sign_in, path) in
        [(json!(false), "/sign-in"), (json!({"path": "/login", "mount": false}), "/login")]
    {
        let figment = provider.figment().merge(("logto.routes.sign_in", sign_in));
        let browser = Browser::open(with_routes(figment, routes![private, login])).await;
        let answer = browser.visit("/private?x=1").await;
        let expected = format!("{path}?return_to=%2Fprivate%3Fx%3D1");
        assert_eq!((answer.status, answer.location()), (Status::SeeOther, expected.as_str()));
        assert_eq!(browser.visit("/sign-in").await.status, Status::NotFound, "{path}");
        assert_eq!(browser.visit("/sign-up").await.status, Status::SeeOther, "{path}");
    }
}

#[rocket::async_test]
async fn a_callback_that_is_left_to_the_application_completes_a_sign_in() {
    let provider = Provider::start().await;
    let figment = provider.figment().merge(("logto.routes.callback", false));
    let without = Browser::open(with_routes(figment.clone(), routes![private])).await;
    assert_eq!(without.visit("/callback?code=a").await.status, Status::NotFound);

    let browser = Browser::open(with_routes(figment, routes![private, callback])).await;
    let location = browser.start("/private?x=1").await;
    assert_eq!(query(&location)["redirect_uri"], ["http://localhost:8000/callback"]);
    let callback = provider.approve(&location, "alice").await.unwrap();
    let answer = browser.visit(&callback).await;
    assert_eq!((answer.status, answer.location()), (Status::SeeOther, "/private?x=1"));
    assert_eq!(browser.visit("/private").await.body, "alice");
}

#[rocket::async_test]
async fn an_application_configured_in_code_signs_in() {
    let provider = Provider::start().await;
    let mut config = Config::new(provider.endpoint(), provider.app_id());
    config.app_secret = Some(AppSecret::new(provider.app_secret()));
    config.base_url = Some(BASE_URL.into());
    config.cookie_secret = CookieSecrets::from(["a-secret-of-the-tests-long-enough-for-a-key"]);
    config.scopes = vec![UserScope::Email.into()];
    config.routes.sign_in = RoutePath::mounted("/enter");

    // The figment is not read: its endpoint leads nowhere.
    let figment = provider.figment().merge(("logto.endpoint", "http://127.0.0.1:1"));
    let fairing = Logto::fairing().config(config);
    let rocket = rocket::custom(figment).attach(fairing).mount("/", routes![private]);
    let browser = Browser::open(rocket).await;
    let answer = browser.visit("/private").await;
    assert_eq!(answer.location(), "/enter?return_to=%2Fprivate");
    let sent = query(&browser.start("/private").await);
    assert_eq!(sent["scope"], ["openid offline_access profile email"]);
    assert_eq!(browser.sign_in(&provider, "/private").await.body, "alice");
}

#[rocket::async_test]
async fn the_options_of_a_sign_in_reach_logto() {
    let provider = Provider::start().await;
    let figment = provider.figment().merge(("logto.scopes", ["email", "openid"]));
    let browser = Browser::open(hand_written(figment)).await;
    let sent = query(browser.visit("/login").await.location());
    let one = |name: &str| sent[name].join("|");
    assert_eq!(one("scope"), "openid offline_access profile email urn:logto:scope:organizations");
    assert_eq!(one("resource"), "https://api.example.com|urn:logto:resource:organizations");
    assert_eq!(one("prompt"), "login consent");
    assert_eq!(one("first_screen"), "identifier:sign_in");
    assert_eq!(one("identifier"), "email phone");
    assert_eq!(one("direct_sign_in"), "social:github");
    assert_eq!(one("login_hint"), "alice@example.com");
    assert_eq!(one("one_time_token"), "token of a link");
    assert_eq!(one("ui_locales"), "de en");
    assert_eq!(one("organization_id"), "8wz3nrme4n02");
    assert_eq!(one("theme"), "dark & light");
    assert_eq!(one("redirect_uri"), "http://localhost:8000/back");
}

#[rocket::async_test]
async fn the_configured_options_reach_logto_with_every_sign_in() {
    let provider = Provider::start().await;
    let browser = Browser::open(app(configured(provider.figment()))).await;
    let location = browser.visit("/sign-in").await.location().to_owned();
    let sent = query(&location);
    for (name, value) in [
        ("first_screen", "register"),
        ("identifier", "username"),
        ("direct_sign_in", "sso:acme"),
        ("login_hint", "bob"),
        ("ui_locales", "fr"),
        ("organization_id", "nyb79mqzrg8c"),
        ("theme", "light"),
        ("campaign", "spring"),
    ] {
        assert_eq!(sent[name], [value], "{name}");
    }
    assert_eq!(sent.get("one_time_token"), None);
    let callback = provider.approve(&location, "alice").await.unwrap();
    assert_eq!(browser.visit(&callback).await.location(), "/private?configured");

    // The page that requested the sign-in still gets the user back.
    browser.forget();
    let callback = provider.approve(&browser.start("/protected").await, "alice").await.unwrap();
    assert_eq!(browser.visit(&callback).await.location(), "/protected");
}

#[rocket::async_test]
async fn an_option_of_a_call_beats_the_configured_one() {
    let provider = Provider::builder().redirect_uri("http://localhost:8000/back").start().await;
    let plain = Browser::open(hand_written(provider.figment())).await;
    let browser = Browser::open(hand_written(configured(provider.figment()))).await;
    let location = browser.visit("/login").await.location().to_owned();
    let (mut sent, mut expected) =
        (query(&location), query(plain.visit("/login").await.location()));
    assert_eq!(sent.remove("campaign"), Some(vec!["spring".to_owned()]), "these add up");
    for random in ["state", "nonce", "code_challenge"] {
        assert_ne!(sent.remove(random), expected.remove(random));
    }
    assert_eq!(sent, expected);
    let callback = provider.approve(&location, "alice").await.unwrap();
    assert_eq!(browser.visit(&callback).await.location(), "/whoami?tab=1");
}

/// A13: whatever an application passes on from its own query.
#[rocket::async_test]
async fn an_extra_parameter_cannot_override_the_protocol() {
    let provider = Provider::start().await;
    let browser = Browser::open(hand_written(provider.figment())).await;
    for name in ["client_id", "redirect_uri", "scope", "state", "code_challenge", "resource"] {
        let answer = browser.visit(&format!("/sign-in?{name}=evil")).await;
        assert_eq!(answer.status, Status::InternalServerError, "{name}");
        assert_eq!(answer.cookies.len(), 0, "{name}");
    }
    let answer = browser.visit("/sign-in?theme=dark").await;
    assert_eq!(query(answer.location())["theme"], ["dark"]);
}

/// A29: nothing checks yet that the sign-in is as fresh or as strong as these require.
#[rocket::async_test]
async fn a_sign_in_that_requires_what_is_not_checked_does_not_begin() {
    let provider = Provider::start().await;
    let browser = Browser::open(hand_written(provider.figment())).await;
    for name in ["max_age", "acr_values", "claims", "id_token_hint"] {
        let answer = browser.visit(&format!("/sign-in?{name}=0")).await;
        assert_eq!(answer.status, Status::InternalServerError, "{name}");
        assert_eq!(answer.cookies.len(), 0, "{name}");
    }
}

#[rocket::async_test]
async fn the_sign_up_route_opens_the_registration_page() {
    let provider = Provider::start().await;
    let browser = Browser::open(app(provider.figment())).await;
    let location = browser.visit("/sign-up").await.location().to_owned();
    assert_eq!(query(&location)["first_screen"], ["register"]);
    let callback = provider.sign_up(&location, "dave").await.unwrap();
    assert_eq!(browser.visit(&callback).await.location(), "/");
    assert_eq!(browser.visit("/api/me").await.json()["username"], "dave");
}

#[rocket::async_test]
async fn routes_stand_where_the_configuration_puts_them() {
    let redirect_uri = "http://localhost:8000/auth/return";
    let provider = Provider::builder().redirect_uri(redirect_uri).start().await;
    let figment = provider
        .figment()
        .merge(("logto.routes.base", "/auth"))
        .merge(("logto.routes.sign_in", "/enter"))
        .merge(("logto.routes.callback", "/return"));
    let browser = Browser::open(app(figment)).await;
    let answer = browser.visit("/protected?x=1").await;
    assert_eq!(answer.location(), "/auth/enter?return_to=%2Fprotected%3Fx%3D1");
    let page = browser.sign_in(&provider, "/protected").await;
    assert_eq!(page.status, Status::Ok);
    assert_eq!(browser.visit("/sign-out").await.status, Status::NotFound);
    assert_eq!(browser.visit("/auth/sign-out").await.status, Status::SeeOther);
}

/// The proxy strips `/app`, so the application sees paths without it.
#[rocket::async_test]
async fn the_path_of_the_base_url_prefixes_every_location() {
    let base = "https://example.com/app";
    let provider = Provider::builder().base_url(base).start().await;
    let browser = Browser::at("https://example.com", app(provider.figment())).await;
    let answer = browser.visit("/protected").await;
    assert_eq!(answer.location(), "/app/sign-in?return_to=%2Fprotected");
    let answer = browser.visit("/sign-in?return_to=%2Fprotected").await;
    let location = answer.location().to_owned();
    assert_eq!(query(&location)["redirect_uri"], ["https://example.com/app/callback"]);
    let callback = provider.approve(&location, "alice").await.unwrap();
    let callback = callback.replace("/app/callback", "/callback");
    let answer = browser.visit(&callback).await;
    assert_eq!(answer.location(), "/app/protected");
    assert!(answer.session_cookies()[0].name().starts_with("__Host-logto_"));
    let out = browser.visit("/sign-out").await.location().to_owned();
    assert_eq!(query(&out)["post_logout_redirect_uri"], ["https://example.com/app/"]);
}

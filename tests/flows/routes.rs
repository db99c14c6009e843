//! The routes for signing in and out: where they are, whose they are, what they
//! ask of Logto.

use std::collections::BTreeMap;

use logto_dev::Provider;
use logto_rocket::{
    Error, FirstScreen, Identifier, Logto, LogtoClient, Prompt, Redirect, SignInOptions, UserScope,
};
use logto_tests::{Browser, app};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::{Build, Rocket, get, routes};

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
        .login_hint("alice@example.com")
        .ui_locales("de en")
        .extra_param("theme", "dark & light")
        .post_redirect_path("/whoami?tab=1");
    logto.sign_in(options).await
}

#[get("/back")]
async fn back(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.handle_sign_in_callback().await
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
    let routes = routes![login, back, logout, whoami, wrong];
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes)
}

#[rocket::async_test]
async fn an_application_can_write_all_routes_itself() {
    let builder = Provider::builder().redirect_uri("http://localhost:8000/back");
    let provider = builder.start().await;
    let browser = Browser::open(hand_written(provider.figment())).await;
    assert_eq!(browser.visit("/whoami").await.body, "false None None");
    assert_eq!(browser.visit("/callback").await.status, Status::NotFound);

    let location = browser.visit("/login").await.location().to_owned();
    let callback = provider.approve(&location, "alice").await.unwrap();
    let answer = browser.visit(&callback).await;
    assert_eq!((answer.status, answer.location()), (Status::SeeOther, "/whoami?tab=1"));
    assert_eq!(browser.visit("/whoami").await.body, "true Some(\"alice\") Some(3)");

    let out = browser.visit("/logout").await;
    assert!(out.location().starts_with(&format!("{}/session/end?", provider.issuer())));
    assert_eq!(browser.visit("/whoami").await.body, "false None None");
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
    assert_eq!(one("login_hint"), "alice@example.com");
    assert_eq!(one("ui_locales"), "de en");
    assert_eq!(one("theme"), "dark & light");
    assert_eq!(one("redirect_uri"), "http://localhost:8000/back");
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

/// The proxy takes `/app` away, so the application sees paths without it.
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

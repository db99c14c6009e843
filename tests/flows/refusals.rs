//! What Logto answers instead of a sign-in or a token, and what becomes of it.

use std::sync::Mutex;

use logto_rocket::{
    Error, ErrorKind, Hooks, Logto, LogtoClient, OrganizationToken, Prompt, Redirect,
    SignInOptions, authenticated,
};
use logto_tests::{Alter, Browser, Deviation, Fault, Hostile};
use rocket::http::{Cookie, CookieJar, SameSite, Status};
use rocket::response::{self, Responder, Response};
use rocket::{Build, Request, Rocket, State, get, routes};
use serde_json::{Value, json};

#[authenticated(redirect)]
#[get("/pages/<page>")]
fn page(page: &str) -> &str {
    page
}

#[authenticated(organization = "<org>")]
#[get("/organizations/<org>")]
fn organization(org: &str, _token: OrganizationToken) -> String {
    org.to_owned()
}

/// As the documentation of `SignInOptions` has it.
#[get("/")]
async fn home(
    logto: LogtoClient<'_>,
    jar: &CookieJar<'_>,
) -> Result<Result<String, Redirect>, Error> {
    if let Some(user) = logto.user().await? {
        return Ok(Ok(format!("Hello, {}!", user.subject())));
    }
    let silently = SignInOptions::new().prompt([Prompt::None]).post_redirect_path("/");
    if jar.get("tried").is_none()
        && let Ok(redirect) = logto.sign_in(silently).await
    {
        jar.add(Cookie::build(("tried", "1")).same_site(SameSite::Lax));
        return Ok(Err(redirect));
    }
    Ok(Ok("Hello, stranger!".into()))
}

#[get("/again")]
async fn again(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
    logto.sign_in(SignInOptions::new().prompt([Prompt::None])).await
}

#[get("/told")]
fn told(told: &State<Told>) -> String {
    told.0.lock().expect("what was told").join("\n")
}

/// What the hook was told.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

struct Silent;

#[rocket::async_trait]
impl Hooks for Silent {
    async fn on_error<'r>(&self, request: &'r Request<'_>, error: &Error) -> Option<Response<'r>> {
        let told = request.rocket().state::<Told>().expect("it is managed");
        let line =
            format!("{:?} {:?} {:?}", error.kind(), error.oauth_error(), error.description());
        told.0.lock().expect("what was told").push(line);
        let is_silent = error.kind() == ErrorKind::InteractionRequired;
        let page = error.return_to().filter(|_| is_silent)?;
        response::Redirect::to(page.to_owned()).respond_to(request).ok()
    }
}

fn application(op: &Hostile) -> Rocket<Build> {
    let routes = routes![page, organization, home, again, told];
    let figment = op.figment().merge(("logto.scopes", ["urn:logto:scope:organizations"]));
    let rocket = rocket::custom(figment).attach(Logto::fairing().hooks(Silent));
    rocket.manage(Told::default()).mount("/", routes)
}

async fn opened() -> (Hostile, Browser) {
    let op = Hostile::start().await;
    let browser = Browser::open(application(&op)).await;
    (op, browser)
}

/// A recorded answer of Logto's: its status and body.
fn captured(version: &str, case: &str) -> (u16, Value) {
    let path = format!("{}/captures/{version}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the captures");
    let captures: Value = serde_json::from_str(&text).expect("JSON");
    let answer = &captures[case];
    (serde_json::from_value(answer[0].clone()).expect("a status"), answer[2].clone())
}

/// A30: leaving Logto's consent page leads to the callback without any parameter. Anybody can link
/// to that, so it uses up no sign-in, and no hook is told.
#[rocket::async_test]
async fn leaving_the_consent_page_leads_back_to_where_the_user_was_going() {
    let (op, browser) = opened().await;
    let first = browser.start("/pages/one").await;
    let cookies = browser.cookies();
    for _ in 0..2 {
        let left = browser.visit("/callback").await;
        assert_eq!(left.status, Status::BadRequest);
        assert!(left.body.contains("Sign-in cancelled"), "{left:?}");
        assert!(left.body.contains("href=\"/sign-in?return_to=%2Fpages%2Fone\""), "{left:?}");
        assert!(left.body.contains("<a href=\"/\">Home</a>"), "{left:?}");
        assert_eq!(browser.cookies(), cookies, "nothing is used up");
    }
    let second = browser.start("/pages/two").await;
    let left = browser.visit("/callback").await;
    assert!(left.body.contains("Sign-in cancelled"), "{left:?}");
    assert!(
        left.body.contains("href=\"/sign-in?return_to=%2F\""),
        "which one is unknown: {left:?}"
    );
    assert_eq!(browser.visit("/told").await.body, "");
    for (location, page) in [(first, "/pages/one"), (second, "/pages/two")] {
        assert_eq!(browser.visit(&op.authorize(&location)).await.location(), page);
    }
}

/// A30: a stray visit to the callback belongs to no sign-in.
#[rocket::async_test]
async fn a_callback_without_parameters_or_a_sign_in_is_unknown() {
    let (_op, browser) = opened().await;
    let answer = browser.visit("/callback").await;
    assert!(answer.body.contains("Sign-in expired"), "{answer:?}");
}

/// A31: each error has an answer of its own, and hooks read what Logto said.
#[rocket::async_test]
async fn errors_of_a_sign_in_have_their_own_answers() {
    let (op, browser) = opened().await;
    for (error, status, kind) in [
        ("access_denied", 400, "Cancelled"),
        ("login_required", 303, "InteractionRequired"),
        ("consent_required", 303, "InteractionRequired"),
        ("interaction_required", 303, "InteractionRequired"),
        ("account_selection_required", 303, "InteractionRequired"),
        ("server_error", 503, "Unreachable"),
        ("temporarily_unavailable", 503, "Unreachable"),
        ("invalid_target", 502, "Refused"),
    ] {
        let location = browser.start("/pages/one").await;
        let answer = browser.visit(&op.refuse(&location, error)).await;
        assert_eq!(answer.status.code, status, "{error}");
        assert_eq!(answer.header("Retry-After").is_some(), status == 503, "{error}");
        assert!(!answer.body.contains("hostile provider"), "{error}: {answer:?}");
        let told = browser.visit("/told").await.body;
        let description = format!("{error} by the hostile provider");
        let line = format!("{kind} Some({error:?}) Some({description:?})");
        assert_eq!(told.lines().last(), Some(&*line));
    }
    let denied = browser.start("/pages/one").await;
    let page = browser.visit(&op.refuse(&denied, "access_denied")).await.body;
    assert!(page.contains("You left before it was finished, or you may not use"), "{page}");
}

/// A31, A20: a page that signs in silently tries once, with cookies and without.
#[rocket::async_test]
async fn a_silent_sign_in_tries_once_and_continues_without_a_user() {
    let (op, browser) = opened().await;
    let location = browser.visit("/").await.location().to_owned();
    assert!(location.contains("prompt=none"), "{location}");
    let back = browser.visit(&op.refuse(&location, "login_required")).await;
    assert_eq!((back.status, back.location()), (Status::SeeOther, "/"));
    assert_eq!(browser.visit("/").await.body, "Hello, stranger!");

    browser.forget();
    assert_eq!(browser.fetch("/").await.body, "Hello, stranger!", "a script is not sent there");
    let location = browser.visit("/").await.location().to_owned();
    let back = browser.visit(&op.authorize(&location)).await;
    assert_eq!(browser.visit(back.location()).await.body, "Hello, u-alice!");

    let forgetful = Browser::open(application(&op)).await.keeping(|_| false);
    let location = forgetful.visit("/").await.location().to_owned();
    let back = forgetful.visit(&op.refuse(&location, "login_required")).await;
    assert_eq!(back.status, Status::BadRequest, "it ends there");
}

/// A19: the user who is signed in here stays. Somebody else's grant at Logto is left alone: it may
/// belong to a session in another tab.
#[rocket::async_test]
async fn a_silent_sign_in_does_not_change_the_user() {
    let (op, browser) = opened().await;
    browser.sign_in(&op, "/pages/one").await;
    let same = browser.visit("/again").await.location().to_owned();
    assert_eq!(browser.visit(&op.authorize(&same)).await.location(), "/");

    let other = browser.visit("/again").await.location().to_owned();
    op.account(json!({"sub": "u-bob"}));
    op.deviate(Deviation::Tokens(Alter::set("refresh_token", "of somebody else")));
    let back = browser.visit(&op.authorize(&other)).await;
    assert_eq!((back.status, back.location()), (Status::SeeOther, "/"));
    assert!(browser.visit("/told").await.body.ends_with("InteractionRequired None None"));
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
    assert_eq!(op.count("revocation"), 0);
}

/// A32: a member without a second factor and a non-member read different pages; the recorded
/// answers.
#[rocket::async_test]
async fn a_denied_organization_says_why() {
    let (op, browser) = opened().await;
    browser.sign_in(&op, "/pages/one").await;
    let (status, not_member) = captured("logto-1.42-oidc-provider-9", "refresh.org.not_member");
    let mut no_factor = not_member.clone();
    no_factor["error_description"] =
        "organization requires MFA but user has no MFA configured".into();
    for (body, text) in [
        (not_member, "You are not a member of this organization."),
        (no_factor, "requires a second factor"),
    ] {
        op.behave();
        op.deviate(Deviation::Answer("token", Fault::Json(status, body.clone())));
        let page = browser.visit("/organizations/acme").await;
        assert_eq!(page.status, Status::Forbidden, "{page:?}");
        assert!(page.body.contains(text), "{page:?}");
        let told = browser.visit("/told").await.body;
        let said = body["error_description"].as_str().expect("a description");
        assert!(told.ends_with(&format!("Some(\"access_denied\") Some({said:?})")), "{told}");
    }
}

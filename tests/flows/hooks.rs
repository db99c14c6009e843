//! What an application does at sign-in, at sign-out, after a refresh and on errors.

use std::sync::Mutex;
use std::time::Duration;

use logto_dev::Provider;
use logto_rocket::{AfterSignIn, Audience, Error, ErrorKind, Hooks, Logto, LogtoClient, User};
use logto_tests::{Approve as _, Browser};
use rocket::futures::future::join_all;
use rocket::http::Status;
use rocket::response::Responder as _;
use rocket::response::content::RawHtml;
use rocket::tokio::time::sleep;
use rocket::{Build, Request, Response, Rocket, State, get, routes};

/// What happened, kept where an application would keep its database pool.
#[derive(Default)]
struct Events(Mutex<Vec<String>>);

impl Events {
    fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.rocket().state().expect("it is managed")
    }

    fn add(&self, event: String) {
        self.0.lock().unwrap().push(event);
    }
}

struct Recorder(fn() -> Result<AfterSignIn, Error>);

#[rocket::async_trait]
impl Hooks for Recorder {
    async fn after_sign_in(
        &self,
        request: &Request<'_>,
        user: &User,
    ) -> Result<AfterSignIn, Error> {
        let logto = request.guard::<LogtoClient<'_>>().await.succeeded().expect("a client");
        let info = logto.fetch_user_info().await?.expect("the request has the session");
        let plan = info.get("custom_data").map(|data| data["plan"].to_string());
        let name = user.name().unwrap_or("nobody");
        Events::of(request).add(format!("in: {name}, {}", plan.unwrap_or_default()));
        (self.0)()
    }

    async fn after_sign_out(&self, request: &Request<'_>, user: &User) {
        Events::of(request).add(format!("out: {}", user.name().unwrap_or("nobody")));
    }

    async fn after_refresh(&self, request: &Request<'_>, user: &User) {
        Events::of(request).add(format!("refresh: {}", user.name().unwrap_or("nobody")));
    }

    async fn on_error<'r>(&self, request: &'r Request<'_>, error: &Error) -> Option<Response<'r>> {
        assert!(!error.to_string().contains("EVIL"), "{error}");
        Events::of(request).add(format!("error: {:?}", error.kind()));
        if error.kind() == ErrorKind::SignInNotFound {
            return None;
        }
        RawHtml(format!("<h1>Ours: {}</h1>", error.status().code)).respond_to(request).ok()
    }
}

#[get("/events")]
fn events(events: &State<Events>) -> String {
    events.0.lock().unwrap().join("; ")
}

#[get("/fresh")]
async fn fresh(logto: LogtoClient<'_>) -> Result<&'static str, Error> {
    let token = logto.refresh_access_token(Audience::logto()).await?;
    Ok(if token.is_some() { "fresh" } else { "stranger" })
}

#[get("/stale")]
async fn stale(logto: LogtoClient<'_>) -> Result<&'static str, Error> {
    logto.access_token(Audience::logto()).await.map(|_| "a token")
}

#[logto_rocket::authenticated(redirect, fetch_user_info)]
#[get("/page")]
fn page() -> &'static str {
    "a page"
}

#[logto_rocket::authenticated]
#[get("/quiet")]
fn quiet() -> &'static str {
    "for users"
}

#[logto_rocket::authenticated]
#[get("/me")]
fn me(user: &User) -> &str {
    user.subject()
}

fn app(provider: &Provider, decide: fn() -> Result<AfterSignIn, Error>) -> Rocket<Build> {
    rocket::custom(provider.figment().merge(("logto.scopes", ["custom_data"])))
        .manage(Events::default())
        .attach(Logto::fairing().hooks(Recorder(decide)))
        .mount("/", routes![events, fresh, stale, page])
}

async fn happened(browser: &Browser) -> String {
    browser.visit("/events").await.body
}

async fn back_from_sign_in(provider: &Provider, browser: &Browser) -> logto_tests::Answer {
    let callback = provider.approve_at(&browser.start("/page").await).await;
    browser.visit(&callback).await
}

#[rocket::async_test]
async fn hooks_see_the_user_the_request_and_the_new_session() {
    let provider = Provider::start().await;
    let browser = Browser::open(app(&provider, || Ok(AfterSignIn::Continue))).await;
    let answer = back_from_sign_in(&provider, &browser).await;
    assert_eq!((answer.status, answer.location()), (Status::SeeOther, "/page"));
    assert_eq!(browser.visit("/fresh").await.body, "fresh");
    browser.visit("/sign-out").await;
    browser.visit("/sign-out").await;
    let expected = "in: Alice Lidell, \"gold\"; refresh: Alice Lidell; out: Alice Lidell";
    assert_eq!(happened(&browser).await, expected);
}

#[rocket::async_test]
async fn of_many_requests_that_wait_for_a_refresh_one_tells_the_application() {
    let short = Duration::from_secs(1);
    let provider = Provider::builder().access_token_ttl(short).start().await;
    let browser = Browser::open(app(&provider, || Ok(AfterSignIn::Continue))).await;
    back_from_sign_in(&provider, &browser).await;
    sleep(Duration::from_millis(600)).await;
    let before = happened(&browser).await.matches("refresh").count();
    join_all((0..20).map(|_| browser.visit("/stale"))).await;
    assert_eq!(happened(&browser).await.matches("refresh").count(), before + 1);
}

#[rocket::async_test]
async fn a_hook_sends_a_new_user_elsewhere_but_not_to_another_site() {
    let provider = Provider::start().await;
    let welcome = || Ok(AfterSignIn::RedirectTo("/welcome?new=1".into()));
    let browser = Browser::open(app(&provider, welcome)).await;
    assert_eq!(back_from_sign_in(&provider, &browser).await.location(), "/welcome?new=1");

    let away = || Ok(AfterSignIn::RedirectTo("//evil.example".into()));
    let browser = Browser::open(app(&provider, away)).await;
    let answer = back_from_sign_in(&provider, &browser).await;
    assert_eq!(answer.status, Status::InternalServerError);
    assert!(browser.session_cookies().is_empty());
}

#[rocket::async_test]
async fn a_hook_refuses_a_sign_in_and_nobody_is_signed_in() {
    let provider = Provider::start().await;
    let refuse = || Ok(AfterSignIn::Refuse("<b>Not you</b>".into()));
    let browser = Browser::open(app(&provider, refuse)).await;
    let answer = back_from_sign_in(&provider, &browser).await;
    assert_eq!(answer.status, Status::Forbidden);
    assert!(answer.body.contains("Ours: 403"), "the application renders it: {}", answer.body);
    assert!(browser.session_cookies().is_empty());
    assert_eq!(browser.visit("/page").await.status, Status::SeeOther);

    let down = || Err(Error::hook(std::io::Error::other("the database is down")));
    let browser = Browser::open(app(&provider, down)).await;
    let answer = back_from_sign_in(&provider, &browser).await;
    assert_eq!(answer.status, Status::ServiceUnavailable);
    assert!(browser.session_cookies().is_empty());
    assert!(happened(&browser).await.ends_with("error: Hook"));
}

/// The user is told who failed, and nothing of why.
#[rocket::async_test]
async fn a_hook_that_fails_gets_a_page_that_says_so_and_nobody_is_signed_in() {
    struct Fails;
    #[rocket::async_trait]
    impl Hooks for Fails {
        async fn after_sign_in(&self, _: &Request<'_>, _: &User) -> Result<AfterSignIn, Error> {
            Err(Error::hook("no route to db.internal"))
        }
    }
    let provider = Provider::start().await;
    let rocket = rocket::custom(provider.figment())
        .attach(Logto::fairing().hooks(Fails))
        .mount("/", routes![page]);
    let browser = Browser::open(rocket).await;
    let answer = back_from_sign_in(&provider, &browser).await;
    assert_eq!(answer.status, Status::ServiceUnavailable);
    assert!(answer.header("Retry-After").is_some());
    let told = "Something in this application is not working right now. Please try again shortly.";
    assert!(answer.body.contains(told), "{}", answer.body);
    assert!(answer.body.contains("/sign-in?return_to=%2Fpage"), "{}", answer.body);
    assert!(!answer.body.contains("db.internal"), "{}", answer.body);
    assert!(browser.session_cookies().is_empty());
    assert_eq!(browser.visit("/page").await.status, Status::SeeOther, "a stranger");
}

/// Asks for everything that may wait for a refresh, and takes longer than a call to Logto may.
struct Slow;

#[rocket::async_trait]
impl Hooks for Slow {
    async fn after_refresh(&self, request: &Request<'_>, _: &User) {
        let logto = request.guard::<LogtoClient<'_>>().await.succeeded().expect("a client");
        let user = logto.user().await.expect("no failure").map(|user| user.subject().to_owned());
        let info = logto.fetch_user_info().await.expect("no failure");
        assert_eq!(info.map(|info| info.subject().to_owned()), user);
        logto.access_token(Audience::logto()).await.expect("no failure").expect("a token");
        sleep(Duration::from_millis(5_100)).await;
        Events::of(request).add(format!("slow: {}", user.unwrap_or_default()));
    }
}

/// REL-12: whether the request waited for a revalidation, the user info or a token.
#[rocket::async_test]
async fn a_hook_after_a_refresh_may_ask_for_anything_and_take_its_time() {
    let visits = ["/page", "/me", "/stale"].map(async |path| {
        let provider = Provider::builder().access_token_ttl(Duration::from_secs(1)).start().await;
        let rocket = rocket::custom(provider.figment().merge(("logto.session.revalidate", 1)))
            .manage(Events::default())
            .attach(Logto::fairing().hooks(Slow))
            .mount("/", routes![events, stale, page, me]);
        let browser = Browser::open(rocket).await;
        let callback = provider.approve_at(&browser.start("/page").await).await;
        browser.visit(&callback).await;
        sleep(Duration::from_millis(1_100)).await;
        let answer = browser.visit(path).await;
        assert_eq!(answer.status, Status::Ok, "{path}: {answer:?}");
        assert!(happened(&browser).await.starts_with("slow: "), "{path}");
    });
    join_all(visits).await;
}

/// Signs out whoever was refreshed, as if they had lost a role.
struct Expels;

#[rocket::async_trait]
impl Hooks for Expels {
    async fn after_refresh(&self, request: &Request<'_>, _: &User) {
        let logto = request.guard::<LogtoClient<'_>>().await.succeeded().expect("a client");
        logto.clear_all_tokens().await.expect("it ends");
    }
}

/// REL-12: the request itself does not continue as the user's.
#[rocket::async_test]
async fn a_hook_that_ends_the_session_stops_the_request() {
    for path in ["/page", "/me", "/quiet"] {
        let provider = Provider::builder().access_token_ttl(Duration::from_secs(1)).start().await;
        let rocket = rocket::custom(provider.figment().merge(("logto.session.revalidate", 1)))
            .attach(Logto::fairing().hooks(Expels))
            .mount("/", routes![page, me, quiet]);
        let browser = Browser::open(rocket).await;
        let callback = provider.approve_at(&browser.start("/page").await).await;
        browser.visit(&callback).await;
        sleep(Duration::from_millis(1_100)).await;
        let status = browser.visit(path).await.status;
        assert!([303, 401].contains(&status.code), "{path}: {status}");
        assert!(browser.session_cookies().is_empty(), "{path}");
    }
}

/// A5: no hook sees the text of an answer that is not ours.
#[rocket::async_test]
async fn a_foreign_error_is_reported_as_an_unknown_sign_in() {
    let provider = Provider::start().await;
    let browser = Browser::open(app(&provider, || Ok(AfterSignIn::Continue))).await;
    let _ = browser.start("/page").await;
    let foreign = "/callback?error=access_denied&error_description=call+555-EVIL&state=x";
    assert_eq!(browser.visit(foreign).await.status, Status::BadRequest);
    assert_eq!(happened(&browser).await, "error: SignInNotFound");
}

/// Without `on_error` the reason is on our page, escaped.
#[rocket::async_test]
async fn the_reason_of_a_refusal_is_shown_escaped() {
    struct Refuses;
    #[rocket::async_trait]
    impl Hooks for Refuses {
        async fn after_sign_in(&self, _: &Request<'_>, _: &User) -> Result<AfterSignIn, Error> {
            Ok(AfterSignIn::Refuse("<b>Not you</b>".into()))
        }
    }
    let provider = Provider::start().await;
    let rocket = rocket::custom(provider.figment())
        .attach(Logto::fairing().hooks(Refuses))
        .mount("/", routes![page]);
    let browser = Browser::open(rocket).await;
    let answer = back_from_sign_in(&provider, &browser).await;
    assert_eq!(answer.status, Status::Forbidden);
    assert!(answer.body.contains("&lt;b&gt;Not you&lt;/b&gt;"), "{}", answer.body);
}

#[rocket::async_test]
async fn an_application_renders_failures_and_they_stay_failures() {
    let provider = Provider::start().await;
    let browser = Browser::open(app(&provider, || Ok(AfterSignIn::Continue))).await;
    let unknown = browser.visit("/callback?code=a&state=b").await;
    assert_eq!(unknown.status, Status::BadRequest);
    assert!(unknown.body.contains("Sign-in expired"), "ours, where the hook gives none");

    let cancelled = provider.cancel(&browser.start("/page").await).await.expect("a callback");
    let cancelled = browser.visit(&cancelled).await;
    assert_eq!(cancelled.status, Status::BadRequest);
    assert!(cancelled.body.contains("Ours: 400"));
    assert_eq!(cancelled.header("Referrer-Policy"), Some("no-referrer"));

    back_from_sign_in(&provider, &browser).await;
    provider.stop().await;
    let down = browser.visit("/page").await;
    assert_eq!(down.status, Status::ServiceUnavailable);
    assert!(down.body.contains("Ours: 503"), "{}", down.body);
    assert!(down.header("Retry-After").is_some());
    assert!(happened(&browser).await.ends_with("error: Unreachable"));
}

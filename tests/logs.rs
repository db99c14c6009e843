//! What is in the log after everything that can happen to a session. A test
//! binary of its own, as a process has one logger.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use logto_rocket::testing::{TestClient as _, TestUser};
use logto_rocket::{
    AccessToken, AfterSignIn, ApiResource, Error, Hooks, Logto, LogtoClient, Policy, Saved,
    SessionKey, SessionStore, StoredSession, User, UserInfo, Version, authenticated, protect,
};
use logto_tests::{Alter, Browser, Deviation, Hostile, with};
use rocket::error::ErrorKind;
use rocket::http::{ContentType, Method, Status};
use rocket::local::asynchronous::Client;
use rocket::serde::json::Json;
use rocket::tokio::sync::{Mutex as Turn, MutexGuard};
use rocket::{Build, Request, Rocket, Route, get, post, routes};
use serde_json::{Value, json};

const API: &str = "https://api.example.com";

/// Keeps our own records at the finest level, and others up to `info`,
/// which is Rocket's `normal`.
struct Memory(Mutex<String>);

static LOG: Memory = Memory(Mutex::new(String::new()));

impl log::Log for Memory {
    fn enabled(&self, of: &log::Metadata<'_>) -> bool {
        of.level() <= log::Level::Info || of.target().starts_with("logto_rocket")
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let line = format!("{} {} {}\n", record.level(), record.target(), record.args());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
    }

    fn flush(&self) {}
}

/// Keeps the log, for one test at a time.
async fn keep_log() -> MutexGuard<'static, ()> {
    static TURN: LazyLock<Turn<()>> = LazyLock::new(|| {
        log::set_logger(&LOG).expect("the only logger");
        Turn::default()
    });
    let turn = TURN.lock().await;
    log();
    log::set_max_level(log::LevelFilter::Trace);
    turn
}

/// The log since the last time.
fn log() -> String {
    std::mem::take(&mut *LOG.0.lock().unwrap_or_else(PoisonError::into_inner))
}

#[authenticated(redirect, fetch_user_info)]
#[get("/private")]
fn private(info: &UserInfo) -> String {
    info.subject().to_owned()
}

/// All tokens of the session.
#[get("/tokens")]
async fn tokens(logto: LogtoClient<'_>) -> Result<Json<Value>, Error> {
    let own = logto.access_token(logto_rocket::Audience::logto()).await?;
    let api = logto.access_token(API).await?;
    Ok(Json(json!({
        "access token": own.map(|token| token.secret().to_owned()),
        "access token of an API": api.map(|token| token.secret().to_owned()),
        "refresh token": logto.refresh_token().await?,
        "ID token": logto.id_token().await?.as_deref(),
    })))
}

#[authenticated]
#[post("/private")]
fn change() {}

fn app(op: &Hostile) -> Rocket<Build> {
    let figment = op.figment().merge(("log_level", "normal")).merge(("logto.resources", [API]));
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![private, change, tokens])
}

/// What must not be in the log, each with its kind.
#[derive(Default)]
struct Secrets(BTreeSet<(String, String)>);

impl Secrets {
    fn add(&mut self, kind: &str, value: impl Into<String>) {
        let value = value.into();
        assert!(value.len() >= 6, "{kind} is too short to be looked for: {value:?}");
        self.0.insert((kind.to_owned(), value));
    }

    /// The parameters of an address, decoded.
    fn add_address(&mut self, address: &str) {
        let address: url::Url = address.parse().expect("an address");
        let kinds = ["code", "state", "nonce", "code_challenge"];
        for (name, value) in address.query_pairs().filter(|(name, _)| kinds.contains(&&**name)) {
            self.add(&name, value);
        }
    }

    fn add_cookies(&mut self, browser: &Browser) {
        for (name, value) in browser.cookies().into_iter().filter(|(_, value)| value.len() > 9) {
            let kind = if name.contains("_t_") { "sign-in's cookie" } else { "session's cookie" };
            self.add(kind, value);
        }
    }

    /// What was sent to the provider.
    fn add_requests(&mut self, op: &Hostile) {
        for request in ["token", "me", "revocation"].into_iter().flat_map(|name| op.requests(name))
        {
            for name in ["code", "code_verifier", "refresh_token", "token"] {
                request.field(name).into_iter().for_each(|value| self.add(name, value));
            }
            let header = &request.headers["authorization"];
            let (_, credentials) = header.split_once(' ').expect("a scheme and credentials");
            self.add("Authorization", credentials);
        }
    }
}

/// H7, R14: at Rocket's level `normal` and our finest: a sign-in, a refresh, tokens, a
/// sign-out, and everything that can be refused about them.
#[rocket::async_test]
async fn no_secret_is_in_the_log_of_a_whole_session() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    op.deviate(Deviation::RotateRefreshTokens);
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    let browser = Browser::open(app(&op)).await;
    let mut secrets = Secrets::default();
    for key in ["app_secret", "cookie_secret"] {
        let value: String = op.figment().extract_inner(&format!("logto.{key}")).expect(key);
        secrets.add(key, value);
    }

    let authorization = browser.start("/private").await;
    secrets.add_address(&authorization);
    secrets.add_cookies(&browser);
    let callback = op.authorize(&authorization);
    secrets.add_address(&callback);
    assert_eq!(browser.visit(&callback).await.status, Status::SeeOther);
    secrets.add_cookies(&browser);
    assert_eq!(browser.visit("/private").await.status, Status::Ok);
    let tokens = browser.fetch("/tokens").await.json();
    for (kind, token) in tokens.as_object().expect("the tokens") {
        secrets.add(kind, token.as_str().expect("a token"));
    }
    secrets.add_cookies(&browser);
    fail(&op, &browser, &callback, &mut secrets).await;
    secrets.add_requests(&op);

    let kinds: BTreeSet<_> = secrets.0.iter().map(|(kind, _)| kind.as_str()).collect();
    assert!(kinds.len() >= 16, "{kinds:?}");
    let log = log();
    assert!(log.contains("GET /callback"), "the log was not kept: {log}");
    for (kind, secret) in &secrets.0 {
        assert_eq!(log.find(secret.as_str()), None, "{kind} is in the log: {log}");
    }
    for scheme in ["Bearer ", "Basic ", "eyJ"] {
        assert_eq!(log.find(scheme), None, "{scheme:?} is in the log: {log}");
    }
}

/// Callbacks that are forged, replayed or refused, a refresh that is refused, a sign-out, and
/// a provider that is down.
async fn fail(op: &Hostile, browser: &Browser, callback: &str, secrets: &mut Secrets) {
    browser.visit(callback).await;
    browser.visit("/callback?code=forged-code-1&state=forged-state-1&iss=x").await;
    browser.visit("/callback?error=forged-error-1&state=forged-state-2").await;
    browser.visit("//callback/?code=forged-code-2&state=forged-state-3&iss=x").await;
    for forged in [
        "forged-code-1",
        "forged-code-2",
        "forged-state-1",
        "forged-state-2",
        "forged-state-3",
        "forged-error-1",
    ] {
        secrets.add("forged", forged);
    }
    for logout in [op.logout_token("u-alice", Some("another")), "forged-token-1".to_owned()] {
        browser.post_logout(&logout).await;
        secrets.add("logout token", logout);
    }
    let location = browser.visit("/sign-in").await.location().to_owned();
    secrets.add_address(&location);
    op.deviate(Deviation::Claims(Alter::append("iss", "1")));
    browser.visit(&op.authorize(&location)).await;
    let again = browser.visit("/sign-in").await;
    browser.visit(&op.refuse(again.location(), "a<b")).await;
    op.behave();
    browser.visit("/sign-out").await;
    browser.sign_in(op, "/private").await;
    secrets.add_cookies(browser);
    op.end_grants();
    browser.fetch("/private").await;
    browser.sign_in(op, "/private").await;
    op.stop().await;
    browser.visit("/sign-out").await;
    browser.visit("/sign-in").await;
    op.resume();
}

/// A sign-in with so many extra characters in its ID token, and what it logs.
async fn log_of_sign_in(
    op: &Hostile,
    browser: &Browser,
    claim: &'static str,
    length: usize,
) -> String {
    let noise: String = std::iter::repeat_with(logto_tests::random).take(length / 43).collect();
    op.behave();
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    op.deviate(Deviation::Claims(Alter::set(claim, json!([noise]))));
    browser.forget();
    log();
    let started = browser.visit("/sign-in").await;
    browser.visit(&op.authorize(started.location())).await;
    log()
}

/// REL-15: before servers in front refuse it, and once a minute.
#[rocket::async_test]
async fn an_answer_with_a_large_header_is_warned_about_once() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    let browser = Browser::open(app(&op)).await;
    for (length, warned) in [(100, false), (2_400, true), (2_400, false)] {
        let log = log_of_sign_in(&op, &browser, "padding", length).await;
        assert_eq!(browser.session_cookies().len(), 1, "{length}");
        assert_eq!(log.contains("proxy_buffer_size"), warned, "{length}: {log}");
        assert_eq!(log.contains("set `session.store`"), warned, "{length}: {log}");
    }
}

/// S32, S10: about a session that is too large, and about one that has grown.
#[rocket::async_test]
async fn what_to_leave_out_of_a_session_that_is_too_large_is_logged() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    let browser = Browser::open(app(&op)).await;
    let refused = log_of_sign_in(&op, &browser, "organizations", 10_000).await;
    assert!(browser.session_cookies().is_empty());
    for part in ["`session.max_cookie_bytes` is 6000", "`organizations` (99", "`session.store`"] {
        assert!(refused.contains(part), "{part:?} is not in: {refused}");
    }
    log_of_sign_in(&op, &browser, "organizations", 100).await;
    let noise: String = std::iter::repeat_with(logto_tests::random).take(250).collect();
    op.deviate(Deviation::RefreshedClaims(Alter::set("roles", json!([noise]))));
    for grown in [true, false] {
        assert_eq!(browser.visit("/private").await.status, Status::Ok);
        let log = log();
        assert_eq!(log.contains("continues without `roles`, `organizations`"), grown, "{log}");
        assert!(!log.contains(&noise), "{log}");
    }
}

/// A store whose every failure has this cause, and names what was requested.
struct Broken;

impl Broken {
    fn fail<T>(key: impl std::fmt::Debug) -> Result<T, Error> {
        let refused = std::io::Error::other(format!("connection refused, for {key:?}"));
        Err(Error::store(std::io::Error::other(Unreachable(refused))))
    }
}

#[derive(Debug)]
struct Unreachable(std::io::Error);

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no database")
    }
}

impl std::error::Error for Unreachable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[rocket::async_trait]
impl SessionStore for Broken {
    async fn create(
        &self,
        key: &SessionKey,
        session: StoredSession,
        _: Duration,
    ) -> Result<Version, Error> {
        Self::fail((key, session))
    }
    async fn load(&self, key: &SessionKey) -> Result<Option<(Vec<u8>, Version)>, Error> {
        Self::fail(key)
    }
    async fn save(
        &self,
        key: &SessionKey,
        _: Version,
        session: StoredSession,
        _: Duration,
    ) -> Result<Saved, Error> {
        Self::fail((key, session))
    }
    async fn delete(&self, key: &SessionKey, names: &[String]) -> Result<(), Error> {
        Self::fail((key, names))
    }
    async fn find(&self, names: &[String]) -> Result<Vec<SessionKey>, Error> {
        Self::fail(names)
    }
}

#[get("/user")]
fn user(user: Option<&User>) -> &'static str {
    if user.is_some() { "user" } else { "stranger" }
}

/// H7, REL-6: once per request, whoever answers, with everything that the store says, and
/// nothing of the cookie.
#[rocket::async_test]
async fn why_a_store_failed_is_logged_once_where_it_is_answered() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    let figment = op.figment().merge(("log_level", "normal"));
    let application = |figment, fairing| {
        let rocket = rocket::custom(figment).attach(fairing);
        rocket.mount("/", routes![change, tokens, user])
    };
    let memory = figment.clone().merge(("logto.session.store", "memory"));
    let working = Browser::open(application(memory, Logto::fairing())).await;
    working.sign_in(&op, "/sign-in?return_to=/user").await;
    let cookies = working.session_cookies();
    let id = cookies.values().next().expect("the id of the session").clone();

    let browser = Browser::open(application(figment, Logto::fairing().store(Broken))).await;
    let callback = op.authorize(&browser.start("/sign-in").await);
    log();
    let assert_logged = |path: &str, what: Option<&str>| {
        let log = log();
        let cause = "the session store failed, caused by: no database: connection refused";
        if let Some(what) = what {
            let line = format!("logto: {what}: {cause}");
            assert_eq!(log.matches(&line).count(), 1, "{path}: {log}");
        }
        let times = usize::from(what.is_some());
        assert_eq!(log.matches("connection refused").count(), times, "{path}: {log}");
        log
    };
    assert_eq!(browser.visit(&callback).await.status, Status::ServiceUnavailable);
    assert_logged("/callback", Some("a callback did not sign in"));

    browser.restore(cookies);
    // Once a minute for each reason.
    for (path, status, what) in [
        ("/private", 503, Some("a request failed")),
        ("/tokens", 503, None),
        ("/user", 200, Some("a guard failed")),
        ("/user", 200, None),
        ("/sign-out", 503, None),
    ] {
        let request = match path {
            "/private" => browser.client().post(path),
            _ => logto_tests::as_navigation(browser.client().get(path)),
        };
        assert_eq!(browser.send(request).await.status.code, status, "{path}");
        assert!(!assert_logged(path, what).contains(&id), "{path}");
    }
    let request = browser.client().post("/backchannel-logout").header(ContentType::Form);
    let token = op.logout_token("u-alice", None);
    let answer = browser.send(request.body(format!("logout_token={token}"))).await;
    assert_eq!(answer.status, Status::ServiceUnavailable);
    let what = Some("a logout token ended nothing");
    assert!(!assert_logged("/backchannel-logout", what).contains(&token));
}

struct Down;

#[rocket::async_trait]
impl Hooks for Down {
    async fn after_sign_in(&self, _: &Request<'_>, _: &User) -> Result<AfterSignIn, Error> {
        let refused = std::io::Error::other("connection refused");
        Err(Error::hook(std::io::Error::other(Unreachable(refused))))
    }
}

/// H7: nothing is said of the session store, which did not fail.
#[rocket::async_test]
async fn why_a_hook_failed_is_logged_once_as_the_hooks() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    let figment = op.figment().merge(("log_level", "normal"));
    let rocket = rocket::custom(figment).attach(Logto::fairing().hooks(Down));
    let browser = Browser::open(rocket).await;
    let callback = op.authorize(&browser.start("/sign-in").await);
    log();
    assert_eq!(browser.visit(&callback).await.status, Status::ServiceUnavailable);
    let log = log();
    let line = "logto: a callback did not sign in: a hook of the application failed, \
                caused by: no database: connection refused";
    assert_eq!(log.matches(line).count(), 1, "{log}");
    assert!(!log.contains("store failed"), "{log}");
}

/// H18: who runs the application learns which keys to look at.
#[rocket::async_test]
async fn a_request_of_another_origin_is_logged_with_the_keys_that_decide() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    let browser = Browser::open(app(&op)).await;
    browser.sign_in(&op, "/private").await;
    for path in ["/private", "/sign-out"] {
        log();
        let request = with(browser.client().post(path), &[("Origin", "https://evil.example")]);
        assert_eq!(browser.send(request).await.status, Status::Forbidden, "{path}");
        let log = log();
        assert!(log.contains("neither that of `base_url` nor one of `trusted_origins`"), "{log}");
        assert!(!log.contains("evil"), "it is for others to choose: {log}");
    }
}

/// T23: where a slow clock or a missing key keeps old claims, the operator reads what to check.
#[rocket::async_test]
async fn claims_that_are_not_renewed_are_warned_about() {
    let _turn = keep_log().await;
    for (deviation, hint) in [
        (Deviation::RefreshedClaims(Alter::set("iat", u32::MAX)), "check this machine's clock"),
        (Deviation::Header(Alter::set("kid", "unknown")), "check that no cache keeps old ones"),
    ] {
        let op = Hostile::start().await;
        op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
        let browser = Browser::open(app(&op)).await;
        browser.sign_in(&op, "/private").await;
        op.deviate(deviation);
        log();
        assert_eq!(browser.fetch("/private").await.status, Status::Ok);
        let log = log();
        let lines: Vec<_> = log.lines().filter(|line| line.starts_with("WARN")).collect();
        assert!(lines.len() == 1 && lines[0].contains(hint), "{lines:?}");
    }
}

#[derive(ApiResource)]
#[resource("https://other.example.com", scopes("read:other"))]
struct Other;

#[authenticated(resource = "https://api.example.com", organization = "<org>")]
#[get("/<org>/items")]
fn items(org: &str, _other: AccessToken<Other>) -> String {
    org.to_owned()
}

#[authenticated(resource = "https://api.example.com", organization = "<org>")]
#[get("/<org>/owned")]
fn owned(org: &str) -> String {
    org.to_owned()
}

#[rocket::async_test]
async fn a_launch_that_lacks_something_says_what_to_add_and_for_which_route() {
    let _turn = keep_log().await;
    let figment = Hostile::start().await.figment().merge(("logto.scopes", ["email"]));
    let rocket = rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![items]);
    log::set_max_level(log::LevelFilter::Trace);
    let error = Client::untracked(rocket).await.expect_err("no launch");
    assert!(matches!(error.kind(), ErrorKind::SentinelAborts(_)), "{error}");
    let log = log();
    for line in [
        "logto: the route `items` requires the resource `https://api.example.com` and the scope \
         `urn:logto:scope:organizations`, which sign-ins do not request; \
         add `https://api.example.com` to `resources` \
         and `urn:logto:scope:organizations` to `scopes` \
         under `[default.logto]` in Rocket.toml, ",
        "logto: the guard `AccessToken<logs::Other>` requires the resource \
         `https://other.example.com` and the scope `read:other`, which sign-ins do not request; \
         add `https://other.example.com` to `resources` and `read:other` to `scopes` under ",
    ] {
        assert!(log.contains(line), "{line} is not in the log: {log}");
    }
}

#[authenticated(bearer, resource = "itmes", any_client)]
#[get("/misspelt")]
fn misspelt() {}

/// W15: the log lists the existing names, and says where to add one.
#[rocket::async_test]
async fn an_unknown_name_of_a_resource_is_answered_with_the_known_ones() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    let named = op.figment().merge(("logto.resources.items", "urn:a"));
    let named = named.merge(("logto.resources.orders", "urn:b"));
    let add = "add `itmes = \"https://..\"` to the table `logto.resources`\n";
    for (figment, known) in
        [(&named, "there are `items`, `orders`"), (&op.figment(), "none of them has a name")]
    {
        let rocket = rocket::custom(figment).attach(Logto::fairing());
        let launched = Client::untracked(rocket.mount("/", routes![misspelt])).await;
        let error = launched.expect_err("no launch");
        assert!(matches!(error.kind(), ErrorKind::SentinelAborts(_)), "{error}");
        let line = format!(
            "logto: the route `misspelt`: `resources` in the configuration has no `itmes`, \
             {known}; {add}"
        );
        let log = log();
        assert!(log.contains(&line), "{line} is not in the log: {log}");
    }
    let policy = Policy::new().resource("itmes").bearer().any_client();
    let rocket = rocket::custom(named).attach(Logto::fairing());
    let rocket = rocket.mount("/", protect(routes![tokens], policy));
    let client = Client::untracked(rocket).await.expect("a launch");
    log::set_max_level(log::LevelFilter::Trace);
    assert_eq!(client.get("/tokens").dispatch().await.status(), Status::InternalServerError);
    let log = log();
    assert!(log.contains("logto: routes protected at ") && log.contains(add), "{log}");
}

#[get("/health")]
fn health() {}

#[post("/<_..>")]
fn anything() {}

/// H22: all of them, in order, and what to write.
#[rocket::async_test]
async fn a_launch_that_meets_undecided_routes_lists_them_all() {
    let _turn = keep_log().await;
    let fairing = Logto::fairing().deny_unprotected("/admin").deny_unprotected("/api");
    let unnamed = Route::new(Method::Put, "/raw?<query>", rocket::route::dummy_handler);
    let rocket = rocket::custom(Hostile::start().await.figment())
        .attach(fairing)
        .mount("/", routes![health, anything])
        .mount("/api", routes![health])
        .mount("/api", [unnamed]);
    log::set_max_level(log::LevelFilter::Trace);
    let error = Client::untracked(rocket).await.expect_err("no launch");
    assert!(matches!(error.kind(), ErrorKind::SentinelAborts(_)), "{error}");
    let log = log();
    let ours = log.lines().filter_map(|line| line.strip_prefix("ERROR logto_rocket::"));
    let ours: Vec<_> = ours.filter_map(|line| line.split_once(" logto: ")).collect();
    let ours: Vec<_> = ours.into_iter().map(|(_, line)| line).collect();
    let expected = [
        "GET /api/health (`health`) can answer below `/api` and is neither protected nor public",
        "POST /<_..> (`anything`) can answer below `/admin` and is neither protected nor public",
        "PUT /api/raw?<query> can answer below `/api` and is neither protected nor public",
        "add `#[authenticated]` above each of these routes, or `#[public]` if anybody may use \
         it; for routes without an attribute there are `protect()` and `public()`",
    ];
    assert_eq!(ours, expected, "{log}");
}

/// H7: Rocket's own records at `debug` contain whole requests; the operator is told.
#[rocket::async_test]
async fn a_launch_whose_log_will_contain_cookies_is_warned() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    for (profile, level, warns) in
        [("release", "debug", true), ("release", "normal", false), ("debug", "debug", false)]
    {
        let figment = op.figment().merge(("log_level", level)).select(profile);
        let rocket = rocket::custom(figment).attach(Logto::fairing());
        log();
        Client::untracked(rocket).await.expect("it launches");
        let warned = log().contains("prints whole requests, including their cookies");
        assert_eq!(warned, warns, "{profile} {level}");
    }
}

/// Logto shows an unregistered address as JSON, and the application hears nothing.
#[rocket::async_test]
async fn a_launch_says_what_to_register_while_somebody_develops() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    for (profile, base, port, warns) in [
        ("debug", "http://localhost:8000/app", 8000, false),
        ("debug", "http://localhost:8000/app", 8001, true),
        ("debug", "http://localhost/app", 8000, true),
        ("debug", "https://app.example.com/app", 8000, false),
        ("release", "http://localhost:8000/app", 8001, false),
    ] {
        let figment = op.figment().merge(("logto.base_url", base)).merge(("port", port));
        let figment = figment.merge(("logto.routes.base", "/auth")).select(profile);
        log();
        let rocket = rocket::custom(figment).attach(Logto::fairing());
        Client::untracked(rocket).await.expect("it launches");
        let log = log();
        for line in [
            format!("redirect URI {base}/auth/callback\n"),
            format!("post sign-out redirect URI {base}/\n"),
            format!("back-channel logout URI {base}/auth/backchannel-logout\n"),
        ] {
            assert_eq!(log.contains(&line), profile == "debug", "{line} {profile}: {log}");
        }
        let warned = log.contains(&format!("but Rocket listens on {port}"));
        assert_eq!(warned, warns, "{profile} {base} {port}: {log}");
    }
}

/// One line for each, and no user ids unless configured.
#[rocket::async_test]
async fn sign_ins_and_their_ends_are_a_line_each() {
    let _turn = keep_log().await;
    for (asked, user) in [(false, "a user"), (true, "user \"u-alice\"")] {
        let op = Hostile::start().await;
        op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
        let figment = op.figment().merge(("log_level", "normal"));
        let figment = figment.merge(("logto.session.log_user_ids", asked));
        let rocket = rocket::custom(figment).attach(Logto::fairing());
        let browser = Browser::open(rocket.mount("/", routes![private, change, tokens])).await;
        let lines = || -> Vec<String> {
            let log = log();
            assert_eq!(log.contains("u-alice"), asked && log.contains("logto: "), "{log}");
            log.lines().filter(|line| line.contains("logto: ")).map(String::from).collect()
        };
        log();
        browser.sign_in(&op, "/private").await;
        let signed_in = lines();
        assert!(signed_in.len() == 1, "{signed_in:?}");
        assert!(signed_in[0].ends_with(&format!("logto: {user} signed in")), "{signed_in:?}");
        browser.visit("/sign-out").await;
        let signed_out = lines();
        assert!(signed_out.len() == 1, "{signed_out:?}");
        assert!(signed_out[0].ends_with(&format!("logto: {user} signed out")), "{signed_out:?}");

        browser.sign_in(&op, "/private").await;
        log();
        op.end_grants();
        browser.fetch("/private").await;
        let ended = lines();
        assert!(ended.len() == 1, "{ended:?}");
        assert!(ended[0].contains(&format!("logto: the session of {user} has ended")), "{ended:?}");

        browser.sign_in(&op, "/private").await;
        log();
        browser.post_logout(&op.logout_token("u-alice", None)).await;
        let logged_out = lines();
        let line = format!("logto: Logto ended the sessions of {user}");
        assert!(logged_out.len() == 1 && logged_out[0].ends_with(&line), "{logged_out:?}");
    }
}

/// A32: the operator reads which token was denied, and what Logto says about it.
#[rocket::async_test]
async fn a_denied_token_is_logged_with_its_organization_and_resource() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    let figment = op.figment().merge(("logto.resources", [API]));
    let figment = figment.merge(("logto.scopes", ["urn:logto:scope:organizations"]));
    let rocket = rocket::custom(figment).attach(Logto::fairing());
    let browser = Browser::open(rocket.mount("/", routes![owned, private])).await;
    browser.sign_in(&op, "/sign-in").await;
    let body = json!({
        "error": "access_denied",
        "error_description": "user is not a member of the organization",
    });
    op.deviate(Deviation::Answer("token", logto_tests::Fault::Json(403, body)));
    log();
    assert_eq!(browser.visit("/acme/owned").await.status, Status::Forbidden);
    let log = log();
    let line = "logto: a request failed: Logto denied the token: access_denied: resource \
                \"https://api.example.com\" in organization \"acme\" \
                (user is not a member of the organization)\n";
    assert!(log.contains(line), "{log}");
}

/// A test that would have asked Logto is told what its user does not have.
#[rocket::async_test]
async fn a_test_is_told_what_its_user_lacks() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    let client = Client::tracked(app(&op)).await.expect("the application launches");
    client.sign_in_as(TestUser::new("alice")).await;
    assert_eq!(client.get("/tokens").dispatch().await.status(), Status::ServiceUnavailable);
    let log = log();
    let line = "for an access token for resource \"https://api.example.com\"; \
                add `.access_token(..)` to its `TestUser`";
    assert!(log.contains(line), "{log}");
    assert_eq!(op.count("token"), 0);
}

#[authenticated(roles("logged-admin"))]
#[get("/role")]
fn role() {}

#[authenticated(bearer, resource = "https://api.example.com", scopes("logged:scope"))]
#[get("/scope")]
fn scope() {}

/// W13, W6, W3, H7: what a user or a token lacks, and why a token is invalid, but not the token;
/// in the debug profile the answer says it.
#[rocket::async_test]
async fn what_a_user_or_a_token_lacks_is_in_the_log() {
    let _turn = keep_log().await;
    let op = Hostile::start().await;
    let figment = op.figment().merge(("logto.scopes", ["roles"])).merge(("log_level", "normal"));
    let rocket = rocket::custom(figment).attach(Logto::fairing());
    let browser = Browser::open(rocket.mount("/", routes![role, scope])).await;
    browser.sign_in(&op, "/sign-in").await;
    let opaque = "an-opaque-token-of-43-characters-0123456789";
    let tokens = [op.access_token(API, "read"), opaque.to_owned(), "a.b.c".to_owned()];
    for (path, token, status, detail) in [
        ("/role", None, 403, "the route needs the role `logged-admin`"),
        ("/scope", Some(&tokens[0]), 403, "the route needs the scope `logged:scope`"),
        ("/scope", Some(&tokens[1]), 401, "it is opaque: Logto issues such tokens"),
        ("/scope", Some(&tokens[2]), 401, "it is malformed"),
    ] {
        log();
        let bearer = token.map(|token| format!("Bearer {token}"));
        let header = bearer.as_deref().map(|bearer| ("Authorization", bearer));
        let request = with(browser.client().get(path), header.as_slice());
        let answer = browser.send(with(request, &[("Accept", "application/json")])).await;
        assert_eq!(answer.status.code, status, "{path}: {answer:?}");
        assert!(answer.body.contains(detail), "{answer:?}");
        let log = log();
        assert!(log.contains("logto: a request failed: ") && log.contains(detail), "{log}");
        assert!(token.is_none_or(|token| !log.contains(token.as_str())), "{log}");
    }
}

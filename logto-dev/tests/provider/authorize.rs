use std::time::Duration;

use logto_dev::{Builder, Provider, User};
use reqwest::header::{COOKIE, SET_COOKIE};
use rocket::async_test;
use serde_json::Value;

use crate::support::{Answer, App, CALLBACK, Captures, query, text};

/// Opens a URL with a session cookie and returns where it redirects to.
async fn open(app: &App, url: &str, cookie: &str) -> String {
    let request = app.http.get(url).header(COOKIE, cookie);
    let answer = Answer::of(request.send().await.expect("an answer")).await;
    answer.header("location").unwrap_or_else(|| panic!("no redirect: {answer:?}")).to_string()
}

/// Signs in on the page and returns the cookie of the provider's session.
async fn browser_session(app: &App, username: &str) -> String {
    let location = open(app, &app.url(&[]), "none=1").await;
    let page = format!("{}{location}", app.provider.endpoint());
    let interaction = query(&page, "interaction").expect("an interaction");
    let form = [("interaction", interaction.as_str()), ("username", username)];
    let response = app.form("/sign-in", &form).send().await.expect("an answer");
    let cookie = response.headers()[SET_COOKIE].to_str().expect("a cookie").to_string();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    cookie.split(';').next().expect("a pair").to_string()
}

#[async_test]
async fn the_callback_carries_code_state_and_issuer() {
    let app = App::start().await;
    let callback = app.provider.approve(&app.url(&[]), "alice").await.expect("a callback");
    assert!(callback.starts_with(&format!("{CALLBACK}?code=")), "{callback}");
    assert_eq!(query(&callback, "state").as_deref(), Some("st-1"));
    assert_eq!(query(&callback, "iss"), Some(app.provider.issuer()));
}

#[async_test]
async fn a_wrong_application_or_redirect_uri_is_never_redirected() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    for (change, capture) in [
        (("redirect_uri", "http://localhost:8000/evil"), "auth.bad_redirect"),
        (("redirect_uri", "http://localhost:8000/callback/"), "auth.bad_redirect"),
        (("client_id", "nosuch"), "auth.bad_client"),
    ] {
        let url = app.url(&[change, ("state", "s")]);
        let answer = Answer::of(app.http.get(url).send().await.expect("an answer")).await;
        let mut captured: Value =
            serde_json::from_str(captures.of(capture)[3].as_str().expect("a body")).expect("JSON");
        captured["iss"] = app.provider.issuer().into();
        assert_eq!((answer.status.as_u16(), answer.json()), (400, captured));
        assert_eq!(answer.header("location"), None);
    }
}

#[async_test]
async fn other_errors_go_to_the_callback_in_logto_s_words() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    for (change, capture) in [
        (("prompt", "none"), "auth.prompt_none.nosession"),
        (("prompt", "foo"), "auth.prompt_bad"),
        (("resource", "https://nope.example.com"), "auth.unknown_resource"),
        (("resource", "nope"), "auth.bad_resource_uri"),
    ] {
        let url = app.url(&[change, ("state", "s")]);
        let location = open(&app, &url, "none=1").await;
        let captured = text(&captures.of(capture)[1], "location");
        for name in ["error", "error_description", "state"] {
            assert_eq!(query(&location, name), query(&captured, name), "{name} of {capture}");
        }
        assert_eq!(query(&location, "iss"), Some(app.provider.issuer()));
    }
    let url = app.url(&[("code_challenge_method", "plain")]);
    let location = open(&app, &url, "none=1").await;
    assert_eq!(query(&location, "error").as_deref(), Some("invalid_request"));
}

#[async_test]
async fn a_browser_with_a_session_is_not_asked_again() {
    let app = App::start().await;
    let cookie = browser_session(&app, "alice").await;
    let location = open(&app, &app.url(&[]), &cookie).await;
    let code = query(&location, "code").expect("a code at once");
    app.redeem(&code, &[]).await.ok();
    let silent = open(&app, &app.url(&[("prompt", "none")]), &cookie).await;
    assert!(query(&silent, "code").is_some(), "{silent}");
    for change in [("prompt", "login"), ("max_age", "0")] {
        let location = open(&app, &app.url(&[change]), &cookie).await;
        assert!(location.starts_with("/sign-in?app_id="), "{location}");
    }
    let location = open(&app, &app.url(&[("max_age", "5000")]), &cookie).await;
    assert!(query(&location, "code").is_some(), "{location}");
}

#[async_test]
async fn sign_ins_of_one_browser_share_a_grant() {
    let app = App::start().await;
    let cookie = browser_session(&app, "alice").await;
    let mut refresh_tokens = Vec::new();
    for _ in 0..2 {
        let location = open(&app, &app.url(&[]), &cookie).await;
        let code = query(&location, "code").expect("a code");
        refresh_tokens.push(text(&app.redeem(&code, &[]).await.ok(), "refresh_token"));
    }
    app.revoke(&refresh_tokens[0]).await;
    assert_eq!(app.refresh(&refresh_tokens[1], &[]).await.status, 400);
}

#[async_test]
async fn prompt_none_does_not_widen_the_scopes() {
    let app = App::start().await;
    let cookie = browser_session(&app, "alice").await;
    let scope = "openid urn:logto:scope:sessions";
    let location = open(&app, &app.url(&[("prompt", "none"), ("scope", scope)]), &cookie).await;
    assert_eq!(query(&location, "error").as_deref(), Some("consent_required"));
}

#[async_test]
async fn auth_time_appears_when_it_matters() {
    let app = App::start().await;
    for (change, present) in
        [(("prompt", "consent"), false), (("prompt", "login"), true), (("max_age", "60"), true)]
    {
        let tokens = app.sign_in("alice", &[change]).await;
        let (_, claims) = crate::support::decode(&text(&tokens, "id_token"));
        assert_eq!(claims["auth_time"].is_u64(), present, "{change:?}");
    }
}

#[async_test]
async fn a_post_works_like_a_get() {
    let app = App::start().await;
    let url = app.url(&[("prompt", "none")]);
    let parameters = url::Url::parse(&url).expect("a URL");
    let pairs: Vec<_> = parameters.query_pairs().into_owned().collect();
    let form: Vec<_> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let answer = app.post("/oidc/auth", None, &form).await;
    let location = answer.header("location").expect("a redirect");
    assert_eq!(query(location, "error").as_deref(), Some("login_required"));
    assert_eq!(app.provider.count("auth"), 1);
}

#[async_test]
async fn the_first_screen_may_be_the_one_for_new_users() {
    let app = App::start().await;
    for first_screen in ["register", "identifier:register"] {
        let url = app.url(&[("first_screen", first_screen), ("login_hint", "x")]);
        let location = open(&app, &url, "none=1").await;
        assert!(location.starts_with("/register?app_id="), "{location}");
    }
    let more = [("direct_sign_in", "social:google"), ("identifier", "email"), ("ui_locales", "de")];
    let location = open(&app, &app.url(&more), "none=1").await;
    assert!(location.starts_with("/sign-in?app_id="), "{location}");
}

#[async_test]
async fn fragments_and_forms_carry_the_answer_where_asked() {
    let app = App::start().await;
    let url = app.url(&[("response_mode", "fragment")]);
    let callback = app.provider.approve(&url, "alice").await.expect("a callback");
    assert!(callback.starts_with(&format!("{CALLBACK}#code=")), "{callback}");
    let cookie = browser_session(&app, "alice").await;
    let url = app.url(&[("response_mode", "form_post"), ("state", "\"><script>")]);
    let request = app.http.get(url).header(COOKIE, cookie);
    let page = Answer::of(request.send().await.expect("an answer")).await;
    assert!(page.body.contains(&format!("action=\"{CALLBACK}\"")), "{}", page.body);
    assert!(page.body.contains("name=\"code\""), "{}", page.body);
    assert!(!page.body.contains("\"><script>"), "{}", page.body);
}

#[async_test]
async fn pages_escape_everything_and_forbid_foreign_code() {
    let app = App::start().await;
    app.provider.add(User::new("eve").name("<script>alert(1)</script>"));
    let location = open(&app, &app.url(&[]), "none=1").await;
    let page = app.get(&location).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("&lt;script&gt;"), "{}", page.body);
    assert!(!page.body.contains("<script"), "{}", page.body);
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(page.body.contains("Development provider"), "{}", page.body);
}

#[async_test]
async fn the_sign_in_page_shows_a_user_name_once() {
    let users = [
        User::new("carol").name("carol").email("carol@example.com"),
        User::new("dave").phone_number("15550000000"),
    ];
    let app = App::with(users.into_iter().fold(Provider::builder(), Builder::user)).await;
    let page = app.get(&open(&app, &app.url(&[]), "none=1").await).await.body;
    for user in [
        "<b>Alice Lidell</b><small>alice · alice@example.com</small></span>",
        "<b>bob</b></span>",
        "<b>carol</b><small>carol@example.com</small></span>",
        "<b>dave</b><small>15550000000</small></span>",
    ] {
        assert_eq!(page.matches(user).count(), 1, "{user} in {page}");
    }
}

#[async_test]
async fn a_finished_sign_in_cannot_be_finished_again() {
    let app = App::start().await;
    let location = open(&app, &app.url(&[]), "none=1").await;
    let page = format!("{}{location}", app.provider.endpoint());
    let interaction = query(&page, "interaction").expect("an interaction");
    let form = [("interaction", interaction.as_str()), ("username", "alice")];
    assert_eq!(app.post("/sign-in", None, &form).await.status, 303);
    assert_eq!(app.post("/sign-in", None, &form).await.status, 400);
    assert_eq!(app.get(&location).await.status, 400);
}

#[async_test]
async fn a_sign_in_grows_old_with_the_provider_s_clock() {
    let app = App::start().await;
    let cookie = browser_session(&app, "alice").await;
    let asked = [("max_age", "60")];
    app.provider.advance(Duration::from_secs(30));
    let location = open(&app, &app.url(&asked), &cookie).await;
    let tokens = app.redeem(&query(&location, "code").expect("a code"), &[]).await.ok();
    let (_, claims) = crate::support::decode(&text(&tokens, "id_token"));
    let [auth_time, iat] = ["auth_time", "iat"].map(|name| claims[name].as_u64().expect(name));
    assert!((29..=32).contains(&(iat - auth_time)), "{claims}");
    app.provider.advance(Duration::from_secs(31));
    let location = open(&app, &app.url(&asked), &cookie).await;
    assert!(location.starts_with("/sign-in?"), "{location}");
    let silent = [asked[0], ("prompt", "none")];
    let location = open(&app, &app.url(&silent), &cookie).await;
    assert_eq!(query(&location, "error").as_deref(), Some("login_required"));
}

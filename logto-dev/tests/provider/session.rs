use std::collections::BTreeMap;

use reqwest::header::{COOKIE, SET_COOKIE};
use rocket::async_test;
use serde_json::json;

use crate::support::{Answer, App, Captures, query, text};

/// The hidden value of the confirmation page.
fn xsrf(page: &Answer) -> String {
    let value =
        page.body.split("name=\"xsrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    value.unwrap_or_else(|| panic!("no form: {page:?}")).to_string()
}

/// Signs out and returns where the browser is sent.
async fn sign_out(app: &App, parameters: &str) -> String {
    let page = app.get(&format!("/oidc/session/end?{parameters}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains("<button"), "works without JavaScript: {}", page.body);
    let form = [("xsrf", xsrf(&page)), ("logout", "yes".to_string())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = app.post("/oidc/session/end/confirm", None, &form).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").expect("a redirect").to_string()
}

const HOME: &str = "post_logout_redirect_uri=http%3A%2F%2Flocalhost%3A8000%2F";

#[async_test]
async fn signing_out_returns_to_the_application() {
    let app = App::start().await;
    let client = format!("client_id={}", app.provider.app_id());
    let location = sign_out(&app, &format!("{client}&{HOME}&state=lo-1")).await;
    assert_eq!(location, "http://localhost:8000/?state=lo-1");
    assert_eq!(sign_out(&app, &format!("{client}&{HOME}")).await, "http://localhost:8000/");
    let tokens = app.sign_in("alice", &[]).await;
    let hint = format!("id_token_hint={}", text(&tokens, "id_token"));
    assert_eq!(sign_out(&app, &format!("{hint}&{HOME}")).await, "http://localhost:8000/");
    assert_eq!(app.provider.count("session/end"), 3);
}

#[async_test]
async fn signing_out_without_an_application_stays_at_the_provider() {
    let app = App::start().await;
    let success = format!("{}/session/end/success", app.provider.issuer());
    assert_eq!(sign_out(&app, HOME).await, success);
    assert_eq!(sign_out(&app, "").await, success);
    assert_eq!(app.get("/oidc/session/end/success").await.status, 200);
}

#[async_test]
async fn a_wrong_sign_out_is_refused_in_logto_s_words() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let id = app.provider.app_id();
    let uri = "post_logout_redirect_uri=http://localhost:8000/elsewhere";
    let unregistered = app.get(&format!("/oidc/session/end?client_id={id}&{uri}")).await;
    let captured = &captures.of("end_session.post_logout_unregistered")[0];
    assert_eq!(json!(unregistered.body), captured[2]);
    let malformed = app.get("/oidc/session/end?id_token_hint=nonsense").await;
    assert_eq!(json!(malformed.body), captures.of("end_session.bad_hint")[0][2]);
    let other = App::start().await;
    let foreign = text(&other.sign_in("alice", &[]).await, "id_token");
    let forged = app.get(&format!("/oidc/session/end?id_token_hint={foreign}")).await;
    assert_eq!(json!(forged.body), captures.of("hint signed by a removed key")[1]);
    assert_eq!(app.post("/oidc/session/end/confirm", None, &[("xsrf", "x")]).await.status, 400);
}

/// Signs in on the provider's page; returns the cookie of the provider's session.
async fn signed_in(app: &App) -> String {
    let page = app.http.get(app.url(&[])).send().await.expect("an answer");
    let location = page.headers()["location"].to_str().expect("a location").to_string();
    let url = format!("{}{location}", app.provider.endpoint());
    let interaction = query(&url, "interaction").expect("an interaction");
    let form = [("interaction", interaction.as_str()), ("username", "alice")];
    let signed_in = app.form("/sign-in", &form).send().await.expect("an answer");
    let cookie = signed_in.headers()[SET_COOKIE].to_str().expect("a cookie");
    cookie.split(';').next().expect("a pair").to_string()
}

/// A browser has one jar for both: cookies ignore ports.
#[async_test]
async fn two_providers_do_not_end_each_others_session_in_one_browser() {
    let apps = [App::start().await, App::start().await];
    let mut jar = BTreeMap::new();
    for app in &apps {
        let cookie = signed_in(app).await;
        let (name, value) = cookie.split_once('=').expect("a pair");
        jar.insert(name.to_owned(), value.to_owned());
    }
    let pairs: Vec<_> = jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
    for app in &apps {
        let request = app.http.get(app.url(&[("prompt", "none")]));
        let request = request.header(COOKIE, pairs.join("; "));
        let answer = Answer::of(request.send().await.expect("an answer")).await;
        let location = answer.header("location").expect("a redirect");
        assert!(query(location, "code").is_some(), "{location}");
    }
}

#[async_test]
async fn signing_out_ends_the_session_and_what_is_not_offline() {
    let app = App::start().await;
    let cookie = signed_in(&app).await;
    let open = async |url: String| {
        let request = app.http.get(url).header(COOKIE, &cookie);
        let answer = Answer::of(request.send().await.expect("an answer")).await;
        answer.header("location").expect("a redirect").to_string()
    };
    let mut tokens = Vec::new();
    for scope in ["openid offline_access", "openid"] {
        let code = query(&open(app.url(&[("scope", scope)])).await, "code").expect("a code");
        tokens.push(app.redeem(&code, &[]).await.ok());
    }

    let page = app.get(&format!("/oidc/session/end?client_id={}", app.provider.app_id())).await;
    let form = [("xsrf", xsrf(&page)), ("logout", "yes".to_string())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let confirm = app.form("/oidc/session/end/confirm", &form).header(COOKIE, &cookie);
    let answer = Answer::of(confirm.send().await.expect("an answer")).await;
    let removal = answer.header("set-cookie").expect("the cookie's removal");
    assert!(removal.contains("Max-Age=0"), "{removal}");

    let silent = open(app.url(&[("prompt", "none")])).await;
    assert_eq!(query(&silent, "error").as_deref(), Some("login_required"));
    app.refresh(&text(&tokens[0], "refresh_token"), &[]).await.ok();
    assert_eq!(app.user_info(&text(&tokens[1], "access_token")).await.status, 401);
}

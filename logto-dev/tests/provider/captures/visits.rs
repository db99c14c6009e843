//! What the authorization endpoint answers to a browser.

use serde_json::json;

use super::replay::Replay;
use crate::browser::Browser;
use crate::support::{App, text};

pub(crate) async fn play(replay: &mut Replay) {
    let app = &replay.start().await;
    strangers(replay, app).await;
    pages(replay, app).await;
    known(replay, app).await;
}

async fn strangers(replay: &mut Replay, app: &App) {
    for (name, change) in [
        ("auth.prompt_none.nosession", ("prompt", "none")),
        ("auth.bad_redirect", ("redirect_uri", "http://localhost:8000/evil")),
        ("auth.bad_client", ("client_id", "nosuch")),
        ("auth.unknown_resource", ("resource", "https://nope.example.com")),
        ("auth.bad_resource_uri", ("resource", "nope")),
        ("auth.prompt_bad", ("prompt", "foo")),
    ] {
        let answer = Browser::new(app).open(&[change, ("state", "s")]).await;
        replay.same(name, app, &answer);
    }
    let url = format!("{}&response_type=token", app.url(&[("state", "s")]));
    replay.same("auth.bad_response_type", app, &Browser::new(app).visit(&url).await);
}

async fn pages(replay: &mut Replay, app: &App) {
    for (name, changes) in [
        ("auth.no_pkce(web)", vec![("code_challenge", ""), ("code_challenge_method", "")]),
        ("auth.unknown_scope", vec![("scope", "openid nope")]),
        ("auth.first_screen=register", vec![("first_screen", "register")]),
        ("auth.interaction_mode(legacy)", vec![("interaction_mode", "signUp")]),
        ("auth.login_hint", vec![("login_hint", "alice")]),
        ("auth.ui_locales", vec![("ui_locales", "de")]),
    ] {
        replay.same_page(name, app, &Browser::new(app).open(&changes).await);
    }
}

/// A browser that signed in before.
async fn known(replay: &mut Replay, app: &App) {
    let mut browser = Browser::new(app);
    let scope = ("scope", "openid profile");
    browser.sign_in("alice", &[scope, ("state", "s2")]).await;
    let again = [scope, ("state", "s2")];
    for (name, change) in [
        ("prompt=none with session same scope", ("prompt", "none")),
        ("fragment", ("response_mode", "fragment")),
    ] {
        let location = browser.location(&[&again[..], &[change]].concat()).await;
        replay.same_value(name, app, &json!(location));
    }
    let more = [("scope", "openid profile email"), ("state", "s2"), ("prompt", "none")];
    let location = json!(browser.location(&more).await);
    replay.same_value("prompt=none with session more scope", app, &location);
    let form = browser.open(&[scope, ("state", "s2"), ("response_mode", "form_post")]).await;
    replay.same("form_post", app, &form);
    for input in ["name=\"code\"", "name=\"state\" value=\"s2\"", "name=\"iss\""] {
        assert!(form.body.contains(input), "{input} in {}", form.body);
    }
    ages(replay, app, &browser).await;
}

async fn ages(replay: &mut Replay, app: &App, browser: &Browser<'_>) {
    let scope = ("scope", "openid profile");
    let fresh = browser.open(&[scope, ("max_age", "0")]).await;
    replay.same_page("max_age=0", app, &fresh);
    let known = browser.open(&[scope, ("state", "s2"), ("nonce", ""), ("max_age", "5000")]).await;
    let location = known.header("location").expect("a callback").to_string();
    replay.same_value("max_age=5000", app, &json!([location, known.status.as_u16()]));
    let code = crate::support::query(&location, "code").expect("a code");
    let tokens = app.redeem(&code, &[]).await.ok();
    replay.same_token("max_age.idt", app, &text(&tokens, "id_token"));
}

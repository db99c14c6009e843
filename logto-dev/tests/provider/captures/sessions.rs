//! The end of a session.

use serde_json::json;

use super::replay::Replay;
use crate::browser::{Browser, HOME};
use crate::listener::Listener;
use crate::support::{Answer, App, text};

pub(crate) async fn play(replay: &mut Replay) {
    let app = &replay.start().await;
    sign_out(replay, app).await;
    elsewhere(replay, app).await;
    refusals(replay, app).await;
    offline_or_not(replay).await;
}

/// A whole sign-out: the application is told, and keeps its offline tokens.
async fn sign_out(replay: &mut Replay, app: &App) {
    let listener = Listener::start().await;
    app.provider.backchannel_logout_uri(listener.url("/backchannel-logout"));
    let mut browser = Browser::new(app);
    let scope = ("scope", "openid offline_access profile email");
    let tokens = browser.sign_in("alice", &[scope, ("state", "s2")]).await;
    let hint = format!("id_token_hint={}&{HOME}&state=lo-1", text(&tokens, "id_token"));
    let [page, confirmed] = browser.sign_out(&hint).await;
    replay.same_sequence("end_session.full", app, &[&page, &confirmed]);

    let told = listener.received();
    let [told] = told.as_slice() else { panic!("told {} times", told.len()) };
    let token = told.body.strip_prefix("logout_token=").expect("a logout token").to_string();
    let (_, claims) = crate::support::decode(&token);
    assert_eq!(claims["sid"], crate::support::decode(&text(&tokens, "id_token")).1["sid"]);
    replay.same_request("backchannel", told);
    replay.same_token("backchannel.logout_token", app, &token);

    let answer = app.refresh(&text(&tokens, "refresh_token"), &[]).await;
    replay.same("refresh.after_logout(offline)", app, &answer);
    let same = text(&answer.ok(), "refresh_token") == text(&tokens, "refresh_token");
    let same = if same { "same RT" } else { "another RT" };
    replay.same_value("web offline RT after logout", app, &json!([answer.status.as_u16(), same]));
    let info = app.user_info(&text(&tokens, "access_token")).await;
    replay.same("userinfo.after_logout", app, &info);
    let silent = browser.location(&[scope, ("state", "s2"), ("prompt", "none")]).await;
    replay.same_value("prompt=none after logout", app, &json!(silent));
}

/// Where the browser goes, depending on the request.
async fn elsewhere(replay: &mut Replay, app: &App) {
    // Nobody listens any more, and nobody minds.
    let client = format!("client_id={}&{HOME}", app.provider.app_id());
    for (name, parameters, signed_in) in [
        ("end_session.client_id_only", client.as_str(), true),
        ("end_session.no_params", "", true),
        ("end_session.post_logout_without_client", HOME, true),
        ("end_session.no_session", client.as_str(), false),
    ] {
        let mut browser = Browser::new(app);
        if signed_in {
            browser.sign_in("alice", &[]).await;
        }
        let [page, confirmed] = browser.sign_out(parameters).await;
        replay.same_sequence(name, app, &[&page, &confirmed]);
    }
}

async fn refusals(replay: &mut Replay, app: &App) {
    let ask = async |parameters: &str| -> Answer {
        app.get(&format!("/oidc/session/end?{parameters}")).await
    };
    let evil = "post_logout_redirect_uri=http://localhost:8000/evil";
    let answer = ask(&format!("client_id={}&{evil}", app.provider.app_id())).await;
    replay.same_sequence("end_session.post_logout_unregistered", app, &[&answer]);
    let answer = ask("id_token_hint=nonsense").await;
    replay.same_sequence("end_session.bad_hint", app, &[&answer]);
}

/// A refresh token of a session ends with it.
async fn offline_or_not(replay: &mut Replay) {
    let app = &replay.start_with(|builder| builder.always_issue_refresh_token(true)).await;
    let mut browser = Browser::new(app);
    let tokens = browser.sign_in("alice", &[("scope", "openid profile")]).await;
    browser.sign_out("").await;
    let answer = app.refresh(&text(&tokens, "refresh_token"), &[]).await;
    replay.same("web2 non-offline RT after logout", app, &answer);
    let info = app.user_info(&text(&tokens, "access_token")).await;
    replay.same("web2 non-offline userinfo after logout", app, &info);
}

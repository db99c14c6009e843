//! Refreshes, and the life of a refresh token.

use std::time::Duration;

use serde_json::json;

use super::replay::Replay;
use crate::support::{ALL_SCOPES, API, Answer, App, text};

const OTHER_API: &str = "https://other.example.com";
/// Of the 14 days that a refresh token lives.
const SEVENTY_PERCENT: Duration = Duration::from_secs(14 * 24 * 60 * 60 * 7 / 10);

pub(crate) async fn play(replay: &mut Replay) {
    let app = replay.start().await;
    plain(replay, &app).await;
    resources(replay, &app).await;
    rotation(replay).await;
    aged(replay).await;
    always(replay).await;
}

async fn plain(replay: &mut Replay, app: &App) {
    let token = text(&app.sign_in("alice", &[]).await, "refresh_token");
    let answer = app.refresh(&token, &[]).await;
    replay.same("refresh.plain", app, &answer);
    replay.same_token("refresh.plain.id_token", app, &text(&answer.ok(), "id_token"));
    let rotated = json!(text(&answer.ok(), "refresh_token") != token);
    replay.same_value("refresh.rotated?", app, &rotated);
    let again = app.refresh(&token, &[]).await;
    replay.same("refresh.reuse_old_immediately(rt)", app, &again);
    let differs = json!(again.json()["refresh_token"] != answer.json()["refresh_token"]);
    replay.same_value("refresh.rotation rt2->rt3 differs", app, &differs);
    let narrow = app.refresh(&token, &[("scope", "openid profile")]).await;
    replay.same("refresh.scope.narrow", app, &narrow);
    replay.same("refresh.garbage", app, &app.refresh("garbage", &[]).await);
    replay.same("refresh.missing", app, &app.refresh("", &[]).await);
}

async fn resources(replay: &mut Replay, app: &App) {
    let scope = format!("{ALL_SCOPES} read:items write:items");
    let tokens = app.sign_in("alice", &[("scope", &scope), ("resource", API)]).await;
    let token = text(&tokens, "refresh_token");
    let answer = app.refresh(&token, &[("resource", API)]).await;
    replay.same("refresh.resource", app, &answer);
    let access = text(&answer.ok(), "access_token");
    replay.same_token("refresh.resource.at", app, &access);
    replay.same("userinfo.with_resource_jwt", app, &app.user_info(&access).await);
    let answer = app.refresh(&token, &[("resource", OTHER_API)]).await;
    replay.same("refresh.resource.not_requested", app, &answer);
    let answer = app.refresh(&token, &[("resource", "https://nope.example.com")]).await;
    replay.same("refresh.resource.unknown", app, &answer);

    let both = format!("{API},{OTHER_API}");
    let scope = ("scope", "openid offline_access");
    let code = app.code("alice", &[scope, ("resource", &both)]).await;
    let answer = app.redeem(&code, &[]).await;
    replay.same("comma resource", app, &answer);
    let token = text(&answer.ok(), "refresh_token");
    let answer = app.refresh(&token, &[("resource", OTHER_API)]).await;
    replay.same("comma.resource.refresh other (no role)", app, &answer);
    replay.same_token("comma.at", app, &text(&answer.ok(), "access_token"));
}

/// As for a single-page application.
async fn rotation(replay: &mut Replay) {
    let app = &replay.start_with(|builder| builder.rotate_refresh_tokens(true)).await;
    let code = app.code("alice", &[("scope", "openid offline_access")]).await;
    let answer = app.redeem(&code, &[]).await;
    replay.same("spa.code", app, &answer);
    let first = text(&answer.ok(), "refresh_token");
    let answer = app.refresh(&first, &[]).await;
    replay.same("spa.refresh1", app, &answer);
    let second = text(&answer.ok(), "refresh_token");
    replay.same_value("spa.rotated", app, &json!(first != second));
    let names = ["spa.reuse_within_grace", "spa.reuse_after_4s", "spa.new_token_after_reuse"];
    reuse(replay, names, app, &first, &second).await;
}

/// As for every application, when most of a token's life is over.
async fn aged(replay: &mut Replay) {
    let app = &replay.start().await;
    let scope = ("scope", "openid offline_access profile email");
    let first = text(&app.sign_in("alice", &[scope]).await, "refresh_token");
    app.provider.advance(SEVENTY_PERCENT - Duration::from_secs(60));
    assert_eq!(text(&app.refresh(&first, &[]).await.ok(), "refresh_token"), first, "too early");
    app.provider.advance(Duration::from_secs(60));
    let answer = app.refresh(&first, &[]).await;
    replay.same("aged RT(>70%) rotates", app, &answer);
    let second = text(&answer.ok(), "refresh_token");
    replay.same_value("rotated", app, &json!(first != second));
    replay.same("new RT used", app, &app.refresh(&second, &[]).await);
    let names = ["aged reuse immediately", "aged reuse +4s", "new RT after reuse detection"];
    reuse(replay, names, app, &first, &second).await;

    let token = text(&app.sign_in("alice", &[scope]).await, "refresh_token");
    app.provider.advance(SEVENTY_PERCENT.mul_f64(1.5));
    replay.same("expired RT", app, &app.refresh(&token, &[]).await);
}

/// A rotated token is used at once, and too late.
async fn reuse(replay: &mut Replay, names: [&str; 3], app: &App, first: &str, second: &str) {
    let fresh: Answer = app.refresh(first, &[]).await;
    replay.same(names[0], app, &fresh);
    app.provider.advance(Duration::from_secs(4));
    replay.same(names[1], app, &app.refresh(first, &[]).await);
    replay.same(names[2], app, &app.refresh(second, &[]).await);
    let third = app.refresh(&text(&fresh.ok(), "refresh_token"), &[]).await;
    assert_eq!(third.status, 400, "the grant is gone, with all its tokens");
}

async fn always(replay: &mut Replay) {
    let app = &replay.start_with(|builder| builder.always_issue_refresh_token(true)).await;
    let code = app.code("alice", &[("scope", "openid profile")]).await;
    let answer = app.redeem(&code, &[]).await;
    replay.same("alwaysIssueRefreshToken.no_offline", app, &answer);
    let token = text(&answer.ok(), "refresh_token");
    let answer = app.refresh(&token, &[]).await;
    replay.same("norotate.refresh", app, &answer);
    assert_eq!(text(&answer.ok(), "refresh_token"), token);
}

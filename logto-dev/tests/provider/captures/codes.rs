//! From a code to tokens.

use std::time::Duration;

use serde_json::json;

use super::replay::Replay;
use crate::support::{API, App, text};

pub(crate) async fn play(replay: &mut Replay) {
    let app = replay.start().await;
    let discovery = app.get("/oidc/.well-known/openid-configuration").await;
    replay.same("discovery", &app, &discovery);
    let callback = app.provider.approve(&app.url(&[]), "alice").await.expect("a callback");
    replay.same_value("authz.success.redirect", &app, &json!(callback));
    verifiers(replay, &app).await;
    redirect_uris(replay, &app).await;
    claims(replay, &app).await;
    scopes(replay, &app).await;
    app.provider.advance(Duration::from_secs(1));
    let code = app.code("alice", &[]).await;
    app.provider.advance(Duration::from_secs(61));
    let expired = app.redeem(&code, &[]).await;
    replay.same("expired code", &app, &expired);
}

async fn verifiers(replay: &mut Replay, app: &App) {
    let code = app.code("alice", &[]).await;
    let wrong = "x".repeat(43);
    let answer = app.redeem(&code, &[("code_verifier", &wrong)]).await;
    replay.same("code.wrong_verifier", app, &answer);
    let answer = app.redeem(&code, &[("code_verifier", "")]).await;
    replay.same("code without verifier", app, &answer);
    let answer = app.redeem(&code, &[]).await;
    replay.same("code.after_wrong_verifier", app, &answer);
    let tokens = answer.ok();
    let answer = app.redeem(&code, &[]).await;
    replay.same("code.reuse", app, &answer);
    let answer = app.refresh(&text(&tokens, "refresh_token"), &[]).await;
    replay.same("refresh.after_code_reuse", app, &answer);
}

async fn redirect_uris(replay: &mut Replay, app: &App) {
    let code = app.code("alice", &[]).await;
    let other = [("redirect_uri", "http://localhost:8000/other")];
    replay.same("code redirect_uri mismatch", app, &app.redeem(&code, &other).await);
    let none = app.redeem(&code, &[("redirect_uri", "")]).await;
    replay.same("code without redirect_uri", app, &none);
}

async fn claims(replay: &mut Replay, app: &App) {
    let code = app.code("alice", &[]).await;
    let answer = app.redeem(&code, &[]).await;
    replay.same("code.success", app, &answer);
    let tokens = answer.ok();
    replay.same_token("code.success.id_token", app, &text(&tokens, "id_token"));
    let access = text(&tokens, "access_token");
    replay.same_lengths("code.success.access_token", &[access.as_str()]);
    replay.same("userinfo.full", app, &app.user_info(&access).await);
    let posted = app.post("/oidc/me", None, &[("access_token", &access)]).await;
    replay.same("userinfo.post", app, &posted);
    replay.same("userinfo.bad", app, &app.user_info("garbage").await);
    replay.same("userinfo.none", app, &app.get("/oidc/me").await);
    let bob = app.sign_in("bob", &[]).await;
    replay.same_token("bob.id_token", app, &text(&bob, "id_token"));
    replay.same("bob.userinfo", app, &app.user_info(&text(&bob, "access_token")).await);
}

async fn scopes(replay: &mut Replay, app: &App) {
    let redeemed = async |changes: &[(&str, &str)]| {
        let code = app.code("alice", changes).await;
        app.redeem(&code, &[]).await
    };
    let answer = redeemed(&[("scope", "openid")]).await;
    replay.same("scope.openid.only", app, &answer);
    let tokens = answer.ok();
    replay.same_token("scope.openid.only.idt", app, &text(&tokens, "id_token"));
    let info = app.user_info(&text(&tokens, "access_token")).await;
    replay.same("scope.openid.only.userinfo", app, &info);

    let offline = ("scope", "openid offline_access profile");
    let answer = redeemed(&[offline, ("prompt", "")]).await;
    replay.same("offline_access without prompt=consent", app, &answer);
    replay.same("prompt=login", app, &redeemed(&[offline, ("prompt", "login")]).await);
    let answer = redeemed(&[offline, ("prompt", "login consent")]).await;
    replay.same("prompt=login consent", app, &answer);
    let (_, claims) = crate::support::decode(&text(&answer.ok(), "id_token"));
    let present = json!(claims["auth_time"].is_u64());
    replay.same_value("prompt=login consent auth_time?", app, &present);

    let scope = ("scope", "openid offline_access read:items");
    let code = app.code("alice", &[scope, ("resource", API)]).await;
    let answer = app.redeem(&code, &[("resource", API)]).await;
    replay.same("code+resource", app, &answer);
    replay.same_token("code+resource.at", app, &text(&answer.ok(), "access_token"));
}

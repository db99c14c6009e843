//! The token endpoint's refusals, revocation and introspection.

use reqwest::header::AUTHORIZATION;

use super::replay::Replay;
use crate::support::{API, Answer, App, text};

pub(crate) async fn play(replay: &mut Replay) {
    let app = replay.start().await;
    authentication(replay, &app).await;
    requests(replay, &app).await;
    revocation(replay, &app).await;
    introspection(replay, &app).await;
}

async fn authentication(replay: &mut Replay, app: &App) {
    let (id, secret) = (app.provider.app_id(), app.provider.app_secret());
    let token = text(&app.sign_in("alice", &[]).await, "refresh_token");
    let form = [("grant_type", "refresh_token"), ("refresh_token", &token)];
    for (name, credentials, more) in [
        ("token.bad_secret", Some((id, "wrong")), vec![]),
        ("token.bad_secret_post", None, vec![("client_id", id), ("client_secret", "wrong")]),
        ("token.unknown_client", Some(("nosuch", secret)), vec![]),
        ("token.no_auth", None, vec![("client_id", id)]),
        ("token.basic+post", Some((id, secret)), vec![("client_secret", secret)]),
        ("token.dup", None, vec![("client_id", id), ("client_id", id)]),
        ("token.post_auth_ok", None, vec![("client_id", id), ("client_secret", secret)]),
    ] {
        let answer = app.post("/oidc/token", credentials, &[&form, more.as_slice()].concat()).await;
        replay.same(name, app, &answer);
    }
    let request = app.form("/oidc/token", &form).header(AUTHORIZATION, "Basic %");
    let answer = Answer::of(request.send().await.expect("an answer")).await;
    replay.same("token.bad basic", app, &answer);
}

async fn requests(replay: &mut Replay, app: &App) {
    replay.same("token.wrong_grant", app, &app.token(&[("grant_type", "foo")]).await);
    replay.same("token.missing_grant", app, &app.token(&[]).await);
    replay.same("token.GET", app, &app.get("/oidc/token").await);
    let machine = app.token(&[("grant_type", "client_credentials"), ("resource", API)]).await;
    replay.same("client_credentials.by_web", app, &machine);
    for path in [
        "/oidc/.well-known/openid-configuration",
        "/oidc/jwks",
        "/oidc/.well-known/oauth-authorization-server",
        "/oidc/nope",
        "/.well-known/openid-configuration",
    ] {
        replay.same(&format!("GET {path}"), app, &app.get(path).await);
    }
    for (name, path) in
        [("jwks.304", "/oidc/jwks"), ("disc.304", "/oidc/.well-known/openid-configuration")]
    {
        let tag = app.get(path).await.header("etag").expect("a tag").to_string();
        let url = format!("{}{path}", app.provider.endpoint());
        let request = app.http.get(url).header("If-None-Match", &tag);
        let answer = Answer::of(request.send().await.expect("an answer")).await;
        assert_eq!((answer.header("etag"), answer.body.as_str()), (Some(tag.as_str()), ""));
        replay.same_without_body(name, app, &answer);
    }
}

async fn revocation(replay: &mut Replay, app: &App) {
    let first = app.sign_in("alice", &[]).await;
    let refresh_token = text(&first, "refresh_token");
    replay.same("revoke.rt", app, &app.revoke(&refresh_token).await);
    replay.same("refresh.after_revoke", app, &app.refresh(&refresh_token, &[]).await);
    let info = app.user_info(&text(&first, "access_token")).await;
    replay.same("userinfo.after_rt_revoke", app, &info);
    replay.same("revoke.garbage", app, &app.revoke("garbage").await);

    let scope = "openid offline_access profile email read:items";
    let second = app.sign_in("alice", &[("scope", scope), ("resource", API)]).await;
    let refresh_token = text(&second, "refresh_token");
    let jwt = app.refresh(&refresh_token, &[("resource", API)]).await.ok();
    replay.same("revoke.at(jwt)", app, &app.revoke(&text(&jwt, "access_token")).await);
    let answer = app.revoke(&text(&second, "access_token")).await;
    replay.same("revoke.at(opaque)", app, &answer);
    replay.same("refresh.after_at_revoke", app, &app.refresh(&refresh_token, &[]).await);
}

async fn introspection(replay: &mut Replay, app: &App) {
    let scope = ("scope", "openid offline_access profile email");
    let tokens = app.sign_in("alice", &[scope]).await;
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    for (name, token) in
        [("introspect.at", access), ("introspect.rt", refresh), ("introspect.bad", "x".to_string())]
    {
        replay.same(name, app, &app.introspect(&token).await);
    }
}

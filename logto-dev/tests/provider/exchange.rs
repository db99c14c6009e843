use std::time::Duration;

use logto_dev::{Generation, Provider};
use rocket::async_test;
use serde_json::{Value, json};

use crate::support::{ACME, API, Answer, App, decode, keys, text};

const IMPERSONATION: &str = "urn:logto:token-type:impersonation_token";
const PERSONAL: &str = "urn:logto:token-type:personal_access_token";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";
const GRANT: (&str, &str) = ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange");

async fn exchange(app: &App, token: &str, kind: &str, more: &[(&str, &str)]) -> Answer {
    let subject = [GRANT, ("subject_token", token), ("subject_token_type", kind)];
    app.token(&[&subject, more].concat()).await
}

fn assert_refused(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (400, &json!("invalid_grant")));
}

#[async_test]
async fn an_impersonation_token_is_used_once() {
    let app = App::start().await;
    for kind in [IMPERSONATION, ACCESS] {
        let token = app.provider.subject_token("alice");
        assert!(token.starts_with("sub_"), "{token}");
        let answer = exchange(&app, &token, kind, &[]).await.ok();
        let members = ["access_token", "expires_in", "scope", "token_type"];
        assert_eq!(keys(&answer), members.into());
        assert_eq!((&answer["scope"], &answer["token_type"]), (&json!(""), &json!("Bearer")));
        assert_refused(&exchange(&app, &token, kind, &[]).await);
    }
}

#[async_test]
async fn a_refused_request_does_not_use_up_an_impersonation_token() {
    let app = App::start().await;
    let token = app.provider.subject_token("alice");
    let nowhere = ("resource", "https://nope.example.com");
    let answer = exchange(&app, &token, IMPERSONATION, &[nowhere]).await;
    assert_eq!(answer.json()["error"], "invalid_target");
    exchange(&app, &token, IMPERSONATION, &[]).await.ok();
}

#[async_test]
async fn an_impersonation_token_expires() {
    let app = App::start().await;
    let token = app.provider.subject_token("alice");
    app.provider.advance(Duration::from_secs(600));
    assert_refused(&exchange(&app, &token, IMPERSONATION, &[]).await);
}

#[async_test]
async fn a_personal_access_token_is_used_until_its_user_is_gone() {
    let app = App::start().await;
    let token = app.provider.personal_access_token("alice");
    assert!(token.starts_with("pat_"), "{token}");
    for _ in 0..2 {
        exchange(&app, &token, PERSONAL, &[]).await.ok();
    }
    assert_refused(&exchange(&app, &token, IMPERSONATION, &[]).await);
    app.provider.suspend("alice");
    assert_refused(&exchange(&app, &token, PERSONAL, &[]).await);
    app.provider.reinstate("alice");
    exchange(&app, &token, PERSONAL, &[]).await.ok();
    app.provider.delete("alice");
    assert_refused(&exchange(&app, &token, PERSONAL, &[]).await);
}

#[async_test]
async fn an_access_token_can_be_exchanged_again_and_again() {
    let app = App::start().await;
    let tokens = app.sign_in("alice", &[("resource", API)]).await;
    let opaque = text(&tokens, "access_token");
    let refresh_token = text(&tokens, "refresh_token");
    let jwt = app.refresh(&refresh_token, &[("resource", API)]).await.ok();
    let jwt = text(&jwt, "access_token");
    for subject in [&opaque, &jwt, &opaque, &jwt] {
        let form = [("resource", API), ("scope", "write:items read:items nope")];
        let answer = exchange(&app, subject, ACCESS, &form).await.ok();
        assert_eq!(answer["scope"], "write:items read:items", "as asked for");
        let (header, claims) = decode(&text(&answer, "access_token"));
        assert_eq!((&header["typ"], &claims["aud"]), (&json!("at+jwt"), &json!(API)));
        assert_eq!(claims["sub"], app.provider.user("alice").expect("alice").sub());
        assert_eq!(claims.get("act"), None);
    }
    app.provider.advance(Duration::from_secs(3600));
    for subject in [&opaque, &jwt] {
        assert_refused(&exchange(&app, subject, ACCESS, &[]).await);
    }
}

#[async_test]
async fn only_an_access_token_of_this_provider_is_a_subject() {
    let (app, other) = (App::start().await, App::start().await);
    let id_token = text(&app.sign_in("alice", &[]).await, "id_token");
    let foreign = other.machine(&[("resource", API)]).await.ok();
    let machine = app.machine(&[("resource", API)]).await.ok();
    for token in [
        id_token,
        text(&foreign, "access_token"),
        text(&machine, "access_token"),
        "garbage".to_string(),
        "a.b.c".to_string(),
    ] {
        assert_refused(&exchange(&app, &token, ACCESS, &[]).await);
    }
    let token = app.provider.subject_token("alice");
    assert_refused(&exchange(&app, &token, "urn:ietf:params:oauth:token-type:jwt", &[]).await);
}

#[async_test]
async fn logto_1_37_exchanges_no_access_tokens() {
    let app = App::with(Provider::builder().generation(Generation::V1_37)).await;
    let opaque = text(&app.sign_in("alice", &[]).await, "access_token");
    assert_refused(&exchange(&app, &opaque, ACCESS, &[]).await);
    let token = app.provider.subject_token("alice");
    exchange(&app, &token, ACCESS, &[]).await.ok();
}

#[async_test]
async fn an_exchanged_token_for_an_organization_is_for_its_members() {
    let app = App::start().await;
    let token = app.provider.personal_access_token("alice");
    let organization = ("organization_id", ACME);
    let scope = ("scope", "read:data invite:member");
    let answer = exchange(&app, &token, PERSONAL, &[organization, scope]).await.ok();
    assert_eq!(answer["scope"], "invite:member read:data");
    let (_, claims) = decode(&text(&answer, "access_token"));
    assert_eq!(claims["aud"], format!("urn:logto:organization:{ACME}"));
    let both = [organization, ("resource", API), ("scope", "write:items")];
    let answer = exchange(&app, &token, PERSONAL, &both).await.ok();
    let (_, claims) = decode(&text(&answer, "access_token"));
    assert_eq!(
        (&claims["scope"], &claims["organization_id"]),
        (&json!("write:items"), &json!(ACME))
    );
    let bob = app.provider.personal_access_token("bob");
    let answer = exchange(&app, &bob, PERSONAL, &[organization]).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (403, &json!("access_denied")));
}

#[async_test]
async fn an_exchanged_token_with_openid_opens_user_info() {
    let app = App::start().await;
    let token = app.provider.personal_access_token("bob");
    for (scope, granted, status) in
        [("openid profile nope", "openid profile", 200), ("profile", "profile", 403)]
    {
        let answer = exchange(&app, &token, PERSONAL, &[("scope", scope)]).await.ok();
        assert_eq!(answer["scope"], granted);
        let info = app.user_info(&text(&answer, "access_token")).await;
        assert_eq!(info.status, status);
        if status == 200 {
            assert_eq!(info.json()["username"], "bob");
        }
    }
}

#[async_test]
async fn an_actor_is_named_in_the_token() {
    let app = App::start().await;
    let subject = app.provider.personal_access_token("alice");
    let bob = app.sign_in("bob", &[("resource", API)]).await;
    let jwt = app.refresh(&text(&bob, "refresh_token"), &[("resource", API)]).await.ok();
    let narrow = app.refresh(&text(&bob, "refresh_token"), &[("scope", "profile")]).await.ok();
    let act = async |token: &Value, kind: &str| -> Answer {
        let token = text(token, "access_token");
        let form = [("resource", API), ("actor_token", &token), ("actor_token_type", kind)];
        exchange(&app, &subject, PERSONAL, &form).await
    };
    let (_, claims) = decode(&text(&act(&bob, ACCESS).await.ok(), "access_token"));
    assert_eq!(claims["act"], json!({ "sub": app.provider.user("bob").expect("bob").sub() }));
    assert_eq!(claims["sub"], app.provider.user("alice").expect("alice").sub());
    assert_refused(&act(&jwt, ACCESS).await);
    assert_refused(&act(&narrow, ACCESS).await);
    assert_refused(&act(&bob, IMPERSONATION).await);
}

#[async_test]
async fn a_machine_may_exchange_for_itself() {
    let app = App::start().await;
    let (id, secret) = (app.provider.machine_app_id(), app.provider.machine_app_secret());
    let token = app.provider.personal_access_token("alice");
    let subject = [GRANT, ("subject_token", &token), ("subject_token_type", PERSONAL)];
    let form = [&subject[..], &[("resource", API)]].concat();
    let answer = app.post("/oidc/token", Some((id, secret)), &form).await.ok();
    let (_, claims) = decode(&text(&answer, "access_token"));
    assert_eq!((&claims["client_id"], &claims["scope"]), (&json!(id), &json!("")));
}

#[async_test]
async fn an_exchange_may_be_forbidden() {
    let app = App::with(Provider::builder().token_exchange(false)).await;
    let token = app.provider.personal_access_token("alice");
    let answer = exchange(&app, &token, PERSONAL, &[]).await;
    assert_eq!(answer.status, 400);
    let description = "requested grant type is not allowed for this client";
    assert_eq!(answer.json()["error_description"], description);
}

#[async_test]
async fn an_exchange_names_its_subject_and_the_subject_s_type() {
    let app = App::start().await;
    for form in [vec![GRANT], vec![GRANT, ("subject_token", "x")]] {
        let answer = app.token(&form).await;
        assert_eq!(answer.json()["error"], "invalid_request", "{form:?}");
    }
}

use std::mem::discriminant;
use std::time::Duration;

use logto_dev::{Generation, Provider, User};
use rocket::async_test;
use serde_json::{Value, json};

use crate::support::{ACME, ALL_SCOPES, API, Answer, App, CALLBACK, Captures, decode, keys, text};

/// The claims that differ from run to run, and the picture, which is the provider's.
const CHANGING: [&str; 10] =
    ["sub", "aud", "iss", "iat", "exp", "sid", "created_at", "updated_at", "at_hash", "picture"];

/// Asserts the captured claims; of those that change, only the type.
fn assert_claims(claims: &Value, captured: &Value) {
    assert_eq!(keys(claims), keys(captured));
    for (name, value) in captured.as_object().expect("claims") {
        if CHANGING.contains(&name.as_str()) {
            assert_eq!(discriminant(&claims[name]), discriminant(value), "{name}");
        } else {
            assert_eq!(&claims[name], value, "{name}");
        }
    }
}

#[async_test]
async fn alice_s_claims_are_those_of_the_capture() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let tokens = app.sign_in("alice", &[]).await;
    assert_eq!(keys(&tokens), keys(&captures.of("code.success")[2]));
    assert_eq!(tokens["scope"], ALL_SCOPES);
    assert_eq!(tokens["expires_in"], 3600);
    let captured = captures.of("code.success.id_token");
    let (header, claims) = decode(&text(&tokens, "id_token"));
    assert_eq!(keys(&header), keys(&captured["header"]));
    assert_claims(&claims, &captured["claims"]);
    assert_eq!(claims["iss"], app.provider.issuer());
    assert_eq!(claims["aud"], app.provider.app_id());
    let info = app.user_info(&text(&tokens, "access_token")).await;
    assert_claims(&info.ok(), &captures.of("userinfo.full")[2]);
    assert_eq!(info.header("cache-control"), Some("no-store"));
}

#[async_test]
async fn bob_s_claims_have_the_nulls_of_the_capture() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let tokens = app.sign_in("bob", &[]).await;
    let (_, claims) = decode(&text(&tokens, "id_token"));
    assert_claims(&claims, &captures.of("bob.id_token")["claims"]);
    let info = app.user_info(&text(&tokens, "access_token")).await;
    assert_claims(&info.ok(), captures.of("bob.userinfo"));
}

#[async_test]
async fn the_older_generation_has_at_hash_and_typ() {
    let app = App::with(Provider::builder().generation(Generation::V1_37)).await;
    let captures = Captures::v1_37();
    for (username, captured) in
        [("alice", captures.of("code.success.id_token")), ("bob", captures.of("bob.id_token"))]
    {
        let tokens = app.sign_in(username, &[]).await;
        let (header, claims) = decode(&text(&tokens, "id_token"));
        assert_eq!(header["typ"], "JWT");
        assert_claims(&claims, &captured["claims"]);
        assert_eq!(text(&claims, "at_hash").len(), 32);
        assert_eq!(text(&claims, "sid").len(), 21);
    }
}

#[async_test]
async fn the_openid_scope_alone_brings_no_claims_of_the_user() {
    let app = App::start().await;
    let tokens = app.sign_in("alice", &[("scope", "openid")]).await;
    let captured = Captures::v1_42().of("scope.openid.only.idt")["claims"].clone();
    assert_claims(&decode(&text(&tokens, "id_token")).1, &captured);
    let info = app.user_info(&text(&tokens, "access_token")).await.ok();
    assert_eq!(keys(&info), ["sub"].into());
}

#[async_test]
async fn a_wrong_verifier_is_refused_and_leaves_the_code_alone() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let code = app.code("alice", &[]).await;
    let wrong = [("code_verifier", "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong")];
    app.redeem(&code, &wrong).await.assert_is(captures.of("code.wrong_verifier"));
    let missing = app.redeem(&code, &[("code_verifier", "")]).await;
    missing.assert_is(captures.of("code.wrong_verifier"));
    app.redeem(&code, &[]).await.ok();
}

#[async_test]
async fn a_code_belongs_to_its_redirect_uri() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let code = app.code("alice", &[]).await;
    let other = app.redeem(&code, &[("redirect_uri", "http://localhost:8000/other")]).await;
    assert_eq!(other.json(), captures.of("code redirect_uri mismatch")[1]);
    let missing = app.redeem(&code, &[("redirect_uri", "")]).await;
    assert_eq!(missing.json(), captures.of("code without redirect_uri")[1]);
}

#[async_test]
async fn a_code_used_twice_revokes_the_grant() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let code = app.code("alice", &[]).await;
    let tokens = app.redeem(&code, &[]).await.ok();
    app.redeem(&code, &[]).await.assert_is(captures.of("code.reuse"));
    let refreshed = app.refresh(&text(&tokens, "refresh_token"), &[]).await;
    refreshed.assert_is(captures.of("refresh.after_code_reuse"));
    let info = app.user_info(&text(&tokens, "access_token")).await;
    info.assert_is(captures.of("userinfo.bad"));
}

#[async_test]
async fn a_code_lives_for_a_minute() {
    let app = App::start().await;
    let code = app.code("alice", &[]).await;
    app.provider.advance(Duration::from_secs(61));
    let answer = app.redeem(&code, &[]).await;
    assert_eq!(answer.json()["error"], "invalid_grant");
}

#[async_test]
async fn the_application_must_prove_who_it_is() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let id = app.provider.app_id().to_string();
    let secret = app.provider.app_secret().to_string();
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let post = async |credentials, more: &[(&str, &str)]| -> Answer {
        app.post("/oidc/token", credentials, &[&form, more].concat()).await
    };

    let wrong = post(Some((&id, "wrong")), &[]).await;
    wrong.assert_is(captures.of("token.bad_secret"));
    let challenge = wrong.header("www-authenticate").expect("a challenge");
    assert!(challenge.starts_with("Basic realm=\""), "{challenge}");
    let wrong = post(None, &[("client_id", &id), ("client_secret", "wrong")]).await;
    wrong.assert_is(captures.of("token.bad_secret_post"));
    assert_eq!(wrong.header("www-authenticate"), None);
    let unknown = post(Some(("nosuch", &secret)), &[]).await;
    unknown.assert_is(captures.of("token.unknown_client"));
    post(None, &[("client_id", &id)]).await.assert_is(captures.of("token.no_auth"));
    let both = post(Some((&id, &secret)), &[("client_secret", &secret)]).await;
    assert_eq!(json!(both.body), captures.of("token.basic+post")[1]);
    let good = post(None, &[("client_id", &id), ("client_secret", &secret)]).await;
    good.assert_is(captures.of("refresh.garbage"));
}

#[async_test]
async fn basic_credentials_are_percent_decoded() {
    let app = App::with(Provider::builder().app("my app", "a+b%c:d")).await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let encoded = app.post("/oidc/token", Some(("my+app", "a%2Bb%25c%3Ad")), &form).await;
    assert_eq!(encoded.json()["error"], "invalid_grant");
    let raw = app.post("/oidc/token", Some(("my app", "a+b%c:d")), &form).await;
    assert_eq!(raw.json()["error"], "invalid_request");
}

#[async_test]
async fn a_malformed_token_request_is_refused_in_logto_s_words() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    app.token(&[]).await.assert_is(captures.of("token.missing_grant"));
    app.token(&[("grant_type", "foo")]).await.assert_is(captures.of("token.wrong_grant"));
    let missing = app.token(&[("grant_type", "refresh_token")]).await;
    missing.assert_is(captures.of("refresh.missing"));
    let machine = app.token(&[("grant_type", "client_credentials")]).await;
    machine.assert_is(captures.of("client_credentials.by_web"));
    let twice = app.refresh("x", &[("refresh_token", "y")]).await;
    assert_eq!(twice.json()["error"], "invalid_request");
}

#[async_test]
async fn offline_access_needs_consent() {
    let app = App::start().await;
    let captured = Captures::v1_42().of("offline_access without prompt=consent")[2].clone();
    let scope = ("scope", "openid offline_access profile");
    let tokens = app.sign_in("alice", &[scope, ("prompt", "")]).await;
    assert_eq!(keys(&tokens), keys(&captured));
    assert_eq!(tokens["scope"], captured["scope"]);
    let tokens = app.sign_in("alice", &[scope, ("prompt", "login")]).await;
    assert_eq!(tokens["refresh_token"], Value::Null);
    let tokens = app.sign_in("alice", &[scope, ("prompt", "login consent")]).await;
    assert!(tokens["refresh_token"].is_string());
}

#[async_test]
async fn a_refresh_keeps_token_nonce_and_sid() {
    let app = App::start().await;
    let first = app.sign_in("alice", &[]).await;
    let token = text(&first, "refresh_token");
    let second = app.refresh(&token, &[]).await.ok();
    assert_eq!(keys(&second), keys(&Captures::v1_42().of("refresh.plain")[2]));
    assert_eq!(second["refresh_token"], first["refresh_token"]);
    assert_ne!(second["access_token"], first["access_token"]);
    let claims = [&first, &second].map(|tokens| decode(&text(tokens, "id_token")).1);
    assert_eq!(claims[1]["nonce"], "n-123");
    assert_eq!(claims[1]["sid"], claims[0]["sid"]);
    app.user_info(&text(&second, "access_token")).await.ok();
}

#[async_test]
async fn a_refresh_may_ask_for_fewer_scopes_only() {
    let app = App::start().await;
    let tokens = app.sign_in("alice", &[("scope", "openid offline_access profile")]).await;
    let token = text(&tokens, "refresh_token");
    let narrow = app.refresh(&token, &[("scope", "openid profile")]).await.ok();
    assert_eq!(narrow["scope"], "openid profile");
    let without = app.refresh(&token, &[("scope", "profile")]).await.ok();
    assert_eq!(without["id_token"], Value::Null);
    let wider = app.refresh(&token, &[("scope", "openid email")]).await;
    assert_eq!(wider.json()["error"], "invalid_scope");
}

#[async_test]
async fn time_passes_at_one_provider_only() {
    let (moved, other) = (App::start().await, App::start().await);
    let old = text(&moved.sign_in("alice", &[]).await, "access_token");
    let valid = text(&other.sign_in("alice", &[]).await, "access_token");
    moved.provider.advance(Duration::from_secs(3601));
    assert_eq!(moved.user_info(&old).await.status, 401);
    assert_eq!(other.user_info(&valid).await.status, 200);
}

#[async_test]
async fn a_rotated_refresh_token_works_for_three_seconds() {
    let app = App::with(Provider::builder().rotate_refresh_tokens(true)).await;
    let tokens = app.sign_in("alice", &[]).await;
    let first = text(&tokens, "refresh_token");
    let second = text(&app.refresh(&first, &[]).await.ok(), "refresh_token");
    assert_ne!(first, second);
    app.provider.advance(Duration::from_secs(2));
    let third = text(&app.refresh(&first, &[]).await.ok(), "refresh_token");
    assert!(third != first && third != second);
}

#[async_test]
async fn a_rotated_refresh_token_used_late_revokes_the_grant() {
    let app = App::with(Provider::builder().rotate_refresh_tokens(true)).await;
    let captures = Captures::v1_42();
    let tokens = app.sign_in("alice", &[]).await;
    let first = text(&tokens, "refresh_token");
    let second = text(&app.refresh(&first, &[]).await.ok(), "refresh_token");
    app.provider.advance(Duration::from_secs(4));
    app.refresh(&first, &[]).await.assert_is(captures.of("spa.reuse_after_4s"));
    app.refresh(&second, &[]).await.assert_is(captures.of("spa.new_token_after_reuse"));
    assert_eq!(app.user_info(&text(&tokens, "access_token")).await.status, 401);
}

#[async_test]
async fn access_tokens_expire_when_they_should() {
    let app = App::with(Provider::builder().access_token_ttl(Duration::from_secs(5))).await;
    let tokens = app.sign_in("alice", &[]).await;
    assert_eq!(tokens["expires_in"], 5);
    let token = text(&tokens, "access_token");
    app.user_info(&token).await.ok();
    app.provider.advance(Duration::from_secs(6));
    assert_eq!(app.user_info(&token).await.status, 401);
}

#[async_test]
async fn user_info_without_a_token_differs_between_generations() {
    for (generation, captures) in
        [(Generation::V1_42, Captures::v1_42()), (Generation::V1_37, Captures::v1_37())]
    {
        let app = App::with(Provider::builder().generation(generation)).await;
        let answer = app.get("/oidc/me").await;
        answer.assert_is(captures.of("userinfo.none"));
        let realm = format!("Bearer realm=\"{}\"", app.provider.issuer());
        assert_eq!(answer.header("www-authenticate"), Some(realm.as_str()));
    }
}

#[async_test]
async fn user_info_also_answers_a_post() {
    let app = App::start().await;
    let tokens = app.sign_in("alice", &[]).await;
    let bearer = format!("Bearer {}", text(&tokens, "access_token"));
    let request = app.form("/oidc/me", &[]).header("Authorization", bearer);
    let answer = Answer::of(request.send().await.expect("an answer")).await;
    assert_eq!(answer.ok()["username"], "alice");
    let form = [("access_token", tokens["access_token"].as_str().expect("a token"))];
    assert_eq!(app.post("/oidc/me", None, &form).await.ok()["username"], "alice");
    assert_eq!(app.provider.count("me"), 2);
}

#[async_test]
async fn revoking_a_refresh_token_ends_the_grant() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let tokens = app.sign_in("alice", &[]).await;
    let revoked = app.revoke(&text(&tokens, "refresh_token")).await;
    assert_eq!((revoked.status.as_u16(), revoked.body.as_str()), (200, ""));
    assert_eq!(revoked.header("content-type"), Some("text/plain; charset=utf-8"));
    let refreshed = app.refresh(&text(&tokens, "refresh_token"), &[]).await;
    refreshed.assert_is(captures.of("refresh.after_revoke"));
    assert_eq!(app.user_info(&text(&tokens, "access_token")).await.status, 401);
    assert_eq!(app.revoke("garbage").await.status, 200);
    assert_eq!(app.post("/oidc/token/revocation", None, &[("token", "x")]).await.status, 400);
    assert_eq!(app.provider.count("revocation"), 3);
}

#[async_test]
async fn revoking_an_access_token_differs_between_generations() {
    for (generation, refresh, jwt) in [(Generation::V1_42, 400, 400), (Generation::V1_37, 200, 200)]
    {
        let app = App::with(Provider::builder().generation(generation)).await;
        let tokens = app.sign_in("alice", &[]).await;
        let answer = app.revoke(&text(&tokens, "id_token")).await;
        assert_eq!(answer.status, jwt);
        if jwt == 400 {
            assert_eq!(answer.json(), Captures::v1_42().of("revoke.at(jwt)")[2]);
        }
        assert_eq!(app.revoke(&text(&tokens, "access_token")).await.status, 200);
        assert_eq!(app.user_info(&text(&tokens, "access_token")).await.status, 401);
        assert_eq!(app.refresh(&text(&tokens, "refresh_token"), &[]).await.status, refresh);
    }
}

/// Signs in for the API, the permissions of organizations, and all scopes.
async fn sign_in_for_resources(app: &App, username: &str) -> String {
    let scope = format!("{ALL_SCOPES} read:items write:items read:data write:data");
    let resources = format!("{API},https://other.example.com,urn:logto:resource:organizations");
    let tokens = app.sign_in(username, &[("scope", &scope), ("resource", &resources)]).await;
    text(&tokens, "refresh_token")
}

#[async_test]
async fn a_resource_token_is_that_of_the_capture() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let token = sign_in_for_resources(&app, "alice").await;
    let answer = app.refresh(&token, &[("resource", API)]).await.ok();
    assert_eq!(answer["scope"], "read:items write:items");
    let captured = captures.of("refresh.resource.at");
    let (header, claims) = decode(&text(&answer, "access_token"));
    assert_eq!(keys(&header), keys(&captured["header"]));
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(keys(&claims), keys(&captured["claims"]));
    assert_eq!(claims["aud"], API);
    let info = app.user_info(&text(&answer, "access_token")).await;
    info.assert_is(captures.of("userinfo.with_resource_jwt"));

    let other = app.refresh(&token, &[("resource", "https://other.example.com")]).await.ok();
    assert_eq!((&other["scope"], &other["expires_in"]), (&json!(""), &json!(120)));
    let unknown = app.refresh(&token, &[("resource", "https://nope.example.com")]).await;
    unknown.assert_is(captures.of("refresh.resource.unknown"));
}

#[async_test]
async fn an_organization_token_is_that_of_the_capture() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let token = sign_in_for_resources(&app, "alice").await;
    let answer = app.refresh(&token, &[("organization_id", ACME)]).await.ok();
    assert_eq!(answer["scope"], captures.of("refresh.org")[2]["scope"]);
    let (_, claims) = decode(&text(&answer, "access_token"));
    assert_eq!(keys(&claims), keys(&captures.of("refresh.org.at")["claims"]));
    assert_eq!(claims["aud"], format!("urn:logto:organization:{ACME}"));
    let both = app.refresh(&token, &[("organization_id", ACME), ("resource", API)]).await.ok();
    assert_eq!(both["scope"], captures.of("refresh.org+resource")[2]["scope"]);
    let (_, claims) = decode(&text(&both, "access_token"));
    assert_eq!((&claims["aud"], &claims["organization_id"]), (&json!(API), &json!(ACME)));
}

#[async_test]
async fn an_organization_token_is_for_members_with_the_scope() {
    let (app, captures) = (App::start().await, Captures::v1_42());
    let bob = sign_in_for_resources(&app, "bob").await;
    let stranger = app.refresh(&bob, &[("organization_id", ACME)]).await;
    stranger.assert_is(captures.of("refresh.org.not_member"));
    let tokens = app.sign_in("alice", &[("scope", "openid offline_access")]).await;
    let answer = app.refresh(&text(&tokens, "refresh_token"), &[("organization_id", ACME)]).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json(), captures.of("org token: no organizations scope, no resource")[1]);
}

#[async_test]
async fn organization_permissions_need_their_reserved_resource() {
    let app = App::start().await;
    let scope = format!("{ALL_SCOPES} read:data");
    let tokens = app.sign_in("alice", &[("scope", &scope)]).await;
    let answer = app.refresh(&text(&tokens, "refresh_token"), &[("organization_id", ACME)]).await;
    assert_eq!(answer.ok()["scope"], "");
}

#[async_test]
async fn sign_ins_without_pkce_are_accepted_from_a_web_application() {
    let app = App::start().await;
    let none = [("code_challenge", ""), ("code_challenge_method", "")];
    let code = app.code("alice", &none).await;
    let answer = app.redeem(&code, &[("code_verifier", ""), ("redirect_uri", CALLBACK)]).await;
    answer.ok();
}

#[async_test]
async fn a_changed_user_shows_at_the_next_refresh() {
    let app = App::start().await;
    let tokens = app.sign_in("bob", &[]).await;
    app.provider.add(User::new("bob").name("Robert"));
    let answer = app.refresh(&text(&tokens, "refresh_token"), &[]).await.ok();
    assert_eq!(decode(&text(&answer, "id_token")).1["name"], "Robert");
    let info = app.user_info(&text(&answer, "access_token")).await;
    assert_eq!(info.ok()["name"], "Robert");
}

//! The Account API, according to what is known about Logto's own.

use std::time::Duration;

use logto_dev::{AccountCenter, Provider};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use rocket::async_test;
use rocket::figment::Figment;
use serde_json::{Value, json};

use crate::support::{API, Answer, App, keys, text};

const BASIC: &str = "openid profile";

/// A request to the Account API, with this `Authorization` header.
async fn ask(app: &App, method: Method, header: Option<&str>, body: &str) -> Answer {
    let url = format!("{}/api/my-account", app.provider.endpoint());
    let mut request = app.http.request(method, url).body(body.to_owned());
    if let Some(header) = header {
        request = request.header(AUTHORIZATION, header);
    }
    Answer::of(request.send().await.expect("an answer")).await
}

/// The header of a user who signed in with these scopes.
async fn bearer(app: &App, username: &str, scope: &str) -> String {
    let tokens = app.sign_in(username, &[("scope", scope)]).await;
    format!("Bearer {}", text(&tokens, "access_token"))
}

async fn seen(app: &App, header: &str) -> Value {
    ask(app, Method::GET, Some(header), "").await.ok()
}

async fn change(app: &App, header: &str, body: &Value) -> Answer {
    ask(app, Method::PATCH, Some(header), &body.to_string()).await
}

fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json()["code"], code);
    assert!(answer.json()["message"].is_string(), "{answer:?}");
    assert!(answer.json().get("error").is_none(), "no error of the protocol: {answer:?}");
    assert_eq!(answer.header("www-authenticate"), None);
}

#[async_test]
async fn an_account_shows_what_the_scopes_show() {
    let app = App::start().await;
    let bare = seen(&app, &bearer(&app, "alice", "openid").await).await;
    assert_eq!(keys(&bare), ["hasSecurityVerificationMethod", "id"].into());
    let plain = seen(&app, &bearer(&app, "alice", "openid profile email").await).await;
    assert_eq!((&plain["name"], &plain["username"]), (&"Alice Lidell".into(), &"alice".into()));
    assert_eq!(plain["primaryEmail"], "alice@example.com");
    assert_eq!(plain["profile"]["givenName"], "Alice");
    assert!(plain.get("customData").is_none() && plain["profile"].get("address").is_none());
    let all = "openid profile phone address custom_data identities";
    let all = seen(&app, &bearer(&app, "alice", all).await).await;
    assert_eq!(all["primaryPhone"], "15551234567");
    assert_eq!(all["customData"]["plan"], "gold");
    assert_eq!(all["profile"]["address"]["locality"], "Berlin");
    assert!(all["identities"].is_object() && all["ssoIdentities"].is_array());
    let bob = seen(&app, &bearer(&app, "bob", BASIC).await).await;
    assert_eq!((&bob["name"], &bob["profile"]["preferredUsername"]), (&Value::Null, &Value::Null));
}

/// In the order of a recorded Logto that was asked with `openid profile email`.
#[async_test]
async fn an_account_has_the_members_of_a_recorded_one() {
    let path = format!("{}/../tests/captures/logto-1.42-apis.json", env!("CARGO_MANIFEST_DIR"));
    let captures = std::fs::read_to_string(path).expect("the captures are in the repository");
    let captures: Value = serde_json::from_str(&captures).expect("they are JSON");
    let recorded = &captures["10.suspend.before.account_api"][2];
    let app = App::start().await;
    let own = seen(&app, &bearer(&app, "alice", "openid profile email").await).await;
    let own = own.as_object().expect("an object").keys();
    let recorded: Vec<_> = recorded.as_object().expect("an object").keys().collect();
    // In the recorded account center the user name and the password were turned off.
    let own: Vec<_> = own.filter(|name| !["username", "hasPassword"].contains(&&***name)).collect();
    assert_eq!(own, recorded);
}

#[async_test]
async fn a_user_changes_their_name_and_the_next_tokens_show_it() {
    let app = App::start().await;
    let tokens = app.sign_in("alice", &[]).await;
    let header = format!("Bearer {}", text(&tokens, "access_token"));
    let changed = change(&app, &header, &json!({ "name": "Al", "unknown": 1 })).await.ok();
    assert_eq!(changed["name"], "Al");
    assert_eq!(seen(&app, &header).await["name"], "Al");
    assert_eq!(app.user_info(&text(&tokens, "access_token")).await.ok()["name"], "Al");
    let refreshed = app.refresh(&text(&tokens, "refresh_token"), &[]).await.ok();
    assert_eq!(crate::support::decode(&text(&refreshed, "id_token")).1["name"], "Al");

    let data = change(&app, &header, &json!({ "customData": { "a": 1 } })).await.ok();
    assert_eq!(data["customData"], json!({ "a": 1 }), "it is replaced as a whole");
    let none = json!({ "name": null, "avatar": "https://a.example/" });
    let none = change(&app, &header, &none).await.ok();
    assert_eq!((&none["name"], &none["avatar"]), (&Value::Null, &"https://a.example/".into()));
}

#[async_test]
async fn a_change_is_no_sign_in() {
    let app = App::start().await;
    let header = bearer(&app, "alice", BASIC).await;
    let before = seen(&app, &header).await;
    assert_eq!(before["lastSignInAt"], before["updatedAt"], "a sign-in is an update");
    rocket::tokio::time::sleep(Duration::from_millis(2)).await;
    let after = change(&app, &header, &json!({ "name": "Al" })).await.ok();
    assert_eq!(after["lastSignInAt"], before["lastSignInAt"]);
    assert_ne!(after["updatedAt"], before["updatedAt"]);
}

#[async_test]
async fn only_the_opaque_token_with_openid_is_taken() {
    let app = App::start().await;
    let get = async |header: Option<&str>| ask(&app, Method::GET, header, "").await;
    assert_refused(&get(None).await, 401, "auth.authorization_header_missing");
    let basic = get(Some("Basic YTpi")).await;
    assert_refused(&basic, 401, "auth.authorization_token_type_not_supported");
    assert_refused(&get(Some("Bearer none")).await, 401, "auth.unauthorized");
    let resource = [("resource", API), ("scope", "openid offline_access read:items")];
    let tokens = app.sign_in("alice", &resource).await;
    let token = app.refresh(&text(&tokens, "refresh_token"), &[("resource", API)]).await.ok();
    let jwt = format!("Bearer {}", text(&token, "access_token"));
    assert_refused(&get(Some(&jwt)).await, 401, "auth.unauthorized");
    let tokens = app.sign_in("alice", &[("scope", "openid offline_access profile")]).await;
    let refresh_token = text(&tokens, "refresh_token");
    let without_openid = app.refresh(&refresh_token, &[("scope", "profile")]).await.ok();
    let header = format!("Bearer {}", text(&without_openid, "access_token"));
    assert_refused(&get(Some(&header)).await, 403, "auth.forbidden");

    let header = bearer(&app, "alice", BASIC).await;
    app.provider.suspend("alice");
    assert_refused(&get(Some(&header)).await, 401, "auth.unauthorized");
}

#[async_test]
async fn a_change_needs_the_scope_of_the_member() {
    let app = App::start().await;
    let bare = bearer(&app, "alice", "openid").await;
    // 400, not 403, as at Logto.
    let refused = change(&app, &bare, &json!({ "name": "Al" })).await;
    assert_refused(&refused, 400, "auth.unauthorized");
    let header = bearer(&app, "alice", BASIC).await;
    let refused = change(&app, &header, &json!({ "customData": {} })).await;
    assert_refused(&refused, 400, "auth.unauthorized");
    let refused = change(&app, &header, &json!({ "username": "al" })).await;
    assert_refused(&refused, 401, "verification_record.permission_denied");
    assert_eq!(seen(&app, &header).await["name"], "Alice Lidell");
}

#[async_test]
async fn a_malformed_change_is_refused() {
    let app = App::start().await;
    let header = bearer(&app, "alice", BASIC).await;
    let long = "x".repeat(129);
    for body in [json!({ "name": 1 }), json!({ "name": long }), json!([])] {
        let refused = change(&app, &header, &body).await;
        assert_refused(&refused, 400, "guard.invalid_input");
        assert!(refused.json()["details"].is_string(), "{refused:?}");
    }
    let refused = ask(&app, Method::PATCH, Some(&header), "name=Al").await;
    assert_refused(&refused, 400, "guard.invalid_input");
    for body in [json!({}), json!({ "unknown": 1 })] {
        assert_refused(&change(&app, &header, &body).await, 422, "entity.invalid_input");
    }
    assert_eq!(seen(&app, &header).await["name"], "Alice Lidell");
}

#[async_test]
async fn the_account_center_can_be_off_or_for_reading_only() {
    let name = json!({ "name": "Al" });
    let off = Provider::builder().account_center(AccountCenter::Off);
    let app = App::with(off.figment(&Figment::new())).await;
    let header = bearer(&app, "alice", BASIC).await;
    let get = ask(&app, Method::GET, Some(&header), "").await;
    assert_refused(&get, 400, "account_center.not_enabled");
    assert_eq!(get.json()["message"], "Account center is not enabled.");
    assert_refused(&change(&app, &header, &name).await, 400, "account_center.not_enabled");

    let app = App::with(Provider::builder().account_center(AccountCenter::ReadOnly)).await;
    let header = bearer(&app, "alice", BASIC).await;
    assert_refused(&change(&app, &header, &name).await, 400, "account_center.field_not_editable");
    assert_eq!(seen(&app, &header).await["name"], "Alice Lidell");
}

use logto_dev::{MachineApp, Provider};
use rocket::async_test;
use serde_json::{Value, json};

use crate::support::{ACME, API, App, decode, text};

#[async_test]
async fn a_machine_gets_the_permissions_of_its_roles_that_it_names() {
    let app = App::start().await;
    let answer = app.machine(&[("resource", API), ("scope", "write:items read:items")]).await.ok();
    assert_eq!(answer["scope"], "read:items", "its role may only read");
    assert_eq!((&answer["id_token"], &answer["refresh_token"]), (&Value::Null, &Value::Null));
    let (_, claims) = decode(&text(&answer, "access_token"));
    assert_eq!(claims["sub"], app.provider.machine_app_id());
    assert_eq!(claims["sub"], claims["client_id"]);
}

#[async_test]
async fn a_machine_s_empty_scope_is_absent_for_a_resource_only() {
    let app = App::start().await;
    for (form, scope) in [
        (vec![("resource", API)], Value::Null),
        (vec![("resource", API), ("scope", "")], Value::Null),
        (vec![("resource", API), ("scope", "nope")], Value::Null),
        (vec![("resource", API), ("organization_id", ACME)], Value::Null),
        (vec![("organization_id", ACME)], json!("")),
        (vec![("organization_id", ACME), ("scope", "")], json!("")),
    ] {
        let answer = app.machine(&form).await.ok();
        assert_eq!(answer["scope"], scope, "{form:?}");
        assert_eq!(decode(&text(&answer, "access_token")).1["scope"], scope, "{form:?}");
    }
}

#[async_test]
async fn a_machine_s_roles_in_an_organization_count_there() {
    let machine = MachineApp::new("robot", "its secret")
        .role("items-reader")
        .organization(ACME, ["admin", "editor"]);
    let app = App::with(Provider::builder().machine_app(machine)).await;
    let organization = ("organization_id", ACME);
    let scope = ("scope", "read:data invite:member write:data");
    let answer = app.machine(&[organization, scope]).await.ok();
    assert_eq!(answer["scope"], "invite:member write:data read:data");
    let scope = ("scope", "read:items write:items");
    let answer = app.machine(&[organization, ("resource", API), scope]).await.ok();
    assert_eq!(answer["scope"], "read:items write:items");
    let (_, claims) = decode(&text(&answer, "access_token"));
    assert_eq!((&claims["aud"], &claims["organization_id"]), (&json!(API), &json!(ACME)));
    let answer = app.machine(&[("resource", API), scope]).await.ok();
    assert_eq!(answer["scope"], "read:items", "without the organization");
}

#[async_test]
async fn a_machine_signs_nobody_in() {
    let app = App::start().await;
    let credentials = Some((app.provider.machine_app_id(), app.provider.machine_app_secret()));
    for grant in ["authorization_code", "refresh_token"] {
        let form = [("grant_type", grant), ("code", "x"), ("refresh_token", "x")];
        let answer = app.post("/oidc/token", credentials, &form).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]),
            (400, &json!("invalid_request"))
        );
    }
    let url = app.url(&[("client_id", app.provider.machine_app_id())]);
    let error = app.provider.approve(&url, "alice").await.expect_err("no web application");
    assert!(error.to_string().contains("invalid_client"), "{error}");
}

#[async_test]
async fn a_machine_proves_who_it_is() {
    let app = App::start().await;
    let (id, secret) = (app.provider.machine_app_id(), app.provider.machine_app_secret());
    let form = [("grant_type", "client_credentials"), ("resource", API)];
    for (secret, status) in [(secret, 200), (app.provider.app_secret(), 401), ("", 401)] {
        let answer = app.post("/oidc/token", Some((id, secret)), &form).await;
        assert_eq!(answer.status, status);
        let posted = [("client_id", id), ("client_secret", secret)];
        let answer = app.post("/oidc/token", None, &[&form[..], &posted].concat()).await;
        assert_eq!(answer.status, status);
    }
}

#[async_test]
async fn a_token_is_for_one_resource() {
    let app = App::start().await;
    let two = [("resource", API), ("resource", "https://other.example.com")];
    assert_eq!(app.machine(&two).await.json()["error"], "invalid_target");
}

#[async_test]
#[should_panic(expected = "identifier of two applications")]
async fn two_applications_have_two_identifiers() {
    let machine = MachineApp::new("logto-dev-app", "x");
    let _ = Provider::builder().machine_app(machine).start().await;
}

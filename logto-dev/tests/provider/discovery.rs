use logto_dev::{Generation, Provider};
use rocket::async_test;
use serde_json::Value;

use crate::support::{App, Captures, keys};

/// The captured metadata, as this provider would announce it.
fn expected(captures: &Captures, provider: &Provider) -> Value {
    let captured = captures.of("discovery");
    let issuer = captured["issuer"].as_str().expect("an issuer");
    let text = captured.to_string().replace(issuer, &provider.issuer());
    serde_json::from_str(&text).expect("still JSON")
}

#[async_test]
async fn discovery_is_what_logto_1_42_announces() {
    let app = App::start().await;
    let answer = app.get("/oidc/.well-known/openid-configuration").await;
    assert_eq!(answer.ok(), expected(&Captures::v1_42(), &app.provider));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let rfc_8414 = app.get("/oidc/.well-known/oauth-authorization-server").await;
    assert_eq!(rfc_8414.ok(), answer.ok());
    assert_eq!(app.provider.count("discovery"), 2);
}

#[async_test]
async fn discovery_is_what_logto_1_37_announces() {
    let app = App::with(Provider::builder().generation(Generation::V1_37)).await;
    let answer = app.get("/oidc/.well-known/openid-configuration").await;
    assert_eq!(answer.ok(), expected(&Captures::v1_37(), &app.provider));
    let rfc_8414 = app.get("/oidc/.well-known/oauth-authorization-server").await;
    assert_eq!(rfc_8414.status, 404);
}

#[async_test]
async fn the_jwks_holds_one_p_384_key_in_logto_s_form() {
    let app = App::start().await;
    let answer = app.get("/oidc/jwks").await;
    let key = answer.ok()["keys"][0].clone();
    assert_eq!(keys(&key), ["alg", "crv", "kid", "kty", "use", "x", "y"].into());
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"]),
        (&"EC".into(), &"P-384".into(), &"ES384".into())
    );
    let capture = &Captures::v1_42().of("GET /oidc/jwks")[1].clone();
    for name in ["content-type", "cache-control"] {
        assert_eq!(answer.header(name), capture[name].as_str(), "{name}");
    }
}

#[async_test]
async fn an_unknown_path_answers_as_logto_does() {
    let app = App::start().await;
    let captures = Captures::v1_42();
    app.get("/oidc/nope").await.assert_is(captures.of("GET /oidc/nope"));
    let answer = app.get("/oidc/token").await;
    assert_eq!(answer.json(), captures.of("token.GET")[2]);
    let answer = app.get("/.well-known/openid-configuration").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (404, "Not Found"));
}

//! The hostile provider itself: how it behaves, and that its switches make it deviate.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use logto_tests::{Alter, Deviation, Fault, Forgery, Hostile, Key, Pairs, claims_of, sha256};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use url::Url;

const CALLBACK: &str = "http://localhost:8000/callback";

fn client() -> Client {
    Client::builder().no_proxy().timeout(Duration::from_secs(2)).build().unwrap()
}

async fn read(response: Response) -> (u16, Value) {
    let (status, body) = (response.status().as_u16(), response.text().await.unwrap());
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

async fn get(op: &Hostile, path: &str) -> (u16, Value) {
    let url = format!("{}/oidc{path}", op.endpoint());
    read(client().get(url).send().await.unwrap()).await
}

async fn post(op: &Hostile, fields: &[(&str, &str)]) -> (u16, Value) {
    let url = Url::parse(&format!("{}/oidc/token", op.endpoint())).unwrap();
    let body = Url::parse_with_params(url.as_str(), fields).unwrap().query().unwrap().to_owned();
    let request = client().post(url).header("content-type", "application/x-www-form-urlencoded");
    let user = "hostile-app:s3cret%25of%2Bthe%3Aapp+and+more";
    let basic = base64::engine::general_purpose::STANDARD.encode(user);
    read(request.header("authorization", format!("Basic {basic}")).body(body).send().await.unwrap())
        .await
}

fn code(op: &Hostile, scope: &str) -> String {
    code_for(op, scope, &[])
}

fn code_for(op: &Hostile, scope: &str, resources: &[&str]) -> String {
    let challenge = sha256("the verifier");
    let mut asked = vec![
        ("client_id", "hostile-app"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", scope),
        ("prompt", "consent"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("state", "st"),
        ("nonce", "no"),
    ];
    asked.extend(resources.iter().map(|resource| ("resource", *resource)));
    let auth = Url::parse_with_params(&format!("{}/oidc/auth", op.endpoint()), asked).unwrap();
    let callback = Url::parse(&op.authorize(auth.as_str())).unwrap();
    let pairs: Vec<_> = callback.query_pairs().into_owned().collect();
    let names: Vec<_> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert_eq!(pairs[2].1, op.issuer());
    pairs[0].1.clone()
}

async fn redeem(op: &Hostile, code: &str) -> (u16, Value) {
    let grant = ("grant_type", "authorization_code");
    let verifier = ("code_verifier", "the verifier");
    post(op, &[grant, ("code", code), ("redirect_uri", CALLBACK), verifier]).await
}

async fn id_token(op: &Hostile) -> String {
    let (status, answer) = redeem(op, &code(op, "openid profile")).await;
    assert_eq!(status, 200);
    answer["id_token"].as_str().unwrap().to_owned()
}

fn part(token: &str, index: usize) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&part(token, 0)).unwrap()
}

fn verifies(token: &str, jwk: &Value) -> bool {
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], coordinate("x"), coordinate("y")].concat();
    let (input, _) = token.rsplit_once('.').unwrap();
    let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point);
    key.verify(input.as_bytes(), &part(token, 2)).is_ok()
}

#[rocket::async_test]
async fn it_announces_itself_and_signs_as_logto_does() {
    let op = Hostile::start().await;
    let (_, discovery) = get(&op, "/.well-known/openid-configuration").await;
    assert_eq!(discovery["issuer"], op.issuer());
    assert_eq!(discovery["id_token_signing_alg_values_supported"], json!(["ES384"]));
    let token = id_token(&op).await;
    let (_, keys) = get(&op, "/jwks").await;
    assert!(verifies(&token, &keys["keys"][0]));
    assert_eq!(header(&token), json!({"alg": "ES384", "kid": keys["keys"][0]["kid"]}));
    let claims = claims_of(&token);
    assert_eq!((&claims["sub"], &claims["nonce"]), (&json!("u-alice"), &json!("no")));
    assert_eq!((&claims["picture"], claims.get("email")), (&Value::Null, None));
    assert_eq!((op.count("token"), op.count("jwks"), op.count("me")), (1, 1, 0));
}

#[rocket::async_test]
async fn it_takes_a_code_once_and_only_with_its_verifier() {
    let op = Hostile::start().await;
    let code = code(&op, "openid offline_access");
    let wrong = [("grant_type", "authorization_code"), ("code", &code)];
    let (status, answer) = post(&op, &[&wrong[..], &[("redirect_uri", CALLBACK)]].concat()).await;
    assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")));
    let (status, tokens) = redeem(&op, &code).await;
    assert_eq!(status, 200);
    assert_eq!(redeem(&op, &code).await.0, 400);
    let token = tokens["refresh_token"].as_str().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)];
    assert_eq!(post(&op, &refresh).await.0, 400, "the second use ended the grant");
}

/// Like the captured Logto for a resource, for an organization, and for both.
#[rocket::async_test]
async fn it_refreshes_for_resources_and_organizations() {
    const API: &str = "https://api.example.com";
    let op = Hostile::start().await;
    let asked = "openid offline_access urn:logto:scope:organizations";
    let (_, tokens) = redeem(&op, &code_for(&op, asked, &[API])).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let wanted = [
        (vec![("resource", API)], API, None),
        (vec![("organization_id", "acme")], "urn:logto:organization:acme", None),
        (vec![("resource", API), ("organization_id", "acme")], API, Some("acme")),
    ];
    op.permissions("read:items write:items");
    for (fields, aud, organization) in wanted {
        let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)];
        let (status, answer) = post(&op, &[&refresh[..], &fields].concat()).await;
        assert_eq!((status, &answer["scope"]), (200, &json!("read:items write:items")));
        let token = answer["access_token"].as_str().unwrap();
        assert_eq!(header(token)["typ"], "at+jwt");
        let claims = claims_of(token);
        assert_eq!((&claims["aud"], &claims["sub"]), (&json!(aud), &json!("u-alice")));
        assert_eq!(
            (&claims["scope"], &claims["client_id"]),
            (&answer["scope"], &json!("hostile-app"))
        );
        assert_eq!(claims.get("organization_id").and_then(Value::as_str), organization);
        let recorded = op.requests("token").pop().unwrap();
        assert!(fields.iter().all(|(name, value)| recorded.field(name) == Some(value)));
    }
}

#[rocket::async_test]
async fn it_refuses_resources_and_organizations_that_were_not_asked_for() {
    let op = Hostile::start().await;
    let (_, tokens) = redeem(&op, &code(&op, "openid offline_access")).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let wanted = [
        (("resource", "https://api.example.com"), 400, "invalid_target"),
        (("organization_id", "acme"), 403, "insufficient_scope"),
    ];
    for (field, status, error) in wanted {
        let answer = post(&op, &[&refresh[..], &[field]].concat()).await;
        assert_eq!((answer.0, &answer.1["error"]), (status, &json!(error)));
    }
}

#[rocket::async_test]
async fn it_refreshes_and_tells_about_the_user() {
    let op = Hostile::start().await;
    op.deviate(Deviation::RotateRefreshTokens);
    let (_, tokens) = redeem(&op, &code(&op, "openid offline_access custom_data")).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", token)];
    let (_, refreshed) = post(&op, &refresh).await;
    assert_ne!(refreshed["refresh_token"], tokens["refresh_token"]);
    assert_eq!(post(&op, &refresh).await.0, 400);
    let me = client().get(format!("{}/oidc/me", op.endpoint()));
    let bearer = refreshed["access_token"].as_str().unwrap();
    let (status, info) = read(me.bearer_auth(bearer).send().await.unwrap()).await;
    assert_eq!((status, info), (200, json!({"sub": "u-alice", "custom_data": {"plan": "gold"}})));
    assert_eq!(get(&op, "/me").await.0, 401);
}

#[rocket::async_test]
async fn it_refuses_a_wrong_secret() {
    let op = Hostile::start().await;
    let token = format!("{}/oidc/token", op.endpoint());
    let wrong = client().post(token).basic_auth("hostile-app", Some("no"));
    assert_eq!(read(wrong.send().await.unwrap()).await.0, 401);
}

#[rocket::async_test]
async fn it_forges_as_told_until_it_behaves() {
    let op = Hostile::start().await;
    let stranger = Arc::new(Key::es384());
    for (forgery, alg) in [
        (Forgery::Flipped, "ES384"),
        (Forgery::Unsigned("NoNe"), "NoNe"),
        (Forgery::HmacWithPem, "HS256"),
        (Forgery::HmacWithJwk, "HS256"),
        (Forgery::By(Arc::new(Key::rs256())), "RS256"),
        (Forgery::InTheNameOf(stranger), "ES384"),
    ] {
        op.deviate(Deviation::Forged(forgery));
        let token = id_token(&op).await;
        assert_eq!(header(&token)["alg"], alg);
        assert!(!verifies(&token, &op.key().jwk()), "{alg} verifies");
        op.behave();
    }
    assert!(verifies(&id_token(&op).await, &op.key().jwk()));
}

#[rocket::async_test]
async fn it_changes_claims_and_headers_before_it_signs() {
    let op = Hostile::start().await;
    op.deviate(Deviation::Claims(Alter::append("iss", "1")));
    op.deviate(Deviation::Claims(Alter::without("exp")));
    op.deviate(Deviation::Header(Alter::set("crit", json!(["exp"]))));
    let token = id_token(&op).await;
    assert!(verifies(&token, &op.key().jwk()));
    assert_eq!(claims_of(&token)["iss"], format!("{}1", op.issuer()));
    assert_eq!(claims_of(&token).get("exp"), None);
    assert_eq!(header(&token)["crit"], json!(["exp"]));
}

#[rocket::async_test]
async fn its_keys_change_before_it_signs() {
    let op = Hostile::start().await;
    let before = op.key();
    op.deviate(Deviation::RotateBeforeSigning);
    let token = id_token(&op).await;
    assert!(!verifies(&token, &before.jwk()) && verifies(&token, &op.key().jwk()));
}

#[rocket::async_test]
async fn it_comes_back_wrong() {
    let op = Hostile::start().await;
    op.deviate(Deviation::Callback(Pairs::set("iss", "https://other.example")));
    let auth = format!("{}/oidc/auth?redirect_uri={CALLBACK}&state=st", op.endpoint());
    let callback = op.refuse(&auth, "access_denied");
    assert!(callback.contains("error=access_denied"), "{callback}");
    assert!(callback.ends_with("&state=st&iss=https%3A%2F%2Fother.example"), "{callback}");
}

#[rocket::async_test]
async fn its_answers_fail_in_every_way() {
    let op = Hostile::start().await;
    let refusals = [
        (Fault::Html(500), 500),
        (Fault::Busy(429, 7), 429),
        (Fault::Json(200, json!({"error": "no"})), 200),
        (Fault::ByteOrderMark, 200),
        (Fault::ContentType("text/html"), 200),
    ];
    for (fault, status) in refusals {
        op.deviate(Deviation::Answer("jwks", fault));
        assert_eq!(get(&op, "/jwks").await.0, status);
        op.behave();
    }
    for fault in [Fault::Slow, Fault::Silence, Fault::Endless, Fault::Huge] {
        op.deviate(Deviation::Answer("jwks", fault.clone()));
        let url = format!("{}/oidc/jwks", op.endpoint());
        let impatient = client().get(url).timeout(Duration::from_millis(150)).send();
        let read = async { impatient.await?.bytes().await };
        assert!(read.await.is_err_and(|error| error.is_timeout()), "{fault:?}");
        op.behave();
    }
    assert_eq!(get(&op, "/jwks").await.1["keys"], json!([op.key().jwk()]));
}

#[rocket::async_test]
async fn its_bomb_is_a_valid_gzip_head() {
    let op = Hostile::start().await;
    op.deviate(Deviation::Answer("discovery", Fault::GzipBomb));
    let url = format!("{}/oidc/.well-known/openid-configuration", op.endpoint());
    let response = client().get(url).send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let bytes = response.bytes().await.unwrap();
    assert_eq!((&bytes[..3], bytes.len() > 500_000), (&[0x1f, 0x8b, 8][..], true));
}

#[rocket::async_test]
async fn it_stops_and_resumes_on_the_same_port() {
    let op = Hostile::start().await;
    let url = format!("{}/oidc/jwks", op.endpoint());
    op.stop().await;
    assert!(client().get(&url).send().await.is_err_and(|error| error.is_connect()));
    op.resume();
    assert_eq!(client().get(&url).send().await.unwrap().status(), 200);
    assert_eq!(op.count("jwks"), 1);
}

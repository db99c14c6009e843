//! Access tokens of a signed-in user: for resources, for organizations, for both.

use std::time::{Duration, SystemTime};

use logto_dev::{ApiResource, Builder, Provider, User};
use logto_rocket::{Audience, Error, ErrorKind, Logto, LogtoClient, TokenClaims};
use logto_tests::{Approve as _, Browser};
use rocket::futures::FutureExt as _;
use rocket::futures::future::join_all;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::tokio::time::sleep;
use rocket::{Build, Rocket, get, routes};
use serde_json::{Value, json};

const API: &str = "https://api.example.com";
const OTHER: &str = "https://other.example.com";
const ACME: &str = "8wz3nrme4n02";
const GLOBEX: &str = "nyb79mqzrg8c";

fn audience(resource: Option<&str>, organization: Option<&str>) -> Audience {
    match (resource, organization) {
        (None, None) => Audience::logto(),
        (Some(resource), None) => resource.into(),
        (None, Some(id)) => Audience::organization(id),
        (Some(resource), Some(id)) => Audience::resource(resource).in_organization(id),
    }
}

#[get("/token?<resource>&<organization>&<fresh>")]
async fn token(
    resource: Option<&str>,
    organization: Option<&str>,
    fresh: bool,
    logto: LogtoClient<'_>,
) -> Result<Json<Value>, Error> {
    let audience = audience(resource, organization);
    let token = match fresh {
        true => logto.refresh_access_token(audience).await?,
        false => logto.access_token(audience).await?,
    };
    let Some(token) = token else { return Ok(Json(json!(null))) };
    let left = token.expires_at().duration_since(SystemTime::now()).unwrap_or_default();
    let scopes: Vec<_> = token.scopes().collect();
    Ok(Json(json!({"secret": token.secret(), "scopes": scopes, "left": left.as_secs()})))
}

/// The kind of error, if it is one.
#[get("/kind?<resource>&<organization>")]
async fn kind(
    resource: Option<&str>,
    organization: Option<&str>,
    logto: LogtoClient<'_>,
) -> String {
    match logto.access_token(audience(resource, organization)).await {
        Ok(token) => format!("token: {}", token.is_some()),
        Err(error) => format!("{:?} {}: {error}", error.kind(), error.status().code),
    }
}

#[get("/clear?<all>")]
async fn clear(all: bool, logto: LogtoClient<'_>) -> Result<&'static str, Error> {
    match all {
        true => logto.clear_all_tokens().await?,
        false => logto.clear_access_tokens().await?,
    }
    Ok("cleared")
}

#[get("/session")]
async fn session(logto: LogtoClient<'_>) -> Result<Json<Value>, Error> {
    let metadata = logto.logto().provider_metadata().await?;
    Ok(Json(json!({
        "authenticated": logto.is_authenticated().await?,
        "refresh_token": logto.refresh_token().await?,
        "id_token": logto.id_token().await?.as_deref(),
        "scopes": logto.granted_scopes().await?,
        "issuer": metadata.issuer(),
        "revocation": metadata.revocation_endpoint(),
        "grants": metadata.get("grant_types_supported"),
    })))
}

#[get("/claims")]
async fn claims(logto: LogtoClient<'_>) -> Result<Json<Value>, Error> {
    let own = logto.access_token_claims(Audience::logto()).await?.expect("a user");
    let api = logto.access_token_claims(API).await?.expect("a user");
    let acme = logto.organization_token_claims(ACME).await?.expect("a user");
    let both = Audience::resource(API).in_organization(ACME);
    let both = logto.access_token_claims(both).await?.expect("a user");
    let organization = both.jwt().and_then(|claims| claims.organization_id().value());
    Ok(Json(json!({
        "own": own == TokenClaims::Opaque,
        "api": api.jwt().map(|claims| claims.audiences().unwrap_or_default()),
        "scopes": api.jwt().map(|claims| claims.scopes()),
        "acme": acme.jwt().map(|claims| claims.audiences().unwrap_or_default()),
        "organization": organization,
    })))
}

/// The handler answers 500 after it has asked for a token.
#[get("/broken?<resource>")]
async fn broken(resource: &str, logto: LogtoClient<'_>) -> Status {
    let _ = logto.access_token(resource).await;
    Status::InternalServerError
}

/// As if it did not exist.
#[get("/missing?<resource>")]
async fn missing(resource: &str, logto: LogtoClient<'_>) -> Option<&'static str> {
    let _ = logto.access_token(resource).await;
    None
}

#[get("/panics?<resource>")]
async fn panics(resource: &str, logto: LogtoClient<'_>) -> &'static str {
    let _ = logto.access_token(resource).await;
    panic!("as a handler may")
}

fn app(provider: &Provider) -> Rocket<Build> {
    let scopes = ["email", "read:items", "write:items", "read:data", "write:data"];
    let scopes = [&scopes[..], &["urn:logto:scope:organizations"]].concat();
    let figment = provider.figment().merge(("logto.scopes", scopes));
    with(rocket::custom(figment.merge(("logto.resources", [API, OTHER]))))
}

fn with(rocket: Rocket<Build>) -> Rocket<Build> {
    let routes = routes![token, kind, claims, clear, session, broken, missing, panics];
    rocket.attach(Logto::fairing()).mount("/", routes)
}

fn provider() -> Builder {
    Provider::builder().rotate_refresh_tokens(true)
}

async fn signed_in(provider: &Provider) -> Browser {
    let browser = Browser::open(app(provider)).await;
    browser.sign_in(provider, "/sign-in?return_to=/session").await;
    browser
}

async fn json(browser: &Browser, path: &str) -> Value {
    let answer = browser.fetch(path).await;
    assert_eq!(answer.status, Status::Ok, "{path}: {answer:?}");
    serde_json::from_str(&answer.body).expect("JSON")
}

fn path(resource: Option<&str>, organization: Option<&str>) -> String {
    let resource = resource.map(|resource| format!("resource={resource}&"));
    let organization = organization.map(|id| format!("organization={id}&"));
    format!("/token?{}{}", resource.unwrap_or_default(), organization.unwrap_or_default())
}

/// Logto's Python SDK has no token for a resource in an organization.
#[rocket::async_test]
async fn a_user_has_a_token_for_each_resource_and_organization() {
    let provider = provider().start().await;
    let browser = signed_in(&provider).await;
    let scopes = async |resource, organization| {
        json(&browser, &path(resource, organization)).await["scopes"].clone()
    };
    assert_eq!(scopes(Some(API), None).await, json!(["read:items", "write:items"]));
    assert_eq!(scopes(Some(OTHER), None).await, json!([]));
    assert_eq!(scopes(None, Some(ACME)).await, json!(["write:data", "read:data"]));
    assert_eq!(scopes(Some(API), Some(GLOBEX)).await, json!(["read:items"]));
    let own = scopes(None, None).await;
    assert!(own.as_array().expect("scopes").contains(&"openid".into()));
    // The sign-in's own token was there already.
    assert_eq!(provider.count("token"), 5);
}

#[rocket::async_test]
async fn a_token_is_kept_until_shortly_before_it_ends() {
    let long = ApiResource::new(API).access_token_ttl(Duration::from_secs(3600));
    let short = ApiResource::new(OTHER).access_token_ttl(Duration::from_secs(2));
    let provider = provider().resource(long).resource(short).start().await;
    let browser = signed_in(&provider).await;
    for resource in [API, OTHER] {
        let first = json(&browser, &path(Some(resource), None)).await;
        let again = json(&browser, &path(Some(resource), None)).await;
        assert_eq!(first["secret"], again["secret"]);
    }
    assert_eq!(provider.count("token"), 3);
    // Half of two seconds.
    sleep(Duration::from_millis(1_100)).await;
    json(&browser, &path(Some(API), None)).await;
    json(&browser, &path(Some(OTHER), None)).await;
    assert_eq!(provider.count("token"), 4, "the short one alone is replaced");
}

/// Short-lived tokens do not loop: one that was just received is used.
#[rocket::async_test]
async fn a_token_without_any_lifetime_is_handed_out_and_requested_again() {
    let dead = ApiResource::new(API).access_token_ttl(Duration::ZERO);
    let provider = provider().resource(dead).start().await;
    let browser = signed_in(&provider).await;
    for count in [2, 3] {
        assert!(json(&browser, &path(Some(API), None)).await["secret"].is_string());
        assert_eq!(provider.count("token"), count);
    }
}

#[rocket::async_test]
async fn a_forced_refresh_bypasses_what_is_kept() {
    let provider = provider().start().await;
    let browser = signed_in(&provider).await;
    let organization = path(None, Some(ACME));
    let before = json(&browser, &organization).await;
    let alice = provider.user("alice").expect("alice");
    provider.add(alice.organization(ACME, ["nothing"]));
    assert_eq!(json(&browser, &organization).await, before, "it is kept");
    let fresh = json(&browser, &format!("{organization}fresh=true")).await;
    assert_eq!(fresh["scopes"], json!([]));
    assert_eq!(json(&browser, &organization).await["secret"], fresh["secret"]);
}

#[rocket::async_test]
async fn cleared_access_tokens_are_requested_again_and_the_session_continues() {
    let provider = provider().start().await;
    let browser = signed_in(&provider).await;
    let paths = [path(Some(API), None), path(None, None)];
    let mut before = Vec::new();
    for path in &paths {
        before.push(json(&browser, path).await["secret"].clone());
    }
    assert_eq!(browser.fetch("/clear").await.body, "cleared");
    for (path, before) in paths.iter().zip(before) {
        assert_ne!(json(&browser, path).await["secret"], before, "{path}");
    }
    assert_eq!(browser.fetch("/clear?all=true").await.body, "cleared");
    assert!(browser.session_cookies().is_empty());
    assert_eq!(json(&browser, "/session").await["authenticated"], false);
}

/// Logto's SDKs fail on an opaque token, or say that it has no claims.
#[rocket::async_test]
async fn the_claims_of_a_token_are_typed_and_an_opaque_one_has_none() {
    let provider = Provider::start().await;
    let browser = signed_in(&provider).await;
    let expected = json!({
        "own": true,
        "api": [API],
        "scopes": ["read:items", "write:items"],
        "acme": [format!("urn:logto:organization:{ACME}")],
        "organization": ACME,
    });
    assert_eq!(json(&browser, "/claims").await, expected);
}

/// Logto answers a non-member with 403, and a resource that was not requested with 400.
#[rocket::async_test]
async fn a_token_that_logto_denies_is_an_error_that_says_why_and_ends_nothing() {
    let provider = provider().user(User::new("carol")).start().await;
    let browser = Browser::open(app(&provider)).await;
    let callback = provider.approve(&browser.start("/sign-in").await, "carol").await;
    browser.visit(&callback.expect("carol signs in")).await;
    let kind = async |path: &str| browser.fetch(path).await.body;
    assert!(kind(&format!("/kind?organization={ACME}")).await.starts_with("Denied 403"));
    let unknown = kind("/kind?resource=https://nobody.example.com").await;
    assert!(unknown.starts_with("NotGranted 403"), "{unknown}");
    assert_eq!(json(&browser, "/session").await["authenticated"], true);
}

/// The scope is missing: the error says what to add, and Logto is not asked.
#[rocket::async_test]
async fn an_organization_token_without_the_scope_names_the_scope_to_add() {
    let provider = Provider::start().await;
    let browser = Browser::open(with(rocket::custom(provider.figment()))).await;
    browser.sign_in(&provider, "/sign-in?return_to=/session").await;
    let error = browser.fetch(&format!("/kind?organization={ACME}")).await.body;
    assert!(error.starts_with("NotGranted 403"), "{error}");
    assert!(error.contains("add `urn:logto:scope:organizations` to `scopes`"), "{error}");
    assert_eq!(provider.count("token"), 1);
}

#[rocket::async_test]
async fn a_stranger_has_no_token_and_that_is_not_an_error() {
    let provider = Provider::start().await;
    let browser = Browser::open(app(&provider)).await;
    assert_eq!(json(&browser, &path(Some(API), None)).await, json!(null));
    let session = json(&browser, "/session").await;
    assert_eq!(session["authenticated"], false);
    assert_eq!(session["refresh_token"], json!(null));
}

#[rocket::async_test]
async fn a_session_tells_its_tokens_its_scopes_and_its_logto() {
    let provider = Provider::start().await;
    let browser = signed_in(&provider).await;
    let session = json(&browser, "/session").await;
    assert!(session["refresh_token"].is_string());
    assert_eq!(session["id_token"].as_str().expect("a token").split('.').count(), 3);
    let scopes = session["scopes"].as_array().expect("scopes");
    assert!(scopes.contains(&"urn:logto:scope:organizations".into()));
    assert!(!scopes.contains(&"read:items".into()), "those are the resource's");
    assert_eq!(session["issuer"], json!(provider.issuer()));
    assert!(session["revocation"].as_str().expect("an endpoint").ends_with("/token/revocation"));
    assert!(session["grants"].as_array().expect("a list").contains(&"client_credentials".into()));
}

/// The rotated refresh token arrives whatever the handler answers.
#[rocket::async_test]
async fn a_rotation_is_kept_whatever_the_route_answers() {
    let failures = [
        ("/broken", Status::InternalServerError),
        ("/missing", Status::NotFound),
        ("/panics", Status::InternalServerError),
    ];
    for (route, status) in failures {
        let provider = provider().start().await;
        let browser = signed_in(&provider).await;
        let before = json(&browser, "/session").await["refresh_token"].clone();
        let answer = browser.fetch(&format!("{route}?resource={API}")).await;
        assert_eq!(answer.status, status);
        let after = json(&browser, "/session").await["refresh_token"].clone();
        assert_ne!(before, after, "{route}");
        // After the time for which Logto forgives an old one.
        provider.advance(Duration::from_secs(10));
        json(&browser, &path(Some(OTHER), None)).await;
    }
}

/// A dropped request does not lose the rotation either: the next one has it.
#[rocket::async_test]
async fn a_rotation_is_kept_when_the_client_hangs_up() {
    let provider = provider().start().await;
    let browser = signed_in(&provider).await;
    let waiting = browser.fetch(&path(Some(API), None)).await;
    assert_eq!(waiting.status, Status::Ok);
    let old = browser.cookies();
    let path = path(Some(OTHER), None);
    // Polled once, which begins the refresh, and dropped.
    assert!(browser.fetch(&path).now_or_never().is_none());
    sleep(Duration::from_millis(200)).await;
    browser.restore(old);
    provider.advance(Duration::from_secs(10));
    json(&browser, &format!("{path}fresh=true")).await;
}

/// REF-1: a hundred at once cost one request for each pair of resource and organization.
#[rocket::async_test]
async fn a_hundred_requests_at_once_ask_once_for_each_pair() {
    let pairs = [
        (Some(API), None),
        (Some(OTHER), None),
        (None, Some(ACME)),
        (Some(API), Some(ACME)),
        (Some(API), Some(GLOBEX)),
    ];
    for (pairs, requests) in [(&pairs[..1], 1), (&pairs[..], 5)] {
        let provider = provider().start().await;
        let browser = signed_in(&provider).await;
        let all = (0..100).map(|n| pairs[n % pairs.len()]);
        let paths: Vec<_> = all.map(|(resource, id)| path(resource, id)).collect();
        let answers = join_all(paths.iter().map(|path| browser.fetch(path))).await;
        assert!(answers.iter().all(|answer| answer.status == Status::Ok));
        assert_eq!(provider.count("token") - 1, requests, "for {} pairs", pairs.len());
        // After all the rotations, the refresh token is still the right one.
        provider.advance(Duration::from_secs(10));
        json(&browser, &format!("{}fresh=true", path(Some(API), None))).await;
    }
}

/// REL-4: a good token is served while Logto is down; after that, the failure is reported.
#[rocket::async_test]
async fn a_good_token_is_served_while_logto_is_down() {
    let short = ApiResource::new(API).access_token_ttl(Duration::from_secs(3));
    let provider = provider().resource(short).start().await;
    let browser = signed_in(&provider).await;
    let first = json(&browser, &path(Some(API), None)).await;
    sleep(Duration::from_millis(1_600)).await;
    provider.stop().await;
    assert_eq!(json(&browser, &path(Some(API), None)).await["secret"], first["secret"]);
    sleep(Duration::from_millis(1_500)).await;
    let error = browser.fetch(&format!("/kind?resource={API}")).await.body;
    assert!(error.starts_with("Unreachable 503"), "{error}");
    assert!(!browser.session_cookies().is_empty(), "nothing is lost");
    provider.resume().await.expect("the port is free");
    sleep(Duration::from_millis(1_100)).await;
    json(&browser, &path(Some(API), None)).await;
}

/// `invalid_grant` ends the session once, and the user may sign in again.
#[rocket::async_test]
async fn a_suspended_user_gets_no_token_and_is_a_stranger() {
    let provider = provider().start().await;
    let browser = signed_in(&provider).await;
    provider.suspend("alice");
    let error = browser.fetch(&format!("/kind?resource={API}")).await;
    assert!(error.body.starts_with("SessionEnded 401"), "{}", error.body);
    assert!(browser.session_cookies().is_empty());
    provider.reinstate("alice");
    let callback = provider.approve_at(&browser.start("/sign-in").await).await;
    browser.visit(&callback).await;
    json(&browser, &path(Some(API), None)).await;
}

/// Without `offline_access` there is no refresh token, and so no token for an API.
#[rocket::async_test]
async fn without_a_refresh_token_only_a_new_sign_in_gives_tokens() {
    let provider = Provider::start().await;
    let figment = provider.figment().merge(("logto.prompt", "login"));
    let browser = Browser::open(with(rocket::custom(figment))).await;
    browser.sign_in(&provider, "/sign-in?return_to=/session").await;
    assert_eq!(json(&browser, "/session").await["refresh_token"], json!(null));
    let error = browser.fetch(&format!("/kind?resource={API}")).await.body;
    assert!(error.starts_with(&format!("{:?} 401", ErrorKind::NotAuthenticated)), "{error}");
    assert_eq!(json(&browser, "/session").await["authenticated"], true);
}

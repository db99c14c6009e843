//! Tokens without a user: for the application itself, and in exchange for others.

use std::time::{Duration, SystemTime};

use logto_dev::{ApiResource, MachineApp, Provider};
use logto_rocket::{
    AccessToken, Audience, Error, ErrorKind, Logto, Result, TokenClaims, TokenExchange,
};
use logto_tests::{Deviation, Fault, Hostile};
use rocket::figment::Figment;
use rocket::futures::future::join_all;
use rocket::local::asynchronous::Client;
use rocket::tokio::time::sleep;
use serde_json::json;

const API: &str = "https://api.example.com";
const OTHER: &str = "https://other.example.com";
const ACME: &str = "8wz3nrme4n02";
const GLOBEX: &str = "nyb79mqzrg8c";

fn machine() -> MachineApp {
    MachineApp::new("reports", "a secret of the machine")
        .role("items-reader")
        .organization(ACME, ["editor"])
}

fn figment(provider: &Provider) -> Figment {
    provider.figment()
}

/// An application without any machine settings: users only sign in to it.
fn without_machine(provider: &Provider) -> Figment {
    Figment::from(rocket::Config::debug_default())
        .merge(("log_level", "off"))
        .merge(("logto.endpoint", provider.endpoint()))
        .merge(("logto.app_id", provider.app_id()))
        .merge(("logto.app_secret", provider.app_secret()))
}

/// The application's `Logto`, outside of any request.
async fn logto(figment: Figment) -> Logto {
    let client = Client::untracked(rocket::custom(figment).attach(Logto::fairing())).await;
    client.expect("it launches").rocket().state::<Logto>().expect("it is managed").clone()
}

fn scopes(token: &AccessToken) -> Vec<&str> {
    token.scopes().collect()
}

fn kind(result: Result<AccessToken>) -> ErrorKind {
    result.expect_err("there is no token").kind()
}

#[rocket::async_test]
async fn a_machine_token_is_requested_once_and_kept() {
    let provider = Provider::builder().machine_app(machine()).start().await;
    let logto = logto(figment(&provider)).await;
    let tokens = (0..100).map(|_| logto.client_credentials(API, ["read:items", "write:items"]));
    let tokens: Vec<_> = join_all(tokens).await.into_iter().map(|token| token.unwrap()).collect();
    assert_eq!(provider.count("token"), 1);
    assert!(tokens.iter().all(|token| token.secret() == tokens[0].secret()));
    assert_eq!(scopes(&tokens[0]), ["read:items"], "what its role allows");
    let TokenClaims::Jwt(claims) = tokens[0].claims() else { panic!("it is a JWT") };
    assert_eq!(claims.subject().value(), Some("reports"));

    // Each resource, organization and list of scopes has its own.
    logto.client_credentials(API, ["read:items"]).await.unwrap();
    let in_acme = Audience::resource(API).in_organization(ACME);
    let in_acme = logto.client_credentials(in_acme, ["read:items"]).await.unwrap();
    assert_eq!(scopes(&in_acme), ["read:items"]);
    let acme = Audience::organization(ACME);
    let acme = logto.client_credentials(acme, ["read:data", "write:data"]).await.unwrap();
    assert_eq!(scopes(&acme).len(), 2);
    assert_eq!(provider.count("token"), 4);
}

/// Only requested scopes are granted, and the answer may leave them out.
#[rocket::async_test]
async fn a_machine_token_without_scopes_has_none() {
    let provider = Provider::builder().machine_app(machine()).start().await;
    let logto = logto(figment(&provider)).await;
    let token = logto.client_credentials(API, [""; 0]).await.unwrap();
    assert_eq!(scopes(&token), [""; 0]);
}

/// T28: no user is blamed, and the operator reads what to change.
#[rocket::async_test]
async fn a_refusal_to_a_machine_names_what_to_change() {
    let provider = Provider::builder().machine_app(machine()).start().await;
    let with = logto(figment(&provider)).await;
    let without = logto(without_machine(&provider)).await;
    let wrong = figment(&provider).merge(("logto.machine.app_secret", "not the secret"));
    let wrong = logto(wrong).await;
    let nowhere = Audience::resource("https://nowhere.example.com");
    for (logto, audience, error, hint) in [
        (&with, Audience::organization(GLOBEX), "access_denied", "add the machine-to-machine app"),
        (&with, nowhere, "invalid_target", "no API resource with this indicator (resource \"https"),
        (&with, Audience::logto(), "invalid_target", "name an API resource or an organization"),
        // The web application may not: Logto gives such tokens to machines only.
        (&without, Audience::resource(API), "invalid_request", "set `machine.app_id`"),
        (&wrong, Audience::resource(API), "invalid_client", "invalid_client"),
    ] {
        let refused = logto.client_credentials(audience, [""; 0]).await.expect_err(error);
        assert_eq!((refused.kind(), refused.oauth_error()), (ErrorKind::Refused, Some(error)));
        assert!(refused.description().is_some(), "{refused}");
        assert!(refused.to_string().contains(hint), "{refused}");
        assert_eq!(refused.status().code, 502);
    }
}

#[rocket::async_test]
async fn a_machine_token_is_renewed_and_one_that_is_still_good_outlives_an_outage() {
    let short = ApiResource::new(API).access_token_ttl(Duration::from_secs(3));
    let provider = Provider::builder().machine_app(machine()).resource(short).start().await;
    let logto = logto(figment(&provider)).await;
    let first = logto.client_credentials(API, ["read:items"]).await.unwrap();
    assert!(first.expires_at() <= SystemTime::now() + Duration::from_secs(3));
    sleep(Duration::from_millis(1_600)).await;
    provider.stop().await;
    let kept = logto.client_credentials(API, ["read:items"]).await.unwrap();
    assert_eq!(kept.secret(), first.secret());
    sleep(Duration::from_millis(1_500)).await;
    let down = logto.client_credentials(API, ["read:items"]).await;
    assert_eq!(kind(down), ErrorKind::Unreachable);
    provider.resume().await.unwrap();
    let next = logto.client_credentials(API, ["read:items"]).await.unwrap();
    assert_ne!(next.secret(), first.secret());
}

#[rocket::async_test]
async fn a_subject_token_is_exchanged_for_a_token_of_the_user() {
    let provider = Provider::builder().machine_app(machine()).start().await;
    let logto = logto(figment(&provider)).await;
    let alice = provider.user("alice").unwrap();

    // An impersonation token, once.
    let subject = provider.subject_token("alice");
    let exchange = TokenExchange::impersonation(&subject).audience(API).scopes(["read:items"]);
    let token = logto.exchange_token(&exchange).await.unwrap();
    assert_eq!(scopes(&token), ["read:items"]);
    let TokenClaims::Jwt(claims) = token.claims() else { panic!("it is a JWT") };
    assert_eq!(claims.subject().value(), Some(alice.sub()));
    let error = kind(logto.exchange_token(&exchange).await);
    assert_eq!((error, error.status().code), (ErrorKind::InvalidSubjectToken, 400));

    // A personal access token works any number of times, and for the machine too.
    let personal = provider.personal_access_token("alice");
    for exchange in [
        TokenExchange::personal_access_token(&personal).audience(API),
        TokenExchange::personal_access_token(&personal).audience(API).by_machine(),
        TokenExchange::personal_access_token(&personal).audience(Audience::organization(ACME)),
    ] {
        let token = logto.exchange_token(&exchange).await.unwrap();
        assert!(token.claims().jwt().is_some(), "{exchange:?}");
    }

    // An exchanged token, for another API.
    let onward = TokenExchange::access_token(token.secret()).audience(OTHER);
    let onward = logto.exchange_token(&onward).await.unwrap();
    let TokenClaims::Jwt(claims) = onward.claims() else { panic!("it is a JWT") };
    assert_eq!(claims.audiences().value(), Some(vec![OTHER]));
}

/// T28: the error tells the setting, the subject token and the resource apart.
#[rocket::async_test]
async fn an_exchange_that_logto_refuses_names_what_to_change() {
    let allowed = Provider::start().await;
    let forbidden = Provider::builder().token_exchange(false).start().await;
    let subject = |provider: &Provider| provider.subject_token("alice");
    for (provider, token, audience, kind, hint) in [
        (&forbidden, subject(&forbidden), API, ErrorKind::Refused, "\"Allow token exchange\""),
        (
            &allowed,
            "nonsense".into(),
            API,
            ErrorKind::InvalidSubjectToken,
            "it is unknown, expired or already used",
        ),
        (&allowed, subject(&allowed), "https://no.example", ErrorKind::Refused, "no API resource"),
    ] {
        let logto = logto(provider.figment()).await;
        let exchange = TokenExchange::impersonation(&token).audience(audience);
        let refused = logto.exchange_token(&exchange).await.expect_err(hint);
        assert_eq!(refused.kind(), kind, "{refused}");
        assert!(refused.to_string().contains(hint), "{refused}");
    }
}

#[rocket::async_test]
async fn an_exchanged_token_says_who_acts() {
    let provider = Provider::start().await;
    let logto = logto(provider.figment()).await;
    let personal = provider.personal_access_token("bob");
    let actor = TokenExchange::personal_access_token(personal).scopes(["openid"]);
    let actor = logto.exchange_token(&actor).await.unwrap();
    assert_eq!(actor.claims(), TokenClaims::Opaque);
    let subject = provider.subject_token("alice");
    let exchange = TokenExchange::impersonation(subject).audience(API).actor_token(actor.secret());
    let token = logto.exchange_token(&exchange).await.unwrap();
    let TokenClaims::Jwt(claims) = token.claims() else { panic!("it is a JWT") };
    let bob = provider.user("bob").unwrap();
    assert_eq!(claims.actor().value(), Some(bob.sub()));
}

/// The requests as sent over the wire (RFC 6749 section 4.4, RFC 8693 section 2.1).
#[rocket::async_test]
async fn the_requests_of_a_machine_are_well_formed() {
    let op = Hostile::start().await;
    let answer = json!({"access_token": "opaque", "token_type": "bearer", "expires_in": 60});
    op.deviate(Deviation::Answer("token", Fault::Json(200, answer)));
    let logto = logto(op.figment()).await;
    let audience = Audience::resource(API).in_organization(ACME);
    logto.client_credentials(audience.clone(), ["a", "b"]).await.unwrap();
    let exchange = TokenExchange::impersonation("sub_1").audience(audience).actor_token("actor");
    logto.exchange_token(&exchange).await.unwrap();
    let requests = op.requests("token");
    let expected = [
        vec![
            ("grant_type", "client_credentials"),
            ("resource", API),
            ("organization_id", ACME),
            ("scope", "a b"),
        ],
        vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", "sub_1"),
            ("subject_token_type", "urn:logto:token-type:impersonation_token"),
            ("actor_token", "actor"),
            ("actor_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("resource", API),
            ("organization_id", ACME),
        ],
    ];
    assert_eq!(requests.len(), expected.len());
    for (request, expected) in requests.iter().zip(expected) {
        let sent: Vec<_> = request.form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(sent, expected);
        assert!(request.headers["authorization"].starts_with("Basic "));
    }
}

#[rocket::async_test]
async fn nonsense_instead_of_a_machine_token_is_an_error() {
    let op = Hostile::start().await;
    let logto = logto(op.figment()).await;
    for (fault, expected) in [
        (Fault::Html(200), ErrorKind::InvalidAnswer),
        (Fault::Html(500), ErrorKind::Unreachable),
        (
            Fault::Json(200, json!({"access_token": "a", "token_type": "mac"})),
            ErrorKind::InvalidAnswer,
        ),
        (Fault::Redirect(307, "http://127.0.0.1:1/".into()), ErrorKind::InvalidAnswer),
    ] {
        op.behave();
        op.deviate(Deviation::Answer("token", fault.clone()));
        let result: Result<_, Error> = logto.client_credentials(API, [""; 0]).await;
        assert_eq!(kind(result), expected, "{fault:?}");
    }
}

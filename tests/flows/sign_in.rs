//! From a protected page to Logto and back.

use std::collections::HashSet;

use logto_tests::{
    Alter, Approve, BASE_URL, Browser, Deviation, Hostile, Key, app, as_navigation, sha256, with,
};
use rocket::http::Status;
use serde_json::json;
use url::Url;

/// The one value of a parameter.
fn one<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    let values: Vec<_> = pairs.iter().filter(|(key, _)| key == name).collect();
    assert_eq!(values.len(), 1, "`{name}` is there {} times: {pairs:?}", values.len());
    &values[0].1
}

fn is_unreserved(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// 128 bits take 22 characters of base64url.
fn is_random(text: &str) -> bool {
    text.len() >= 22 && text.bytes().collect::<HashSet<_>>().len() >= 8
}

/// RP-code-flow: the code flow, user info, and `openid` in the scope.
#[rocket::async_test]
async fn a_stranger_signs_in_and_lands_on_the_page_asked_for() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let page = browser.sign_in(&op, "/protected").await;
    assert_eq!(page.status, Status::Ok);
    assert_eq!(page.json()["sub"], "u-alice");
    assert_eq!(page.json()["picture"], json!(null));
    assert_eq!(browser.visit("/").await.body, "Hello, u-alice!");
    let info = browser.fetch("/api/userinfo").await;
    assert_eq!((info.status, &info.json()["sub"]), (Status::Ok, &json!("u-alice")));
    assert_eq!((op.count("token"), op.count("me"), op.count("jwks")), (1, 1, 1));
    let scope = one(&op.authorizations()[0], "scope").to_owned();
    assert!(scope.split(' ').any(|name| name == "openid"), "{scope}");
}

#[rocket::async_test]
async fn the_authorization_request_says_what_logto_expects() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let location = browser.start("/protected").await;
    assert!(location.starts_with(&format!("{}/auth?", op.issuer())), "{location}");
    op.authorize(&location);
    let asked = &op.authorizations()[0];
    assert_eq!(one(asked, "response_type"), "code");
    assert_eq!(one(asked, "client_id"), "hostile-app");
    assert_eq!(one(asked, "redirect_uri"), format!("{BASE_URL}/callback"));
    assert_eq!(one(asked, "prompt"), "consent");
    let scope: HashSet<_> = one(asked, "scope").split(' ').collect();
    assert!(scope.is_superset(&HashSet::from(["openid", "profile", "offline_access"])));
    assert_eq!(op.count("token"), 0);
}

/// RP-client-secret-basic: identifier and secret percent-encoded, and only there.
#[rocket::async_test]
async fn the_application_authenticates_with_basic_and_nothing_else() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    browser.sign_in(&op, "/protected").await;
    let request = &op.requests("token")[0];
    assert!(request.headers["authorization"].starts_with("Basic "));
    assert_eq!(request.field("client_secret"), None);
    for endpoint in ["discovery", "jwks"] {
        assert!(op.count(endpoint) > 0);
        for request in op.requests(endpoint) {
            assert_eq!(request.headers.get("authorization"), None, "a secret went to {endpoint}");
        }
    }
}

/// A1: every sign-in has its own S256 challenge, whatever discovery lists.
#[rocket::async_test]
async fn every_sign_in_proves_itself_with_a_fresh_s256_challenge() {
    let op = Hostile::start().await;
    let plain = Alter::set("code_challenge_methods_supported", json!(["plain"]));
    op.deviate(Deviation::Discovery(plain));
    let browser = Browser::open(app(op.figment())).await;
    for _ in 0..2 {
        browser.forget();
        assert_eq!(browser.sign_in(&op, "/protected").await.status, Status::Ok);
    }
    let (asked, redeemed) = (op.authorizations(), op.requests("token"));
    assert_eq!((asked.len(), redeemed.len()), (2, 2));
    for (asked, redeemed) in asked.iter().zip(&redeemed) {
        let verifier = redeemed.field("code_verifier").unwrap();
        assert!((43..=128).contains(&verifier.len()) && is_unreserved(verifier), "{verifier}");
        assert!(is_random(verifier), "{verifier}");
        assert_eq!(one(asked, "code_challenge"), sha256(verifier));
        assert_eq!(one(asked, "code_challenge_method"), "S256");
    }
    assert_ne!(redeemed[0].field("code_verifier"), redeemed[1].field("code_verifier"));
}

/// A2: state and nonce are random and never repeat.
#[rocket::async_test]
async fn no_state_or_nonce_repeats() {
    const SIGN_INS: usize = 10_000;
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let mut seen = HashSet::new();
    for _ in 0..SIGN_INS {
        browser.forget();
        let url = Url::parse(browser.visit("/sign-in").await.location()).unwrap();
        let asked: Vec<_> = url.query_pairs().into_owned().collect();
        for name in ["state", "nonce", "code_challenge"] {
            let value = one(&asked, name);
            assert!(is_random(value), "{name} is {value}");
            assert!(seen.insert(value.to_owned()), "{value} came twice");
        }
    }
    assert_eq!(seen.len(), 3 * SIGN_INS);
    assert_eq!(op.count("discovery"), 1);
}

/// A13: what a stranger puts into the query does not reach the authorization request.
#[rocket::async_test]
async fn a_query_cannot_change_the_authorization_request() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let plain = Url::parse(browser.visit("/sign-in").await.location()).unwrap();
    let attack = "/sign-in?client_id=x&redirect_uri=https://evil.example&scope=admin&max_age=-1\
                  &code_challenge=c&state=s&nonce=n&prompt=none&response_mode=fragment&resource=r";
    let attacked = Url::parse(browser.visit(attack).await.location()).unwrap();
    let fresh = ["state", "nonce", "code_challenge"];
    for ((name, before), (_, after)) in plain.query_pairs().zip(attacked.query_pairs()) {
        let is_fresh = fresh.contains(&&*name);
        assert_eq!(before != after, is_fresh, "{name} became {after}");
    }
    assert_eq!(plain.query_pairs().count(), attacked.query_pairs().count());
}

/// A14: a return path stays one value, whatever it contains (CVE-2025-67716).
#[rocket::async_test]
async fn a_return_path_adds_nothing_to_the_authorization_request() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let names = |location: &str| -> Vec<String> {
        let url = Url::parse(location).unwrap();
        url.query_pairs().map(|(name, _)| name.into_owned()).collect()
    };
    let plain = names(browser.visit("/sign-in").await.location());
    let paths = [
        "/x?scope=admin&audience=evil",
        "/x%26scope=admin",
        "/x%26scope%3Dadmin%26redirect_uri%3Dhttps://evil.example",
        "/x%23&scope=admin&client_id=evil",
        "/x%3Fscope%3Dadmin%2526resource%253Devil&resource=evil",
    ];
    for path in paths {
        let answer = browser.visit(&format!("/sign-in?return_to={path}")).await;
        assert_eq!(names(answer.location()), plain, "{path}");
        assert!(!answer.location().contains("evil"), "{answer:?}");
        assert!(!answer.location().contains("admin"), "{answer:?}");
    }
}

/// RP-scope-userinfo-claims: the requested scopes, and the claims that come with them.
#[rocket::async_test]
async fn the_claims_of_every_scope_are_asked_for_and_read() {
    let provider = logto_dev::Provider::start().await;
    let scopes = ["profile", "email", "phone", "address"];
    let figment = provider.figment().merge(("logto.scopes", scopes));
    let browser = Browser::open(app(figment)).await;
    let location = browser.start("/protected").await;
    let asked: Vec<_> = Url::parse(&location).unwrap().query_pairs().into_owned().collect();
    let asked = one(&asked, "scope").to_owned();
    assert!(scopes.iter().all(|scope| asked.split(' ').any(|one| one == *scope)), "{asked}");
    browser.visit(&provider.approve_at(&location).await).await;
    for path in ["/protected", "/api/userinfo"] {
        let claims = browser.fetch(path).await.json();
        for claim in ["name", "email", "email_verified", "phone_number", "phone_number_verified"] {
            assert!(!claims[claim].is_null(), "{path} has no {claim}: {claims}");
        }
        assert!(claims["address"].is_object(), "{path}: {claims}");
    }
}

/// A21: five concurrent sign-ins, finished in another order, each return to their own page, and the
/// last one keeps the session.
#[rocket::async_test]
async fn tabs_finish_in_any_order_and_land_on_their_own_pages() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let mut tabs = Vec::new();
    for number in 0..5 {
        let path = format!("/pages/{number}?tab=t{number}");
        tabs.push((path.clone(), browser.start(&path).await));
    }
    for number in [3, 0, 4, 1, 2] {
        let (path, location) = &tabs[number];
        op.account(json!({"sub": format!("u-{number}")}));
        let back = browser.visit(&op.approve_at(location).await).await;
        assert_eq!((back.status, back.location()), (Status::SeeOther, path.as_str()));
        let page = browser.visit(back.location()).await;
        assert_eq!(page.body, format!("page {number}, tab t{number}, u-{number}"));
    }
    assert_eq!(op.count("token"), 5);
    assert!(browser.sign_in_cookies().is_empty(), "{:?}", browser.sign_in_cookies().keys());
}

/// A23: anything but a person's navigation gets 401, and nothing begins.
#[rocket::async_test]
async fn no_sign_in_begins_for_a_request_that_is_not_a_navigation() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let html = ("Accept", "text/html");
    let requests = [
        [("Accept", "application/json"), ("X-None", "")],
        [html, ("Sec-Fetch-Mode", "cors")],
        [html, ("Sec-Fetch-Mode", "no-cors")],
        [html, ("Sec-Fetch-Dest", "image")],
        [html, ("Sec-Fetch-Dest", "iframe")],
        [html, ("Sec-Fetch-Dest", "empty")],
        [html, ("Sec-Purpose", "prefetch")],
        [html, ("Sec-Purpose", "prefetch;prerender")],
        [html, ("Purpose", "prefetch")],
        [html, ("Upgrade", "websocket")],
        [html, ("X-Requested-With", "XMLHttpRequest")],
    ];
    for headers in requests {
        for path in ["/protected", "/sign-in", "/sign-in?return_to=/protected", "/sign-up"] {
            let what = format!("{path} {headers:?}");
            let answer = browser.send(with(browser.client().get(path), &headers)).await;
            assert_eq!(answer.status, Status::Unauthorized, "{what}");
            assert_eq!(answer.json(), json!({"error": "Not authenticated"}), "{what}");
            assert_eq!((answer.header("location"), answer.cookies.len()), (None, 0), "{what}");
        }
    }
    assert_eq!(op.count("discovery"), 0);
}

/// A23: a person's navigation is redirected, and so is a client that accepts anything.
#[rocket::async_test]
async fn a_navigation_is_sent_to_sign_in() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    let get = || browser.client().get("/pages/1?tab=a%20b");
    let head = browser.client().head("/pages/1?tab=a%20b");
    let anything = with(get(), &[("Accept", "*/*")]);
    for request in [get(), anything, as_navigation(get()), as_navigation(head)] {
        let answer = browser.send(request).await;
        assert_eq!(answer.status, Status::SeeOther);
        assert_eq!(answer.location(), "/sign-in?return_to=%2Fpages%2F1%3Ftab%3Da%2520b");
        assert_eq!(answer.cookies.len(), 0, "a redirect to our own page begins nothing");
    }
}

#[rocket::async_test]
async fn without_redirect_every_stranger_gets_401() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(op.figment())).await;
    for path in ["/api/me", "/api/userinfo"] {
        let page = browser.visit(path).await;
        let answer = browser.fetch(path).await;
        assert_eq!((page.status, answer.status), (Status::Unauthorized, Status::Unauthorized));
        assert_eq!(answer.json(), json!({"error": "Not authenticated"}));
        assert_eq!((page.cookies.len(), answer.cookies.len()), (0, 0));
    }
}

/// T24, T16, RP-idtoken-sig-rs256: a Logto that signs with RSA names no `alg` in the key, and one
/// that uses P-521 is new.
#[rocket::async_test]
async fn providers_with_any_algorithm_sign_in() {
    for key in Key::of_every_algorithm() {
        let op = Hostile::start().await;
        let alg = key.alg();
        op.sign_with(key);
        op.deviate(Deviation::AtHash);
        let browser = Browser::open(app(op.figment())).await;
        let page = browser.sign_in(&op, "/protected").await;
        assert_eq!((page.status, &page.json()["sub"]), (Status::Ok, &json!("u-alice")), "{alg}");
    }
}

/// T24: up to 1.42, Logto announces ES384 whatever the curve of its key.
#[rocket::async_test]
async fn the_curve_of_a_key_has_its_algorithm_whatever_is_announced() {
    for key in [Key::es256(), Key::es512(), Key::eddsa()] {
        let alg = key.alg();
        let announced = Alter::set("id_token_signing_alg_values_supported", json!(["ES384"]));
        let op = Hostile::start().await;
        op.sign_with(key);
        op.deviate(Deviation::Discovery(announced));
        let browser = Browser::open(app(op.figment())).await;
        assert_eq!(browser.sign_in(&op, "/protected").await.status, Status::Ok, "{alg}");
    }
}

/// A18: a new user replaces the one before, of whom nothing stays.
#[rocket::async_test]
async fn another_user_replaces_the_one_before() {
    for store in ["cookie", "memory"] {
        let op = Hostile::start().await;
        let figment = op.figment().merge(("logto.session.store", store));
        let browser = Browser::open(app(figment)).await;
        browser.sign_in(&op, "/protected").await;
        let of_alice = browser.cookies();
        op.account(json!({"sub": "u-bob", "username": "bob", "name": null}));
        let location = browser.visit("/sign-in?return_to=/protected").await.location().to_owned();
        let back = browser.visit(&op.authorize(&location)).await;
        let claims = browser.visit(back.location()).await.json();
        assert_eq!((&claims["sub"], &claims["name"]), (&json!("u-bob"), &json!(null)));
        assert_eq!(claims.get("created_at"), None);
        assert_eq!(browser.fetch("/api/userinfo").await.json()["sub"], "u-bob", "{store}");
        assert_ne!(browser.session_cookies(), of_alice, "{store}");
        browser.restore(of_alice);
        assert_eq!(browser.visit("/").await.body, "Hello, stranger!", "{store}");
    }
}

/// The handler sees exactly the claims of the ID token.
#[rocket::async_test]
async fn the_handler_sees_the_claims_as_they_were_signed() {
    let op = Hostile::start().await;
    op.deviate(Deviation::Claims(Alter::set("extra", json!({"deep": [1, null, "x"]}))));
    let browser = Browser::open(app(op.figment())).await;
    let claims = browser.sign_in(&op, "/protected").await.json();
    assert_eq!(claims["extra"], json!({"deep": [1, null, "x"]}));
    assert_eq!(claims.get("email"), None, "its scope was not asked for");
}

//! Routes that take access tokens presented in requests.

use logto_rocket::{
    ApiResource, AuthInfo, Logto, LogtoClient, Policy, User, authenticated, protect,
};
use logto_tests::{Alter, Answer, Browser, Deviation, Fault, Forgery, Hostile, Key, with};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::tokio::time::{Duration, sleep};
use rocket::{Build, Rocket, catch, catchers, get, routes};
use serde_json::{Value, json};

pub(crate) const API: &str = "https://api.example.com";

#[derive(ApiResource)]
#[resource("https://api.example.com")]
enum Items {
    #[scope("read:items")]
    Read,
    #[scope("write:items")]
    Write,
}

#[authenticated(bearer, scopes(Items::Read))]
#[get("/items")]
fn items(auth: &AuthInfo) -> String {
    format!("{} {} {:?}", auth.sub, auth.scopes.join(" "), auth.organization_id)
}

#[authenticated(bearer, scopes(Items::Read, Items::Write))]
#[get("/both")]
fn both(auth: &AuthInfo) -> logto_rocket::Result<String> {
    auth.require_scopes(["delete:items"]).map(|()| "deleted".to_owned())
}

#[authenticated(bearer, resource = "https://api.example.com", any_scope("a", "write:items"))]
#[get("/any-scope")]
fn any_scope() -> &'static str {
    "in"
}

#[authenticated(session, bearer, scopes(Items::Read), redirect)]
#[get("/page")]
async fn page(auth: &AuthInfo, user: Option<&User>, logto: LogtoClient<'_>) -> String {
    let session = logto.is_authenticated().await.unwrap_or(true);
    format!("{} {} {session}", auth.sub, user.is_some())
}

#[authenticated(bearer, organization = "<org>")]
#[get("/orgs/<org>")]
fn organization(org: &str, auth: &AuthInfo) -> String {
    format!("{org} {}", auth.organization_id.as_deref().unwrap_or_default())
}

#[authenticated(bearer, resource = "https://api.example.com", organization = "<org>")]
#[get("/orgs/<org>/items")]
fn items_of(org: &str) -> &str {
    org
}

#[authenticated(bearer, scopes(Items::Read))]
#[get("/forwards", rank = 1)]
fn forwards(auth: &AuthInfo, _number: Number) -> String {
    auth.sub.clone()
}

#[authenticated(bearer, scopes(Items::Read))]
#[get("/forwards", rank = 2)]
fn forwarded(auth: &AuthInfo) -> String {
    format!("forwarded {}", auth.sub)
}

/// A guard that always forwards.
struct Number;

#[rocket::async_trait]
impl<'r> rocket::request::FromRequest<'r> for Number {
    type Error = ();

    async fn from_request(_: &'r rocket::Request<'_>) -> rocket::request::Outcome<Self, ()> {
        rocket::request::Outcome::Forward(Status::NotFound)
    }
}

#[authenticated(bearer, resource = "https://api.example.com", any_client, any_organization)]
#[get("/any-organization")]
fn any_organization(auth: &AuthInfo) -> String {
    auth.organization_id.clone().unwrap_or_default()
}

#[authenticated(bearer, resource = "https://api.example.com", clients("hostile-app", "job"))]
#[get("/clients")]
fn clients() -> &'static str {
    "in"
}

#[authenticated(bearer, resource = "https://api.example.com", any_client, machine_only)]
#[get("/machines")]
fn machines(auth: &AuthInfo) -> String {
    auth.is_machine().to_string()
}

#[authenticated(bearer, resource = "https://api.example.com", any_client, user_only)]
#[get("/users")]
fn users(auth: &AuthInfo) -> String {
    auth.is_machine().to_string()
}

#[authenticated(bearer, resource = "https://api.example.com", roles("admin"))]
#[get("/admins")]
fn admins() -> &'static str {
    "in"
}

pub(crate) fn api(figment: Figment) -> Rocket<Build> {
    let files = rocket::routes![plain];
    let policy = Policy::new().resource(API).bearer().scopes(&["read:items"]);
    rocket::custom(
        figment.merge(("logto.resources", [API])).merge(("logto.scopes", ["read:items"])),
    )
    .attach(Logto::fairing())
    .mount("/", routes![items, both, any_scope, page, organization, items_of])
    .mount("/", routes![forwards, forwarded, any_organization, clients, machines, users, admins])
    .mount("/protected", protect(files, policy))
}

#[get("/plain")]
fn plain(auth: Option<&AuthInfo>) -> String {
    auth.is_some().to_string()
}

pub(crate) async fn open() -> (Hostile, Browser) {
    let op = Hostile::start().await;
    let browser = Browser::open(api(op.figment())).await;
    (op, browser)
}

async fn get(browser: &Browser, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    browser.send(with(browser.client().get(path.to_owned()), headers)).await
}

pub(crate) async fn present(browser: &Browser, path: &str, token: &str) -> Answer {
    get(browser, path, &[("Authorization", &format!("Bearer {token}"))]).await
}

pub(crate) fn challenge(answer: &Answer) -> &str {
    answer.header("www-authenticate").unwrap_or_default()
}

/// W3: a token from Logto admits its request, costs one fetch of the keys, and is remembered.
#[rocket::async_test]
async fn a_good_token_is_admitted() {
    let (op, browser) = open().await;
    let token = op.access_token(API, "read:items write:items");
    for _ in 0..3 {
        let answer = present(&browser, "/items", &token).await;
        assert_eq!(answer.status, Status::Ok, "{answer:?}");
        assert_eq!(answer.body, "u-alice read:items write:items None");
        assert_eq!(answer.header("cache-control"), Some("private"));
        assert_eq!(answer.header("vary"), Some("Authorization"));
        assert_eq!(answer.cookies.len(), 0);
    }
    assert_eq!((op.count("jwks"), op.count("token")), (1, 0));
    assert_eq!(present(&browser, "/any-scope", &token).await.body, "in");
    assert_eq!(present(&browser, "/protected/plain", &token).await.body, "true");
    let list = Deviation::Claims(Alter::set("aud", json!(["https://b.example", API])));
    let token = op.wrong_access_token(API, "read:items", &[list]);
    assert_eq!(present(&browser, "/items", &token).await.status, Status::Ok);
}

/// W4: a request without a token is told how to present one, and nothing else.
#[rocket::async_test]
async fn a_request_without_a_token_is_told_how() {
    let (op, browser) = open().await;
    let token = op.access_token(API, "read:items");
    for (path, headers) in [
        ("/items", &[][..]),
        ("/items", &[("Authorization", "Basic YTpi")]),
        ("/items", &[("Accept", "text/html")]),
        ("/protected/plain", &[]),
    ] {
        let answer = get(&browser, path, headers).await;
        assert_eq!((answer.status, challenge(&answer)), (Status::Unauthorized, "Bearer"));
        assert_eq!(answer.body, r#"{"error":"Not authenticated"}"#);
    }
    let query = get(&browser, &format!("/items?access_token={token}"), &[]).await;
    assert_eq!(query.status, Status::Unauthorized);
}

/// H14: RFC 6750 section 3.1.
#[rocket::async_test]
async fn a_malformed_header_is_a_bad_request() {
    let (_op, browser) = open().await;
    for header in ["Bearer", "Bearer ", "Bearer %", "Bearer a b", "bearer a,b"] {
        for path in ["/items", "/page"] {
            let answer = get(&browser, path, &[("Authorization", header)]).await;
            assert_eq!(answer.status, Status::BadRequest, "{header}");
            assert_eq!(challenge(&answer), "Bearer error=\"invalid_request\"", "{header}");
        }
    }
    let request = browser.client().get("/items");
    let twice = [("Authorization", "Bearer a.b.c"), ("Authorization", "Bearer a.b.c")];
    let answer = browser.deliver(with(request, &twice)).await;
    assert_eq!(answer.status, Status::BadRequest);
}

/// W3, T1–T22: forged tokens, other parties' tokens, and tokens of other kinds.
#[rocket::async_test]
async fn a_token_that_proves_nothing_admits_nobody() {
    let (op, browser) = open().await;
    let claim = |key, value: Value| Deviation::Claims(Alter::set(key, value));
    let header = |key, value: Value| Deviation::Header(Alter::set(key, value));
    let now = rocket::time::OffsetDateTime::now_utc().unix_timestamp();
    let other = std::sync::Arc::new(Key::es384());
    for deviation in [
        claim("iss", json!("https://evil.example/oidc")),
        claim("aud", json!("https://other.example.com")),
        claim("aud", json!([])),
        claim("aud", json!({"https://api.example.com": true})),
        claim("aud", json!("https://api.example.com/")),
        claim("exp", json!(now - 61)),
        claim("exp", json!("never")),
        claim("iat", json!(now + 600)),
        claim("nbf", json!(now + 600)),
        claim("sub", json!("")),
        claim("sub", json!(["u-alice"])),
        Deviation::Claims(Alter::without("exp")),
        Deviation::Claims(Alter::without("sub")),
        Deviation::Claims(Alter::replace(json!("eyJhbGciOiJub25lIn0.e30."))),
        header("typ", json!("JWT")),
        header("typ", json!("logout+jwt")),
        header("typ", json!(null)),
        header("crit", json!(["exp"])),
        header("alg", json!("ES256")),
        header("alg", json!("none")),
        header("alg", json!("HS256")),
        header("kid", json!("unknown")),
        Deviation::Forged(Forgery::Flipped),
        Deviation::Forged(Forgery::Unsigned("none")),
        Deviation::Forged(Forgery::Unsigned("ES384")),
        Deviation::Forged(Forgery::HmacWithPem),
        Deviation::Forged(Forgery::HmacWithJwk),
        Deviation::Forged(Forgery::HmacWithSecret),
        Deviation::Forged(Forgery::By(other.clone())),
        Deviation::Forged(Forgery::InTheNameOf(other)),
        Deviation::Token(|token| format!("{token}.AAAA")),
        Deviation::Token(|token| format!("{token}=")),
        Deviation::Token(|token| token.replace('.', "..")),
        Deviation::Token(|_| "opaque-token-of-forty-three-characters-12345".to_owned()),
        Deviation::Token(|_| "A".repeat(1024 * 1024)),
    ] {
        let token = op.wrong_access_token(API, "read:items", std::slice::from_ref(&deviation));
        for path in ["/items", "/page", "/protected/plain"] {
            let answer = present(&browser, path, &token).await;
            assert_eq!(answer.status, Status::Unauthorized, "{deviation:?} {path}: {answer:?}");
            assert_eq!(challenge(&answer), "Bearer error=\"invalid_token\"", "{deviation:?}");
            assert!(!answer.body.contains(&token[..20]), "{answer:?}");
        }
    }
    assert!(op.count("jwks") <= 2, "keys are asked for once a minute: {}", op.count("jwks"));
    let logout = op.logout_token("u-alice", None);
    assert_eq!(present(&browser, "/items", &logout).await.status, Status::Unauthorized);
}

/// W6: the token's scopes decide, and the answer names the missing one.
#[rocket::async_test]
async fn a_token_that_permits_less_is_refused() {
    let (op, browser) = open().await;
    let read = op.access_token(API, "read:items");
    let answer = present(&browser, "/both", &read).await;
    assert_eq!(answer.status, Status::Forbidden, "{answer:?}");
    let said = "Bearer error=\"insufficient_scope\", scope=\"read:items write:items\"";
    assert_eq!(challenge(&answer), said);
    assert!(answer.body.contains("`write:items`"), "in the debug profile: {answer:?}");
    for scope in ["", "read:item", "read:items:all", "READ:ITEMS", "xread:items"] {
        let token = op.access_token(API, scope);
        assert_eq!(present(&browser, "/items", &token).await.status, Status::Forbidden, "{scope}");
    }
    let absent = Deviation::Claims(Alter::without("scope"));
    let list = Deviation::Claims(Alter::set("scope", json!(["read:items"])));
    for deviation in [absent, list] {
        let token = op.wrong_access_token(API, "", &[deviation]);
        assert_eq!(present(&browser, "/items", &token).await.status, Status::Forbidden);
    }
    let both = op.access_token(API, "write:items read:items");
    let answer = present(&browser, "/both", &both).await;
    assert_eq!(answer.status, Status::Forbidden, "of the handler: {answer:?}");
    assert_eq!(challenge(&answer), "Bearer error=\"insufficient_scope\"");
}

/// W7: a token without an organization has the permissions of all of them, mixed.
#[rocket::async_test]
async fn a_token_is_good_in_its_organization_only() {
    let (op, browser) = open().await;
    let acme = op.access_token("urn:logto:organization:acme", "");
    assert_eq!(present(&browser, "/orgs/acme", &acme).await.body, "acme acme");
    let plain = op.access_token(API, "read:items");
    let of = |id: &str| {
        let claim = Deviation::Claims(Alter::set("organization_id", id));
        op.wrong_access_token(API, "read:items", &[claim])
    };
    for (path, token, status) in [
        ("/orgs/acme", &acme, 200),
        ("/orgs/other", &acme, 403),
        ("/orgs/acme", &plain, 403),
        ("/orgs/acme/items", &of("acme"), 200),
        ("/orgs/acme/items", &of("other"), 403),
        ("/orgs/acme/items", &plain, 403),
        ("/orgs/acme/items", &acme, 401),
        ("/items", &of("acme"), 403),
        ("/any-organization", &of("acme"), 200),
        ("/any-organization", &plain, 200),
    ] {
        let answer = present(&browser, path, token).await;
        assert_eq!(answer.status.code, status, "{path}: {answer:?}");
    }
}

/// W8: who got the token, and whom it is about.
#[rocket::async_test]
async fn clients_machines_and_users_are_told_apart() {
    let (op, browser) = open().await;
    let token = |sub: &str, client: &str| {
        let claims = [("sub", sub), ("client_id", client)];
        let changed = claims.map(|(name, value)| Deviation::Claims(Alter::set(name, value)));
        op.wrong_access_token(API, "", &changed)
    };
    let (user, machine) = (token("u-alice", "hostile-app"), token("job", "job"));
    let third = token("u-alice", "third-party");
    let nobody = op.wrong_access_token(API, "", &[Deviation::Claims(Alter::without("client_id"))]);
    for (path, token, status) in [
        ("/clients", &user, 200),
        ("/clients", &machine, 200),
        ("/clients", &third, 403),
        ("/clients", &nobody, 403),
        ("/machines", &machine, 200),
        ("/machines", &user, 403),
        ("/machines", &nobody, 403),
        ("/users", &user, 200),
        ("/users", &third, 200),
        ("/users", &machine, 403),
    ] {
        let answer = present(&browser, path, token).await;
        assert_eq!(answer.status.code, status, "{path}: {answer:?}");
    }
    let act = Deviation::Claims(Alter::set("act", json!({"sub": "job"})));
    let acted = op.wrong_access_token(API, "", &[act]);
    assert_eq!(present(&browser, "/users", &acted).await.body, "false");
}

/// W2: a script may set the claim `roles`; if the script fails, there is none.
#[rocket::async_test]
async fn custom_roles_that_are_absent_or_odd_mean_no() {
    let (op, browser) = open().await;
    for (roles, status) in [
        (json!(["editor", "admin"]), 200),
        (json!(["editor"]), 403),
        (json!("admin"), 403),
        (json!({"admin": true}), 403),
        (json!([["admin"]]), 403),
        (json!(null), 403),
    ] {
        let claim = Deviation::Claims(Alter::set("roles", roles.clone()));
        let token = op.wrong_access_token(API, "", &[claim]);
        assert_eq!(present(&browser, "/admins", &token).await.status.code, status, "{roles}");
    }
    let token = op.access_token(API, "admin");
    assert_eq!(present(&browser, "/admins", &token).await.status, Status::Forbidden);
}

/// W9: a request that a token admits has no session, whatever its cookies say.
#[rocket::async_test]
async fn a_request_has_one_identity() {
    let (op, browser) = open().await;
    browser.sign_in(&op, "/sign-in?return_to=/page").await;
    let page = get(&browser, "/page", &[]).await;
    assert_eq!(page.body, "u-alice true true", "{page:?}");
    assert_eq!(page.header("vary"), Some("Authorization"));
    let bob = Deviation::Claims(Alter::set("sub", "u-bob"));
    let token = op.wrong_access_token(API, "read:items", &[bob]);
    let answer = present(&browser, "/page", &token).await;
    assert_eq!(answer.body, "u-bob false false");
    assert_eq!(answer.cookies.len(), 0);
    // The session does not make up for a bad token.
    let answer = present(&browser, "/page", "a.b.c").await;
    assert_eq!(answer.status, Status::Unauthorized);
    // A password for a proxy is not ours.
    let basic = get(&browser, "/page", &[("Authorization", "Basic YTpi")]).await;
    assert_eq!(basic.body, "u-alice true true");
}

/// W9: each route that a request reaches checks its token again.
#[rocket::async_test]
async fn a_route_that_forwards_leads_to_another_with_the_same_token() {
    let (op, browser) = open().await;
    let token = op.access_token(API, "read:items");
    assert_eq!(present(&browser, "/forwards", &token).await.body, "forwarded u-alice");
}

/// W9: a stranger at a route for both is sent to sign in as usual, and a script is told how.
#[rocket::async_test]
async fn a_stranger_at_a_route_for_both_signs_in() {
    let (_op, browser) = open().await;
    assert_eq!(browser.visit("/page").await.status, Status::SeeOther);
    let answer = get(&browser, "/page", &[("Accept", "application/json")]).await;
    assert_eq!((answer.status, challenge(&answer)), (Status::Unauthorized, "Bearer"));
}

/// W10: keys rotate, and Logto is down.
#[rocket::async_test]
async fn known_tokens_still_work_while_logto_is_down_and_end_with_their_key() {
    let (op, browser) = open().await;
    let token = op.access_token(API, "read:items");
    assert_eq!(present(&browser, "/items", &token).await.status, Status::Ok);
    op.stop().await;
    assert_eq!(present(&browser, "/items", &token).await.status, Status::Ok);
    let another = op.access_token(API, "read:items");
    assert_eq!(present(&browser, "/items", &another).await.status, Status::Ok, "the key is known");
    op.resume();
    op.rotate();
    op.rotate();
    // A token of the new key brings the new keys, which no longer include the old token's.
    let new = op.access_token(API, "read:items");
    assert_eq!(present(&browser, "/items", &new).await.status, Status::Ok);
    assert_eq!(present(&browser, "/items", &token).await.status, Status::Unauthorized);
}

/// W10: a token that cannot be verified admits nobody, and nobody is told that it is bad.
#[rocket::async_test]
async fn without_keys_a_token_is_answered_with_503() {
    let (op, browser) = open().await;
    op.deviate(Deviation::Answer("jwks", Fault::Html(500)));
    let token = op.access_token(API, "read:items");
    let answer = present(&browser, "/items", &token).await;
    assert_eq!(answer.status, Status::ServiceUnavailable, "{answer:?}");
    assert_eq!((challenge(&answer), answer.header("retry-after")), ("", Some("5")));
    op.behave();
    sleep(Duration::from_millis(1_100)).await;
    assert_eq!(present(&browser, "/items", &token).await.status, Status::Ok);
}

#[catch(401)]
fn unauthorized() -> &'static str {
    "the application's own"
}

/// W4: through the application's catchers, and still with the header.
#[rocket::async_test]
async fn the_applications_catcher_answers() {
    let op = Hostile::start().await;
    let rocket = api(op.figment()).register("/", catchers![unauthorized]);
    let browser = Browser::open(rocket).await;
    for token in [None, Some("a.b.c")] {
        let answer = match token {
            Some(token) => present(&browser, "/items", token).await,
            None => get(&browser, "/items", &[]).await,
        };
        assert_eq!(answer.body, "the application's own");
        assert!(challenge(&answer).starts_with("Bearer"), "{answer:?}");
    }
}

/// W8: the test kit presents tokens of every kind, and no header can.
#[rocket::async_test]
async fn tests_present_tokens_without_logto() {
    use logto_rocket::testing::{TestRequest as _, TestToken};
    let op = Hostile::start().await;
    let browser = Browser::open(api(op.figment())).await;
    let resource = || TestToken::for_resource(API);
    for (path, token, status) in [
        ("/items", resource().scope("read:items"), 200),
        ("/items", resource(), 403),
        ("/items", TestToken::for_resource("https://other.example.com"), 401),
        ("/page", resource().scope("read:items"), 200),
        ("/orgs/acme", TestToken::for_organization("acme"), 200),
        ("/orgs/acme", TestToken::for_organization("other"), 403),
        ("/orgs/acme/items", resource().in_organization("acme"), 200),
        ("/machines", resource().machine("job"), 200),
        ("/machines", resource().subject("alice"), 403),
        ("/clients", resource().client("job"), 200),
        ("/clients", resource(), 403),
        ("/admins", resource().claim("roles", json!(["admin"])), 200),
    ] {
        let answer = browser.client().get(path).bearer(token).dispatch().await;
        assert_eq!(answer.status().code, status, "{path}");
    }
    assert_eq!((op.count("discovery"), op.count("jwks")), (0, 0));
}

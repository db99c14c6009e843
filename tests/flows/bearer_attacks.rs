//! A token beside a cookie; tokens, headers and paths that can be read in two ways.

use std::io::Cursor;

use logto_rocket::{
    AccessToken, ApiResource, AuthInfo, Error, Hooks, IdTokenClaims, Logto, LogtoClient, Policy,
    User, UserInfo, authenticated, protect,
};
use logto_tests::{Alter, Answer, Browser, Deviation, Hostile, as_navigation, with};
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Build, Rocket, catch, catchers, get, post, routes};
use serde_json::{Value, json};

use super::bearer::{API, challenge, present};

#[derive(ApiResource)]
#[resource("https://api.example.com")]
enum Items {
    #[scope("read:items")]
    Read,
}

/// A guard that always forwards.
struct Onward;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Onward {
    type Error = ();

    async fn from_request(_: &'r Request<'_>) -> Outcome<Self, ()> {
        Outcome::Forward(Status::NotFound)
    }
}

#[authenticated(session, bearer, fetch_user_info, redirect, scopes(Items::Read))]
#[get("/page")]
async fn page(
    auth: &AuthInfo,
    user: Option<&User>,
    claims: Option<&IdTokenClaims>,
    info: Option<&UserInfo>,
    token: Option<AccessToken<Items>>,
    logto: LogtoClient<'_>,
) -> String {
    let client = logto.user().await.unwrap().is_some();
    let seen = [user.is_some(), claims.is_some(), info.is_some(), token.is_some(), client];
    format!("{} {seen:?}", auth.sub)
}

#[authenticated(session, bearer, scopes(Items::Read))]
#[post("/forget")]
async fn forget(logto: LogtoClient<'_>) -> logto_rocket::Result<&'static str> {
    logto.clear_all_tokens().await?;
    Ok("done")
}

#[authenticated(bearer, scopes(Items::Read))]
#[get("/token-first", rank = 1)]
fn token_first(_auth: &AuthInfo, _onward: Onward) {}

#[authenticated]
#[get("/token-first", rank = 2)]
fn then_session(user: &User) -> String {
    user.subject().to_owned()
}

#[authenticated]
#[get("/session-first", rank = 1)]
fn session_first(_user: &User, _onward: Onward) {}

#[authenticated(bearer, scopes(Items::Read))]
#[get("/session-first", rank = 2)]
fn then_token(auth: &AuthInfo, user: Option<&User>) -> String {
    format!("{} {}", auth.sub, user.is_some())
}

#[authenticated(bearer, organization = "<org>")]
#[get("/orgs/<org>")]
fn organization(org: &str, auth: &AuthInfo) -> String {
    format!("{org} {}", auth.organization_id.as_deref().unwrap_or_default())
}

#[authenticated(bearer, scopes(Items::Read))]
#[get("/items")]
fn items() -> &'static str {
    "in"
}

#[authenticated(bearer, resource = "https://api.example.com", any_client, any_organization)]
#[get("/any-organization")]
fn any_organization(auth: &AuthInfo) -> String {
    format!("{:?} {:?}", auth.organization_id, auth.claims.expires_at())
}

#[authenticated(bearer, resource = "https://api.example.com", any_client, user_only)]
#[get("/users")]
fn users() -> &'static str {
    "in"
}

#[authenticated(roles("admin"))]
#[get("/admins")]
fn admins() -> &'static str {
    "in"
}

#[get("/nested")]
fn nested(auth: Option<&AuthInfo>, user: Option<&User>) -> String {
    format!("{} {}", auth.is_some(), user.is_some())
}

#[catch(default)]
async fn who(status: Status, request: &Request<'_>) -> (Status, String) {
    let user = request.guard::<&User>().await.is_success();
    let client = request.guard::<LogtoClient<'_>>().await.succeeded().unwrap();
    (status, format!("{user} {}", client.is_authenticated().await.unwrap()))
}

fn app(op: &Hostile) -> Rocket<Build> {
    mounted(bare(op).attach(Logto::fairing()))
}

fn bare(op: &Hostile) -> Rocket<Build> {
    let figment = op.figment().merge(("logto.resources", [API]));
    rocket::custom(figment.merge(("logto.scopes", ["read:items", "roles"])))
}

fn mounted(rocket: Rocket<Build>) -> Rocket<Build> {
    let read = Policy::new().resource(API).bearer().scopes(&["read:items"]);
    rocket
        .mount("/", routes![page, forget, token_first, then_session, session_first, then_token])
        .mount("/", routes![organization, items, any_organization, users, admins])
        .mount("/session-within", protect(protect(routes![nested], Policy::new()), read))
        .mount("/token-within", protect(protect(routes![nested], read), Policy::new()))
}

/// The application, and the browser of Alice, who is signed in.
async fn alice() -> (Hostile, Browser) {
    let op = Hostile::start().await;
    let browser = Browser::open(app(&op)).await;
    browser.sign_in(&op, "/sign-in?return_to=/page").await;
    (op, browser)
}

fn of_bob(op: &Hostile) -> String {
    with_claim(op, "sub", json!("u-bob"))
}

fn with_claim(op: &Hostile, name: &'static str, value: Value) -> String {
    op.wrong_access_token(API, "read:items", &[Deviation::Claims(Alter::set(name, value))])
}

async fn get(browser: &Browser, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    browser.send(with(browser.client().get(path.to_owned()), headers)).await
}

/// W9: beside a token, no guard and no `LogtoClient` sees who is signed in.
#[rocket::async_test]
async fn beside_a_token_nothing_sees_the_session() {
    let (op, browser) = alice().await;
    let answer = get(&browser, "/page", &[]).await;
    assert_eq!(answer.body, "u-alice [true, true, true, true, true]", "{answer:?}");
    let answer = present(&browser, "/page", &of_bob(&op)).await;
    assert_eq!(answer.body, "u-bob [false, false, false, false, false]", "{answer:?}");
    assert_eq!(answer.cookies.len(), 0);
}

/// W9: nor does a catcher, whatever is wrong with the token or its header.
#[rocket::async_test]
async fn a_catcher_of_a_refused_token_sees_no_session() {
    let op = Hostile::start().await;
    let browser = Browser::open(app(&op).register("/", catchers![who])).await;
    browser.sign_in(&op, "/sign-in?return_to=/page").await;
    assert_eq!(get(&browser, "/nowhere", &[]).await.body, "true true");
    let weak = op.access_token(API, "");
    for header in ["Bearer a.b.c", "Bearer", "Bearer a b", &format!("Bearer {weak}")] {
        let answer = get(&browser, "/page", &[("Authorization", header)]).await;
        assert!(matches!(answer.status.code, 400 | 401 | 403), "{header}: {answer:?}");
        assert_eq!((&*answer.body, answer.cookies.len()), ("false false", 0), "{header}");
    }
    assert!(get(&browser, "/page", &[]).await.body.starts_with("u-alice"));
}

/// What `on_error` is told, and which user it sees.
struct Told;

#[rocket::async_trait]
impl Hooks for Told {
    async fn on_error<'r>(
        &self,
        request: &'r Request<'_>,
        error: &Error,
    ) -> Option<rocket::Response<'r>> {
        let user = request.guard::<&User>().await.is_success();
        let text = format!("{:?} {user}", error.kind());
        Some(rocket::Response::build().sized_body(text.len(), Cursor::new(text)).finalize())
    }
}

/// W4, W9, W13: the application may render every refusal except a stranger's; the status and the
/// challenge stay.
#[rocket::async_test]
async fn the_application_renders_refusals() {
    let op = Hostile::start().await;
    let rocket = bare(&op).attach(Logto::fairing().hooks(Told));
    let browser = Browser::open(mounted(rocket)).await;
    browser.sign_in(&op, "/sign-in?return_to=/page").await;
    let weak = format!("Bearer {}", op.access_token(API, ""));
    for (path, header, status, said, challenge_has) in [
        ("/page", "Bearer", 400, "InvalidRequest false", "invalid_request"),
        ("/page", "Bearer a.b.c", 401, "InvalidAccessToken false", "invalid_token"),
        ("/page", &*weak, 403, "NotAllowed false", "scope=\"read:items\""),
        ("/admins", "Basic YTpi", 403, "NotAllowed true", ""),
    ] {
        let answer = get(&browser, path, &[("Authorization", header)]).await;
        assert_eq!((answer.status.code, &*answer.body), (status, said), "{answer:?}");
        assert!(challenge(&answer).contains(challenge_has), "{answer:?}");
    }
}

/// W9, H14: headers that a proxy folds into one, or with what some take for a space, present an
/// unreadable token; the session does not step in.
#[rocket::async_test]
async fn no_odd_header_lets_the_session_decide() {
    let (op, browser) = alice().await;
    let token = of_bob(&op);
    for header in [
        format!("Basic YTpi, Bearer {token}"),
        format!("Bearer {token}, Basic YTpi"),
        format!("Bearer\t{token}"),
        format!("Bearer\u{a0}{token}"),
        format!("Bearer,{token}"),
        format!("Bearer:{token}"),
        format!("Bearer=\"{token}\""),
        format!("Bearer Bearer {token}"),
        format!("bearer {token}\0"),
    ] {
        let answer = get(&browser, "/page", &[("Authorization", &header)]).await;
        assert_eq!(answer.status, Status::BadRequest, "{header:.40}: {answer:?}");
        assert_eq!(challenge(&answer), "Bearer error=\"invalid_request\"");
    }
}

/// W9: a route that forwards tells the next one nothing about who sent the request.
#[rocket::async_test]
async fn a_forward_between_token_and_session_keeps_them_apart() {
    let (op, browser) = alice().await;
    let answer = present(&browser, "/token-first", &of_bob(&op)).await;
    assert_eq!(answer.status, Status::Unauthorized, "{answer:?}");
    let answer = present(&browser, "/session-first", &of_bob(&op)).await;
    assert_eq!(answer.body, "u-bob false", "{answer:?}");
    let answer = get(&browser, "/session-first", &[]).await;
    assert_eq!((answer.status, challenge(&answer)), (Status::Unauthorized, "Bearer"));
}

/// W9: both policies are asked, and the handler still sees one identity.
#[rocket::async_test]
async fn a_route_that_is_protected_twice_sees_one_identity() {
    let (op, browser) = alice().await;
    for path in ["/token-within/nested", "/session-within/nested"] {
        let answer = get(&browser, path, &[]).await;
        assert_eq!(answer.status, Status::Unauthorized, "{path} {answer:?}");
    }
    let answer = present(&browser, "/token-within/nested", &of_bob(&op)).await;
    assert_eq!(answer.body, "true false", "{answer:?}");
    let answer = present(&browser, "/session-within/nested", &of_bob(&op)).await;
    assert_eq!(answer.status, Status::Unauthorized, "beside a token there is none: {answer:?}");
}

/// W9: a request that a token admitted does not end the browser's session, not even in part.
#[rocket::async_test]
async fn a_token_ends_no_session() {
    let (op, browser) = alice().await;
    let bearer = format!("Bearer {}", of_bob(&op));
    let request = || browser.client().post("/forget");
    let answer = browser.send(with(request(), &[("Authorization", &bearer)])).await;
    assert_eq!(answer.body, "done", "{answer:?}");
    assert!(get(&browser, "/page", &[]).await.body.starts_with("u-alice"));
    assert_eq!(browser.send(request()).await.body, "done");
    assert!(browser.session_cookies().is_empty(), "without a token it ends");
}

/// W4, S15: an answer to a request without a token is not for one with a token.
#[rocket::async_test]
async fn every_answer_of_a_route_for_tokens_varies_by_the_token() {
    let (op, browser) = alice().await;
    let token = format!("Bearer {}", of_bob(&op));
    for path in ["/items", "/page", "/users"] {
        for header in ["Basic YTpi", "Bearer", "Bearer a.b.c", &token] {
            let answer = get(&browser, path, &[("Authorization", header)]).await;
            let varies = answer.header("vary").unwrap_or_default();
            assert!(varies.contains("Authorization"), "{path} {header:.20} {answer:?}");
        }
    }
}

/// W4: like GET, without a body; no other method is admitted.
#[rocket::async_test]
async fn head_asks_for_the_token_too() {
    let (op, browser) = alice().await;
    let answer = browser.deliver(browser.client().head("/items")).await;
    assert_eq!((answer.status, challenge(&answer)), (Status::Unauthorized, "Bearer"));
    let bearer = format!("Bearer {}", of_bob(&op));
    let request = with(browser.client().head("/items"), &[("Authorization", &bearer)]);
    let answer = browser.deliver(request).await;
    assert_eq!((answer.status, &*answer.body), (Status::Ok, ""));
    let answer = browser.deliver(as_navigation(browser.client().options("/items"))).await;
    assert_eq!(answer.status, Status::NotFound);
}

/// W7: however the organization is written, the check and the handler read the same one.
#[rocket::async_test]
async fn the_organization_that_is_checked_is_the_one_that_the_handler_gets() {
    let (op, browser) = alice().await;
    let acme = op.access_token("urn:logto:organization:acme", "");
    for (path, status) in [
        ("/orgs/acme", 200),
        ("/orgs/acme/", 200),
        ("/orgs//acme", 200),
        ("/orgs/%61cme", 200),
        ("/orgs/ACME", 403),
        ("/orgs/acme%2F", 403),
        ("/orgs/acme%20", 403),
        ("/orgs/acme%00", 403),
        ("/orgs/%2561cme", 403),
        ("/orgs/acme,other", 403),
        ("/orgs/%C3%A4", 403),
        ("/orgs/%FF", 403),
    ] {
        let answer = present(&browser, path, &acme).await;
        assert_eq!(answer.status.code, status, "{path}: {answer:?}");
        if status == 200 {
            assert_eq!(answer.body, "acme acme", "{path}");
        }
    }
}

/// W7: a token for several audiences names its organization, or belongs to none.
#[rocket::async_test]
async fn a_token_for_several_audiences_belongs_to_one_organization_at_most() {
    let (op, browser) = alice().await;
    let urn = |id: &str| format!("urn:logto:organization:{id}");
    let acme = with_claim(&op, "aud", json!([API, urn("acme")]));
    let both = with_claim(&op, "aud", json!([urn("acme"), urn("other")]));
    for (path, token, status) in [
        ("/items", &acme, 403),
        ("/any-organization", &acme, 200),
        ("/orgs/acme", &acme, 200),
        ("/orgs/other", &acme, 403),
        ("/orgs/acme", &both, 200),
        ("/orgs/other", &both, 403),
        ("/items", &both, 401),
    ] {
        let answer = present(&browser, path, token).await;
        assert_eq!(answer.status.code, status, "{path}: {answer:?}");
    }
}

/// W2, W7: a token whose organization is unreadable is not a token without one.
#[rocket::async_test]
async fn an_odd_organization_is_not_an_absent_one() {
    let (op, browser) = alice().await;
    for odd in [json!(["acme"]), json!(7), json!({"id": "acme"}), json!(true)] {
        let token = with_claim(&op, "organization_id", odd.clone());
        for path in ["/items", "/any-organization"] {
            let answer = present(&browser, path, &token).await;
            assert_eq!(answer.status, Status::Unauthorized, "{odd} {path}: {answer:?}");
        }
    }
    let empty = with_claim(&op, "organization_id", json!(""));
    assert_eq!(present(&browser, "/items", &empty).await.status, Status::Forbidden);
    let null = with_claim(&op, "organization_id", json!(null));
    assert_eq!(present(&browser, "/items", &null).await.status, Status::Ok);
}

/// W2, W8: a token that does not say who got it may be a machine's.
#[rocket::async_test]
async fn a_token_of_an_unknown_client_is_not_a_users() {
    let (op, browser) = alice().await;
    let without = [Deviation::Claims(Alter::without("client_id"))];
    let nobody = op.wrong_access_token(API, "", &without);
    let answer = present(&browser, "/users", &nobody).await;
    assert_eq!(answer.status, Status::Forbidden, "{answer:?}");
    for odd in [json!(null), json!(["u-alice"]), json!("")] {
        let token = with_claim(&op, "client_id", odd.clone());
        let answer = present(&browser, "/users", &token).await;
        assert_eq!(answer.status, Status::Forbidden, "{odd}: {answer:?}");
    }
}

/// W3: a time far ahead is a time, and what is not a time is refused.
#[rocket::async_test]
async fn an_end_far_ahead_is_an_end() {
    let (op, browser) = alice().await;
    for (exp, status) in [
        (json!(4_102_444_800_u64), 200),
        (json!(i64::MAX), 200),
        (json!(9e15), 200),
        (json!(u64::MAX), 401),
        (json!(1e300), 401),
        (json!(-1), 401),
        (json!(i64::MIN), 401),
    ] {
        let token = with_claim(&op, "exp", exp.clone());
        for _ in 0..2 {
            let answer = present(&browser, "/any-organization", &token).await;
            assert_eq!(answer.status.code, status, "{exp}: {answer:?}");
        }
    }
}

/// W6: what Unicode calls a space is part of a scope (RFC 6749 section 3.3).
#[rocket::async_test]
async fn only_a_plain_space_separates_scopes() {
    let (op, browser) = alice().await;
    for (scope, status) in [
        ("  other   read:items ", 200),
        ("read:items\u{a0}other", 403),
        ("other\u{2003}read:items", 403),
        ("other,read:items", 403),
        ("\"read:items\"", 403),
        ("read:items\0", 403),
    ] {
        let token = op.access_token(API, scope);
        let answer = present(&browser, "/items", &token).await;
        assert_eq!(answer.status.code, status, "{scope:?}: {answer:?}");
    }
}

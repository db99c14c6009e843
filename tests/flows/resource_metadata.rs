//! The metadata of API resources (RFC 9728), and what refusals say about them.

use logto_rocket::{ApiResource, AuthInfo, Logto, Policy, authenticated, protect, public};
use logto_tests::{Answer, Browser, Deviation, Fault, Hostile, with};
use rocket::figment::Figment;
use rocket::http::{Method, Status};
use rocket::{Build, Rocket, catch, catchers, get, routes};
use serde_json::{Value, json};

const ITEMS: &str = "https://api.example.com/items";
const ROOT: &str = "https://Files.example.com/";
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";
const OF_ITEMS: &str = "/.well-known/oauth-protected-resource/items";
const ITEMS_SAID: &str =
    "resource_metadata=\"https://api.example.com/.well-known/oauth-protected-resource/items\"";
const ROOT_SAID: &str =
    "resource_metadata=\"https://files.example.com/.well-known/oauth-protected-resource\"";

#[derive(ApiResource)]
#[resource("items")]
enum Items {
    #[scope("read:items")]
    Read,
    #[scope("write:items")]
    Write,
}

#[authenticated(bearer, scopes(Items::Read))]
#[get("/items")]
fn items(auth: &AuthInfo) -> logto_rocket::Result<&'static str> {
    auth.require_scopes(["delete:items"]).map(|()| "deleted")
}

#[authenticated(session, bearer, scopes(Items::Read, Items::Write), redirect)]
#[get("/page")]
fn page() -> &'static str {
    "in"
}

#[authenticated(
    bearer,
    resource = "https://api.example.com/items",
    any_scope("a:items", "b:items")
)]
#[get("/any")]
fn any() -> &'static str {
    "in"
}

#[authenticated(bearer, resource = "https://Files.example.com/", any_client)]
#[get("/files")]
fn files() -> &'static str {
    "in"
}

#[authenticated(bearer, resource = "https://other.example.com/items", scopes("read:other"))]
#[get("/other")]
fn other() -> &'static str {
    "in"
}

#[authenticated(bearer, organization = "<org>", scopes("read:members"))]
#[get("/orgs/<org>")]
fn organization(org: &str) -> &str {
    org
}

#[authenticated(resource = "items", scopes("read:items"))]
#[get("/session")]
fn session() -> &'static str {
    "in"
}

#[get("/plain")]
fn plain() -> &'static str {
    "in"
}

/// What an API configures: no address of its own, no application.
fn figment(op: &Hostile) -> Figment {
    Figment::from(rocket::Config::release_default())
        .select("release")
        .merge(("log_level", "off"))
        .merge(("logto.endpoint", op.endpoint()))
        .merge(("logto.resources.items", ITEMS))
        .merge(("logto.resources.files", ROOT))
        .merge(("logto.resource_metadata", true))
}

fn api(figment: Figment) -> Rocket<Build> {
    let policy = Policy::new().resource("items").bearer().scopes(&["delete:items"]);
    rocket::custom(figment)
        .attach(Logto::fairing())
        .mount("/", routes![items, any, files, other, organization])
        .mount("/protected", protect(routes![plain], policy))
}

/// The same where users sign in too.
fn site(op: &Hostile) -> Rocket<Build> {
    let figment = op.figment().merge(("logto.scopes", ["read:items", "write:items"]));
    let resources = figment.merge(("logto.resources.items", ITEMS));
    let figment = resources.merge(("logto.resource_metadata", true));
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![page, session])
}

async fn get(browser: &Browser, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    browser.send(with(browser.client().get(path.to_owned()), headers)).await
}

async fn present(browser: &Browser, path: &str, token: &str) -> Answer {
    get(browser, path, &[("Authorization", &format!("Bearer {token}"))]).await
}

fn challenge(answer: &Answer) -> &str {
    answer.header("www-authenticate").unwrap_or_default()
}

/// W17: even if Logto was never reached, and whatever a request says about the host.
#[rocket::async_test]
async fn each_resource_has_its_metadata_at_its_address() {
    let op = Hostile::start().await;
    let browser = Browser::open(api(figment(&op))).await;
    op.stop().await;
    let of = |resource: &str, scopes: Option<Value>| {
        let mut document = json!({
            "resource": resource,
            "authorization_servers": [op.issuer()],
            "bearer_methods_supported": ["header"],
        });
        if let Some(scopes) = scopes {
            document["scopes_supported"] = scopes;
        }
        document
    };
    let scopes = json!(["a:items", "b:items", "delete:items", "read:items"]);
    let (items, files) = (of(ITEMS, Some(scopes)), of(ROOT, None));
    for (path, document) in [
        (OF_ITEMS, &items),
        ("/.well-known/oauth-protected-resource/items/", &items),
        ("/.well-known/oauth-protected-resource/%69tems?x=y", &items),
        (WELL_KNOWN, &files),
        ("/.well-known/oauth-protected-resource/", &files),
    ] {
        for host in ["api.example.com", "evil.example"] {
            let headers = [("Host", host), ("X-Forwarded-Host", host), ("Origin", "https://a.b")];
            let answer = get(&browser, path, &headers).await;
            assert_eq!((answer.status, &answer.json()), (Status::Ok, document), "{path}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
            assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
            assert_eq!((answer.header("vary"), answer.cookies.len()), (None, 0));
        }
    }
    assert_eq!(op.count("discovery") + op.count("jwks"), 0);
}

/// W17: as HTTP requires, and for browser clients that name their protocol version.
#[rocket::async_test]
async fn the_metadata_can_be_asked_for_by_head_and_from_other_origins() {
    let op = Hostile::start().await;
    let browser = Browser::open(api(figment(&op))).await;
    let answer = browser.send(browser.client().head(OF_ITEMS)).await;
    assert_eq!((answer.status, &*answer.body), (Status::Ok, ""));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let asks = [("Access-Control-Request-Headers", "mcp-protocol-version"), ("Origin", "null")];
    let preflight = with(browser.client().options(OF_ITEMS), &asks);
    let answer = browser.send(preflight).await;
    assert_eq!((answer.status, &*answer.body), (Status::NoContent, ""));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("*"));
    let without = Browser::open(api(figment(&op).merge(("logto.resource_metadata", false)))).await;
    for method in [Method::Get, Method::Head, Method::Options] {
        let request = without.client().req(method, OF_ITEMS);
        assert_eq!(without.send(request).await.status, Status::NotFound, "{method}: not asked for");
    }
}

/// W17: one answer for all, whoever is signed in.
#[rocket::async_test]
async fn the_metadata_do_not_depend_on_who_asks() {
    let op = Hostile::start().await;
    let browser = Browser::open(site(&op)).await;
    let before = browser.visit(OF_ITEMS).await;
    browser.sign_in(&op, "/sign-in").await;
    let after = browser.visit(OF_ITEMS).await;
    assert_eq!((before.status, &before.headers), (Status::Ok, &after.headers));
    assert_eq!(before.body, after.body);
    // Scopes that are only fetched for sessions are not asked of presented tokens.
    assert_eq!(before.json()["scopes_supported"], json!(["read:items", "write:items"]));
}

/// W17: those of the route's own resource, and nothing a request says changes that.
#[rocket::async_test]
async fn refusals_say_where_the_metadata_of_their_resource_are() {
    let op = Hostile::start().await;
    let browser = Browser::open(api(figment(&op))).await;
    let read = op.access_token(ITEMS, "read:items");
    let files = op.access_token(ROOT, "");
    let with_error = |code: &str, said: &str| format!("Bearer error=\"{code}\"{said}");
    for (path, token, status, said) in [
        ("/items", None, 401, format!("Bearer {ITEMS_SAID}")),
        ("/items", Some("a b"), 400, with_error("invalid_request", &format!(", {ITEMS_SAID}"))),
        ("/items", Some("a.b.c"), 401, with_error("invalid_token", &format!(", {ITEMS_SAID}"))),
        ("/items", Some(&*files), 401, with_error("invalid_token", &format!(", {ITEMS_SAID}"))),
        // The handler's own condition.
        ("/items", Some(&*read), 403, with_error("insufficient_scope", &format!(", {ITEMS_SAID}"))),
        (
            "/any",
            Some(&*read),
            403,
            with_error("insufficient_scope", &format!(", scope=\"a:items b:items\", {ITEMS_SAID}")),
        ),
        ("/protected/plain", None, 401, format!("Bearer {ITEMS_SAID}")),
        ("/files", None, 401, format!("Bearer {ROOT_SAID}")),
        ("/files", Some(&*read), 401, with_error("invalid_token", &format!(", {ROOT_SAID}"))),
        ("/files", Some(&*files), 200, String::new()),
        // These have no metadata published here.
        ("/other", None, 401, "Bearer".into()),
        ("/orgs/acme", None, 401, "Bearer".into()),
        ("/orgs/acme", Some(&*read), 403, with_error("insufficient_scope", "")),
    ] {
        for host in ["api.example.com", "evil.example"] {
            let mut headers = vec![("Host", host), ("X-Forwarded-Host", host)];
            let value = token.map(|token| format!("Bearer {token}"));
            headers.extend(value.as_deref().map(|value| ("Authorization", value)));
            let answer = get(&browser, path, &headers).await;
            assert_eq!((answer.status.code, challenge(&answer)), (status, &*said), "{path}");
        }
    }
    op.deviate(Deviation::Answer("jwks", Fault::Html(500)));
    op.rotate();
    let unknown = op.access_token(ITEMS, "read:items");
    let fresh = Browser::open(api(figment(&op))).await;
    let answer = present(&fresh, "/items", &unknown).await;
    assert_eq!((answer.status, challenge(&answer)), (Status::ServiceUnavailable, ""));
}

/// W17: a route for both tells a script, and the application's catcher loses nothing.
#[rocket::async_test]
async fn a_route_that_also_takes_sessions_says_where_the_metadata_are() {
    #[catch(401)]
    fn unauthorized() -> &'static str {
        "ours"
    }

    let op = Hostile::start().await;
    let browser = Browser::open(site(&op).register("/", catchers![unauthorized])).await;
    assert_eq!(browser.visit("/page").await.status, Status::SeeOther);
    let answer = get(&browser, "/page", &[("Accept", "application/json")]).await;
    assert_eq!((answer.status, &*answer.body), (Status::Unauthorized, "ours"));
    assert_eq!(challenge(&answer), format!("Bearer {ITEMS_SAID}"));
    let answer = get(&browser, "/session", &[]).await;
    assert_eq!((answer.status, challenge(&answer)), (Status::Unauthorized, ""), "takes no token");
}

/// W17: when routes forward, the refusal is that of the route that refuses.
#[rocket::async_test]
async fn a_forward_carries_no_metadata_of_another_resource() {
    /// A guard that always forwards.
    struct Never;

    #[rocket::async_trait]
    impl<'r> rocket::request::FromRequest<'r> for Never {
        type Error = ();

        async fn from_request(_: &'r rocket::Request<'_>) -> rocket::request::Outcome<Self, ()> {
            rocket::request::Outcome::Forward(Status::NotFound)
        }
    }

    #[authenticated(bearer, scopes(Items::Read))]
    #[get("/to-files", rank = 1)]
    fn first(_never: Never) {}

    #[authenticated(bearer, resource = "files", any_client)]
    #[get("/to-files", rank = 2)]
    fn second() {}

    #[authenticated(bearer, scopes(Items::Read))]
    #[get("/to-org/<_org>", rank = 1)]
    fn third(_org: &str, _never: Never) {}

    #[authenticated(bearer, organization = "<org>")]
    #[get("/to-org/<org>", rank = 2)]
    fn fourth(org: &str) -> &str {
        org
    }

    let op = Hostile::start().await;
    let routes = routes![first, second, third, fourth];
    let browser = Browser::open(api(figment(&op)).mount("/", routes)).await;
    let token = op.access_token(ITEMS, "read:items");
    let answer = present(&browser, "/to-files", &token).await;
    assert_eq!(challenge(&answer), format!("Bearer error=\"invalid_token\", {ROOT_SAID}"));
    let answer = present(&browser, "/to-org/acme", &token).await;
    assert_eq!(challenge(&answer), "Bearer error=\"insufficient_scope\"");
}

/// W17, H22: ours are public, and only their addresses are taken from the application.
#[rocket::async_test]
async fn other_addresses_there_are_the_applications() {
    #[get("/.well-known/<path..>")]
    fn well_known(path: std::path::PathBuf) -> String {
        path.into_os_string().into_string().unwrap_or_default()
    }

    let op = Hostile::start().await;
    let closed = || {
        let fairing = Logto::fairing().deny_unprotected("/");
        rocket::custom(figment(&op)).attach(fairing).mount("/", routes![items])
    };
    let not_ours = closed().mount("/", routes![well_known]).ignite().await;
    assert!(not_ours.map_err(|error| error.kind().to_string()).is_err());
    assert!(closed().ignite().await.is_ok(), "the documents are public");
    let browser = Browser::open(closed().mount("/", public(routes![well_known]))).await;
    for path in ["/security.txt", "/oauth-protected-resource/files", "/oauth-protected-resources"] {
        let answer = browser.visit(&format!("/.well-known{path}")).await;
        assert_eq!(answer.body, path.trim_start_matches('/'));
    }
    assert_eq!(browser.visit(OF_ITEMS).await.json()["resource"], ITEMS);
}

/// W17: the documents are at the root of the indicator's origin, wherever sign-in is.
#[rocket::async_test]
async fn the_base_of_other_routes_does_not_move_them() {
    let op = Hostile::start().await;
    let rocket = site(&op);
    let moved = rocket.figment().clone().merge(("logto.routes.base", "/auth"));
    let browser = Browser::open(rocket.configure(moved)).await;
    assert_eq!(browser.visit(OF_ITEMS).await.status, Status::Ok);
    assert_eq!(browser.visit(&format!("/auth{OF_ITEMS}")).await.status, Status::NotFound);
}

/// W18: nothing launches if the fairing does not know what to answer.
#[rocket::async_test]
async fn metadata_without_an_address_of_their_own_end_the_launch() {
    let op = Hostile::start().await;
    for (indicator, launches) in [
        ("https://api.example.com/more", true),
        ("urn:items", false),
        ("https://other.example.com/items", false),
        ("https://api.example.com/items/", false),
        ("https://files.example.com", false),
    ] {
        let figment = figment(&op).merge(("logto.resources.more", indicator));
        let launched = api(figment.clone()).ignite().await.map_err(|e| e.kind().to_string());
        assert_eq!(launched.is_ok(), launches, "{indicator}");
        let launched = api(figment.merge(("logto.resource_metadata", false))).ignite().await;
        assert!(launched.is_ok(), "{indicator}: not asked for");
    }
}

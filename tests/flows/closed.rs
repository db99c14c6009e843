//! A part of the site where every route is protected or public.

use std::panic::{AssertUnwindSafe, catch_unwind};

use logto_rocket::{Config, Logto, LogtoFairing, Policy, User, authenticated, protect, public};
use rocket::error::ErrorKind;
use rocket::fairing::{AdHoc, Fairing, Info, Kind};
use rocket::fs::FileServer;
use rocket::http::{ContentType, Method, Status};
use rocket::local::asynchronous::Client;
use rocket::route::dummy_handler;
use rocket::{Build, Rocket, Route, catch, catchers, get, options, post, routes, uri};

fn config() -> Config {
    let mut config = Config::new("https://foo.logto.app", "app");
    config.base_url = Some("https://app.example.com".into());
    config.cookie_secret = ["a secret of at least 32 random bytes"].into();
    config
}

fn logto() -> LogtoFairing {
    Logto::fairing().config(config())
}

fn bare() -> Rocket<Build> {
    rocket::custom(rocket::Config::figment().merge(("log_level", "off")))
}

/// An application whose `/api` is closed.
fn closed() -> Rocket<Build> {
    bare().attach(logto().deny_unprotected("/api"))
}

async fn launches(rocket: Rocket<Build>) -> bool {
    match rocket.ignite().await {
        Ok(_) => true,
        Err(error) => {
            let ErrorKind::SentinelAborts(sentries) = error.kind() else { panic!("{error}") };
            let [sentry] = &sentries[..] else { panic!("one reason: {sentries:?}") };
            assert!(sentry.type_name.ends_with("::DenyUnprotected"), "{sentry:?}");
            false
        }
    }
}

/// H22: a second fairing would silently take the place of the first, with what it was given.
#[rocket::async_test]
async fn a_second_fairing_ends_the_launch() {
    for (first, second) in [(logto().deny_unprotected("/"), logto()), (logto(), logto())] {
        let error = bare().attach(first).attach(second).ignite().await.expect_err("a refusal");
        assert!(matches!(error.kind(), ErrorKind::FailedFairings(_)), "{error}");
    }
}

#[authenticated]
#[get("/page")]
fn page() -> &'static str {
    "for users"
}

mod other {
    #[rocket::get("/page")]
    pub(super) fn page() -> &'static str {
        "for nobody"
    }
}

#[public]
#[get("/health")]
fn health() -> &'static str {
    "up"
}

/// Partly open, with everything that a route can have.
#[public]
#[post("/greet/<name>?<times>", data = "<body>", rank = 3, format = "text/plain")]
async fn greet(mut name: &str, times: usize, body: &str, user: Option<&User>) -> String {
    name = name.trim();
    format!("{} {body} {}", name.repeat(times), user.is_some())
}

#[options("/<_..>")]
fn preflight() {}

#[get("/<a>/x")]
fn dynamic(a: &str) -> &str {
    a
}

#[get("/<_..>", rank = 20)]
fn catch_all() {}

#[catch(404)]
fn not_found() -> &'static str {
    "our 404"
}

/// H22: routes elsewhere do not matter.
#[rocket::async_test]
async fn a_route_that_can_answer_below_a_closed_path_is_protected_or_public() {
    let guard_alone = Route::new(Method::Put, "/guard", dummy_handler);
    for (base, routes) in [
        ("/api", routes![other::page]),
        ("/api/v1", routes![other::page]),
        ("/", routes![dynamic]),
        ("/", routes![catch_all]),
        ("/", routes![preflight]),
        ("/api", vec![guard_alone]),
        ("/api", FileServer::from("/").into()),
        ("/", FileServer::from("/").into()),
    ] {
        assert!(!launches(closed().mount(base, routes.clone())).await, "{base} {routes:?}");
        assert!(launches(closed().mount(base, public(routes.clone()))).await, "{base} {routes:?}");
        let protected = protect(routes.clone(), Policy::new());
        assert!(launches(closed().mount(base, protected)).await, "{base} {routes:?}");
        assert!(launches(bare().attach(logto()).mount(base, routes)).await, "nothing is closed");
    }
    let beside = closed()
        .mount("/apis", routes![other::page])
        .mount("/", routes![other::page])
        .mount("/web", routes![catch_all, dynamic]);
    assert!(launches(beside).await);
    let marked = closed().mount("/api", routes![page, health, greet]);
    assert!(launches(marked.register("/api", catchers![not_found])).await);
}

/// H22: neither a name nor another route of the same handler marks a route.
#[rocket::async_test]
async fn the_mark_of_a_route_is_not_that_of_its_namesake() {
    let both = || closed().mount("/api", routes![page]);
    assert!(launches(both()).await);
    assert!(!launches(both().mount("/api/open", routes![other::page])).await);

    let open = routes![other::page];
    let rocket = closed().mount("/api/users", protect(open.clone(), Policy::new()));
    assert!(launches(closed().mount("/api/users", protect(open.clone(), Policy::new()))).await);
    assert!(!launches(rocket.mount("/api/open", open)).await);
}

/// H22: where nothing is protected, every route but the fairing's own is listed.
#[rocket::async_test]
async fn a_whole_site_can_be_closed_and_the_fairings_own_routes_stay() {
    let site = || bare().attach(logto().deny_unprotected("/"));
    assert!(launches(site()).await);
    assert!(!launches(site().mount("/", routes![other::page])).await);
    assert!(launches(site().mount("/", public(routes![other::page]))).await);

    let mut config = config();
    config.routes.base = "/api".parse().expect("a base");
    let inside = Logto::fairing().config(config).deny_unprotected("/api");
    assert!(launches(bare().attach(inside)).await, "sign-in may be below it");
}

/// H22: each prefix counts.
#[rocket::async_test]
async fn several_paths_can_be_closed() {
    let two = || bare().attach(logto().deny_unprotected("/admin/").deny_unprotected("/api/v1"));
    assert!(launches(two().mount("/api", routes![other::page])).await);
    for base in ["/admin", "/admin/more", "/api/v1", "/api/v1/items"] {
        assert!(!launches(two().mount(base, routes![other::page])).await, "{base}");
    }
}

/// A stage that attaches the next one when it ignites; the last one attaches a route.
struct Stage(u8);

#[rocket::async_trait]
impl Fairing for Stage {
    fn info(&self) -> Info {
        Info { name: "a stage", kind: Kind::Ignite }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> rocket::fairing::Result {
        Ok(match self.0 {
            0 => rocket.mount("/api", routes![other::page]),
            left => rocket.attach(Self(left - 1)),
        })
    }
}

/// H22: whoever mounts a route, and whenever.
#[rocket::async_test]
async fn routes_that_others_mount_while_they_ignite_count() {
    let early =
        AdHoc::on_ignite("early", |rocket| async { rocket.mount("/api", routes![other::page]) });
    let early = bare().attach(early).attach(logto().deny_unprotected("/api"));
    assert!(!launches(early).await);
    for depth in [0, 1, 20] {
        assert!(!launches(closed().attach(Stage(depth))).await, "{depth} stages later");
    }
}

/// H22: a prefix that closes nothing is not accepted as one that does.
#[rocket::async_test]
async fn a_prefix_that_is_not_a_path_ends_the_launch() {
    for prefix in ["", "api", "/api?x", "/<id>", "//api", "/a%2Fb"] {
        let rocket = bare().attach(logto().deny_unprotected("/api").deny_unprotected(prefix));
        let error = rocket.ignite().await.expect_err(prefix);
        assert!(matches!(error.kind(), ErrorKind::FailedFairings(_)), "{prefix}: {error}");
    }
}

/// H22: one of the two must be a mistake.
#[test]
fn a_route_cannot_be_made_both_protected_and_public() {
    let panics = |routes: &dyn Fn() -> Vec<Route>| catch_unwind(AssertUnwindSafe(routes)).is_err();
    assert!(panics(&|| public(routes![health, page])));
    assert!(panics(&|| public(protect(routes![other::page], Policy::new()))));
    assert!(panics(&|| protect(routes![health], Policy::new())));
    assert!(panics(&|| protect(public(routes![other::page]), Policy::new())));
    assert!(!panics(&|| public(public(routes![health, other::page]))), "said twice is said");
}

/// H22: what is public answers as it would without the attribute; what is protected does
/// not.
#[rocket::async_test]
async fn a_public_route_is_left_as_written() {
    assert_eq!(greet("a", 2, "b", None).await, "aa b false", "a function like any other");
    assert_eq!(uri!("/api", greet(" a", 2)), "/api/greet/%20a?times=2");
    let [route] = &routes![greet][..] else { panic!("one route") };
    assert_eq!((route.name.as_deref(), route.rank), (Some("greet"), 3));
    assert_eq!(route.format.as_ref().map(ToString::to_string).as_deref(), Some("text/plain"));

    let rocket = closed().mount("/api", routes![page, health, greet]);
    let client = Client::untracked(rocket).await.expect("a launch");
    let answer = client.get("/api/health").dispatch().await;
    assert_eq!((answer.status(), answer.headers().get_one("vary")), (Status::Ok, None));
    assert_eq!(answer.into_string().await.as_deref(), Some("up"));
    assert_eq!(client.head("/api/health").dispatch().await.status(), Status::Ok);
    let greeting = client.post("/api/greet/a?times=2").header(ContentType::Plain).body("b");
    assert_eq!(greeting.dispatch().await.into_string().await.as_deref(), Some("aa b false"));
    assert_eq!(client.get("/api/page").dispatch().await.status(), Status::Unauthorized);
    // The route that carries the audit does not answer.
    assert_eq!(client.req(Method::Connect, "/").dispatch().await.status(), Status::NotFound);
}

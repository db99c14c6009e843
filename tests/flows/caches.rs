//! What caches may keep, whatever the application and its fairings say.

use logto_rocket::{Logto, User, UserInfo, authenticated};
use logto_tests::{Alter, Answer, Browser, Deviation, Hostile};
use rocket::fairing::{self, Fairing, Info, Kind};
use rocket::figment::Figment;
use rocket::http::{Header, Status};
use rocket::{Build, Request, Response, Rocket, catch, catchers, get, routes};

/// What some caches obey instead of `Cache-Control`.
const TARGETED: [&str; 7] = [
    "CDN-Cache-Control",
    "cloudflare-cdn-cache-control",
    "X-LiteSpeed-Cache-Control",
    "Surrogate-Control",
    "surrogate-control",
    "Edge-Control",
    "X-Accel-Expires",
];

const PUBLIC: &str = "public, max-age=600";

/// Makes every answer public and removes its cookies. Attached with a `depth`, it
/// does so only after that many ignitions, each of which attaches the next.
struct Publisher {
    depth: u8,
}

#[rocket::async_trait]
impl Fairing for Publisher {
    fn info(&self) -> Info {
        let kind = if self.depth == 0 { Kind::Response } else { Kind::Ignite };
        Info { name: "Publisher", kind }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        Ok(rocket.attach(Self { depth: self.depth - 1 }))
    }

    async fn on_response<'r>(&self, _: &'r Request<'_>, response: &mut Response<'r>) {
        response.remove_header("Set-Cookie");
        response.set_header(Header::new("Cache-Control", PUBLIC));
        for name in TARGETED {
            response.adjoin_header(Header::new(name, "max-age=600"));
        }
    }
}

#[get("/user")]
fn user(user: Option<&User>) -> &'static str {
    if user.is_some() { "user" } else { "stranger" }
}

#[authenticated]
#[get("/me")]
fn me(user: &User) -> String {
    user.subject().to_owned()
}

#[get("/fails")]
fn fails(user: Option<&User>) -> Status {
    if user.is_some() { Status::ImATeapot } else { Status::InternalServerError }
}

#[authenticated(fetch_user_info)]
#[get("/info")]
fn info(info: &UserInfo) -> Result<String, Status> {
    Err(Status::new(if info.subject() == "u-alice" { 418 } else { 500 }))
}

#[get("/plain")]
fn plain() -> &'static str {
    "for everybody"
}

#[catch(404)]
async fn not_found(request: &Request<'_>) -> String {
    let user = request.guard::<&User>().await.succeeded();
    user.map_or("stranger".to_owned(), |user| user.subject().to_owned())
}

/// An application with this fairing before ours or after it.
fn with_publisher(figment: Figment, depth: u8, before: bool) -> Rocket<Build> {
    let rocket = rocket::custom(figment).register("/", catchers![not_found]);
    let rocket = rocket.mount("/", routes![user, me, fails, info, plain]);
    match before {
        true => rocket.attach(Publisher { depth }).attach(Logto::fairing()),
        false => rocket.attach(Logto::fairing()).attach(Publisher { depth }),
    }
}

fn places() -> impl Iterator<Item = (u8, bool)> {
    (0..=4).flat_map(|depth| [(depth, true), (depth, false)])
}

fn assert_kept_by_no_cache(answer: &Answer) {
    assert_eq!(answer.header("cache-control"), Some("private, no-store"), "{answer:?}");
    for name in TARGETED {
        let given = answer.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        assert_eq!(given, None, "{answer:?}");
    }
}

/// S25: on pages, failures and catchers' answers, for users and for strangers.
#[rocket::async_test]
async fn no_fairing_makes_an_answer_cacheable_that_depends_on_cookies() {
    let op = Hostile::start().await;
    for (depth, before) in places() {
        let browser = Browser::open(with_publisher(op.figment(), depth, before)).await;
        let strangers = [("/user", 200), ("/me", 401), ("/fails", 500), ("/nowhere", 404)];
        let users = [("/user", 200), ("/me", 200), ("/fails", 418), ("/nowhere", 404)];
        for (path, status) in strangers {
            let answer = browser.fetch(path).await;
            assert_eq!(answer.status.code, status, "{path}: {answer:?}");
            assert_kept_by_no_cache(&answer);
        }
        browser.sign_in(&op, "/sign-in?return_to=/user").await;
        for (path, status) in users {
            let answer = browser.fetch(path).await;
            assert_eq!(answer.status.code, status, "{path}: {answer:?}");
            assert_kept_by_no_cache(&answer);
        }
        assert_eq!(browser.fetch("/nowhere").await.body, "u-alice");
    }
}

/// S25: of a sign-in, good or bad, of a refresh and of a sign-out.
#[rocket::async_test]
async fn no_fairing_makes_an_answer_cacheable_that_sets_our_cookies() {
    let op = Hostile::start().await;
    op.deviate(Deviation::Tokens(Alter::set("expires_in", 0)));
    op.deviate(Deviation::RotateRefreshTokens);
    for (depth, before) in places() {
        let browser = Browser::open(with_publisher(op.figment(), depth, before)).await;
        let started = browser.visit("/sign-in?return_to=/user").await;
        let callback = op.authorize(started.location());
        let back = browser.visit(&callback).await;
        let rotated = browser.fetch("/info").await;
        assert_eq!(rotated.status.code, 418, "{rotated:?}");
        for answer in [&back, &rotated] {
            assert_eq!(answer.session_cookies().len(), 1, "depth {depth}: {answer:?}");
        }
        let over = browser.visit("/sign-out").await;
        for answer in [&started, &back, &rotated, &over] {
            assert!(!answer.cookies.is_empty(), "depth {depth}: {answer:?}");
            assert_kept_by_no_cache(answer);
        }
    }
}

/// S25: when a callback's cookie is missing, and when a sign-in cannot begin.
#[rocket::async_test]
async fn no_fairing_makes_a_failed_sign_in_cacheable() {
    let (op, down) = (Hostile::start().await, Hostile::start().await);
    down.stop().await;
    for (depth, before) in places() {
        for (op, path, status) in [
            (&op, "/callback?code=c&state=s&iss=i", Status::BadRequest),
            (&down, "/sign-in", Status::ServiceUnavailable),
        ] {
            let browser = Browser::open(with_publisher(op.figment(), depth, before)).await;
            let answer = browser.visit(path).await;
            assert_eq!((answer.status, answer.cookies.len()), (status, 0), "{answer:?}");
            assert_kept_by_no_cache(&answer);
        }
    }
}

/// S25: an answer that is the same for everybody may be kept, and keeps its caching headers.
#[rocket::async_test]
async fn an_answer_for_everybody_is_left_as_it_is() {
    let op = Hostile::start().await;
    for (depth, before) in places() {
        let browser = Browser::open(with_publisher(op.figment(), depth, before)).await;
        browser.sign_in(&op, "/sign-in?return_to=/user").await;
        let answer = browser.visit("/plain").await;
        assert_eq!(answer.body, "for everybody");
        assert_eq!(answer.header("cache-control"), Some(PUBLIC));
        assert_eq!(answer.header("cdn-cache-control"), Some("max-age=600"));
        assert_eq!(answer.header("x-accel-expires"), Some("max-age=600"));
        assert_eq!((answer.header("vary"), answer.cookies.len()), (None, 0));
    }
}

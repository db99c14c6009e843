//! Forwards between protected and public routes.

use logto_rocket::{User, authenticated};
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use rocket::{Route, get, routes};

use crate::support::{App, name, ran, runs};

#[authenticated]
#[get("/first/<id>", rank = 1)]
fn number(id: u8) -> String {
    ran(format!("number {id}"))
}

#[get("/first/<id>", rank = 2)]
fn public_word(id: &str) -> String {
    ran(format!("public {id}"))
}

#[rocket::async_test]
async fn a_protected_route_forwards_a_user_to_a_public_one_and_stops_a_stranger() {
    let app = App::of(routes![number, public_word]).await;
    assert_eq!(app.user(app.client().get("/first/7")).await.body, "number 7");
    assert_eq!(app.user(app.client().get("/first/x")).await.body, "public x");
    let before = runs();
    for path in ["/first/7", "/first/x"] {
        let answer = app.stranger(app.client().get(path)).await;
        assert_eq!((answer.status, runs()), (Status::Unauthorized, before));
    }
}

#[get("/second/<id>", rank = 1)]
fn public_number(id: u8) -> String {
    format!("public {id}")
}

#[authenticated(redirect = "/welcome")]
#[get("/second/<id>", rank = 2)]
fn word(id: &str, user: &User) -> String {
    ran(format!("{id} {}", name(user)))
}

#[rocket::async_test]
async fn a_public_route_forwards_to_a_protected_one() {
    let app = App::of(routes![public_number, word]).await;
    assert_eq!(app.stranger(app.client().get("/second/7")).await.body, "public 7");
    assert_eq!(app.stranger(app.client().get("/second/x")).await.location(), "/welcome");
    assert_eq!(runs(), 0);
    assert_eq!(app.user(app.client().get("/second/x")).await.body, "x alice");
}

#[get("/home", rank = 1)]
fn home(user: &User) -> String {
    format!("Hello, {}!", name(user))
}

#[get("/home", rank = 2)]
fn welcome() -> &'static str {
    "Hello, stranger!"
}

#[rocket::async_test]
async fn the_user_as_a_guard_alone_forwards_a_stranger() {
    let app = App::of(routes![home, welcome]).await;
    assert_eq!(app.user(app.client().get("/home")).await.body, "Hello, alice!");
    assert_eq!(app.stranger(app.client().get("/home")).await.body, "Hello, stranger!");
}

struct Forwards;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Forwards {
    type Error = ();
    async fn from_request(_: &'r Request<'_>) -> request::Outcome<Self, ()> {
        Outcome::Forward(Status::Forbidden)
    }
}

#[authenticated]
#[get("/chain", rank = 1)]
fn one(_forwards: Forwards) {}

#[authenticated(redirect, fetch_user_info)]
#[get("/chain", rank = 2)]
async fn two(_forwards: Forwards) {}

#[authenticated]
#[get("/chain", rank = 3)]
fn three(user: &User) -> String {
    format!("three {}", name(user))
}

#[rocket::async_test]
async fn each_protected_route_of_a_chain_admits_for_itself() {
    let app = App::of(routes![one, two, three]).await;
    assert_eq!(app.user(app.client().get("/chain")).await.body, "three alice");
    assert_eq!(app.stranger(app.client().get("/chain")).await.status, Status::Unauthorized);
}

#[rocket::async_test]
async fn the_status_of_a_forward_without_a_next_route_is_kept() {
    let app = App::of(routes![one]).await;
    assert_eq!(app.user(app.client().get("/chain")).await.status, Status::Forbidden);
}

#[rocket::async_test]
async fn routes_collide_as_without_the_attribute() {
    #[authenticated]
    #[get("/<id>/first")]
    fn left(id: u8) -> String {
        id.to_string()
    }
    #[authenticated]
    #[get("/first/<id>")]
    fn right(id: u8) -> String {
        id.to_string()
    }

    let launch = |routes: Vec<Route>| async {
        let rocket = crate::support::rocket().await.mount("/", routes);
        rocket::local::asynchronous::Client::untracked(rocket).await.map(drop)
    };
    let error = launch(routes![left, right]).await.expect_err("the routes collide");
    assert!(matches!(error.kind(), rocket::error::ErrorKind::Collisions(_)));
    launch(routes![left]).await.expect("one alone launches");
}

//! Forwards between protected and public routes.

use logto_rocket::{AccessToken, OrganizationToken, User, authenticated};
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest, Request};
use rocket::{Route, get, routes};

use crate::support::{App, name, ran, runs};
use crate::tokens::Items;

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
    let stranger = app.stranger(app.client().get("/second/x")).await;
    assert_eq!(stranger.location(), "/welcome?return_to=%2Fsecond%2Fx");
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

#[authenticated(organization = "<org>")]
#[get("/token/<org>", rank = 1)]
fn of_the_organization(org: &str, _token: OrganizationToken, _forwards: Forwards) {
    unreachable!("{org}");
}

#[authenticated(organization = "<org>")]
#[get("/token/<org>", rank = 2)]
fn of_items_there(org: &str, items: AccessToken<Items>, _forwards: Forwards) {
    unreachable!("{org} {items:?}");
}

#[authenticated(resource = "https://other.example.com")]
#[get("/token/<_>", rank = 3)]
fn of_the_other(_token: AccessToken, _forwards: Forwards) {}

#[get("/token/<_>", rank = 4)]
fn of_nothing(
    items: AccessToken<Items>,
    token: logto_rocket::Result<AccessToken>,
    organization: logto_rocket::Result<OrganizationToken>,
) -> String {
    let kinds =
        [token.map(drop), organization.map(drop)].map(|token| token.err().map(|e| e.kind()));
    ran(format!("{} {kinds:?}", items.has_scope("write:items")))
}

#[rocket::async_test]
async fn a_forward_carries_no_token_of_another_route() {
    let routes = routes![of_the_organization, of_items_there, of_the_other, of_nothing];
    let app = App::of(routes).await;
    let answer = app.user(app.client().get("/token/nyb79mqzrg8c")).await;
    assert_eq!(answer.body, "true [Some(InvalidOptions), Some(InvalidOptions)]");
    assert_eq!(runs(), 1);
}

#[get("/unprotected")]
fn unprotected(_token: AccessToken) {}

#[rocket::async_test]
async fn the_attributes_token_fails_where_there_is_no_attribute() {
    let app = App::of(routes![unprotected]).await;
    let answer = app.user(app.client().get("/unprotected")).await;
    assert_eq!(answer.status, Status::InternalServerError);
    let answer = app.stranger(app.client().get("/unprotected")).await;
    assert_eq!(answer.status, Status::InternalServerError);
}

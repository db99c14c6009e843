//! The application under test.

use std::path::PathBuf;

use logto_rocket::{IdTokenClaims, Logto, User, UserInfo, authenticated};
use rocket::figment::Figment;
use rocket::serde::json::Json;
use rocket::{Build, Rocket, get, post, routes};
use serde_json::{Value, json};

/// Returns the application: a public page, and pages and an API for users only.
pub fn app(figment: Figment) -> Rocket<Build> {
    let routes = routes![home, protected, page, order, me, my_order, user_info];
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes)
}

/// Returns an application in which every path is for users only, whatever it looks like.
pub fn catch_all(figment: Figment) -> Rocket<Build> {
    rocket::custom(figment).attach(Logto::fairing()).mount("/", routes![anything])
}

#[get("/")]
fn home(user: Option<&User>) -> String {
    match user {
        Some(user) => format!("Hello, {}!", user.subject()),
        None => "Hello, stranger!".to_owned(),
    }
}

#[authenticated(redirect)]
#[get("/protected")]
fn protected(claims: &IdTokenClaims) -> Json<&IdTokenClaims> {
    Json(claims)
}

#[authenticated(redirect)]
#[get("/pages/<number>?<tab>")]
fn page(number: u32, tab: Option<&str>, user: &User) -> String {
    format!("page {number}, tab {}, {}", tab.unwrap_or("none"), user.subject())
}

#[authenticated(redirect)]
#[post("/orders", data = "<order>")]
fn order(order: Json<Value>, user: &User) -> Json<Value> {
    Json(json!({"by": user.subject(), "order": order.into_inner()}))
}

#[authenticated]
#[get("/api/me")]
fn me(user: &User) -> Json<&User> {
    Json(user)
}

#[authenticated]
#[post("/api/orders", data = "<order>")]
fn my_order(order: Json<Value>, user: &User) -> Json<Value> {
    Json(json!({"by": user.subject(), "order": order.into_inner()}))
}

#[authenticated(fetch_user_info)]
#[get("/api/userinfo")]
fn user_info(info: &UserInfo) -> Json<&UserInfo> {
    Json(info)
}

#[authenticated(redirect)]
#[get("/<path..>", rank = 20)]
fn anything(path: PathBuf, _user: &User) -> Json<PathBuf> {
    Json(path)
}

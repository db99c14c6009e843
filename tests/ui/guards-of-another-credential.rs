use logto_rocket::{AccessToken, AuthInfo, User, UserInfo, authenticated};
use rocket::get;

#[authenticated(bearer, resource = "https://api.example.com", scopes("a"))]
#[get("/a")]
fn user(user: &User) {}

#[authenticated(session, bearer, fetch_user_info, resource = "https://api.example.com", scopes("a"))]
#[get("/b")]
fn user_info(info: &UserInfo) {}

#[authenticated(session, bearer, resource = "https://api.example.com", scopes("a"))]
#[get("/c")]
fn token(token: AccessToken) {}

#[authenticated]
#[get("/d")]
fn auth(auth: &AuthInfo) {}

fn main() {}

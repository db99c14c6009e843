use logto_rocket::{ApiResource, authenticated};
use rocket::get;

#[derive(ApiResource)]
#[resource("https://api.example.com")]
enum Items {
    #[scope("read:items")]
    Read,
    Write,
}

#[derive(ApiResource)]
#[resource("https://orders.example.com")]
enum Orders {
    #[scope("read:orders")]
    Read,
}

#[authenticated(bearer, scopes(Items::Read, Orders::Read))]
#[get("/a")]
fn two() {}

#[authenticated(bearer, resource = "https://api.example.com", scopes(Orders::Read))]
#[get("/b")]
fn named_twice() {}

#[authenticated(bearer, scopes(Orders::Write))]
#[get("/c")]
fn unknown() {}

fn main() {}

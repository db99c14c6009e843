use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler() -> &'static str {
    helper()
}

fn helper() -> &'static str {
    ""
}

fn main() {}

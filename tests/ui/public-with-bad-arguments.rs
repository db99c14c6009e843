use logto_rocket::public;
use rocket::{get, routes};

#[public(redirect)]
#[get("/health")]
fn health() -> &'static str {
    "up"
}

#[public]
fn page() -> &'static str {
    "page"
}

fn main() {
    let _ = routes![health];
    page();
}

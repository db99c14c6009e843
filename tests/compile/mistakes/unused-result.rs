use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
#[must_use]
fn handler() -> &'static str {
    ""
}

fn main() {
    handler();
    let _ = routes![handler];
}

use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/", rank = "1")]
fn handler() -> &'static str {
    ""
}

fn main() {
    let _ = routes![handler];
}

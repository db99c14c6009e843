use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler() -> String {
    5
}

fn main() {
    let _ = routes![handler];
}

use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler() -> u8 {
    1
}

fn main() {
    let _ = routes![handler];
}

use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler() -> &'static str {
    return "";
    let x = 1;
}

fn main() {
    let _ = routes![handler];
}

use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/<id>")]
fn handler() -> &'static str {
    ""
}

fn main() {
    let _ = routes![handler];
}

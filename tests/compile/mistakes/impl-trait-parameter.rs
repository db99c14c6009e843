use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/<id>")]
fn handler(id: impl Copy) -> &'static str {
    ""
}

fn main() {
    let _ = routes![handler];
}

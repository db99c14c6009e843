use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/<id>")]
fn handler(id: Number) -> String {
    id.to_string()
}

fn main() {
    let _ = routes![handler];
}

use logto_rocket::authenticated;
use rocket::{get, routes};

#[deprecated]
type Old = String;

#[authenticated]
#[get("/<id>")]
fn handler(id: Old) -> Old {
    id
}

fn main() {
    let _ = routes![handler];
}

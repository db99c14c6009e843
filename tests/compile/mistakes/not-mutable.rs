use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/<id>")]
fn handler(id: u8) -> String {
    id += 1;
    id.to_string()
}

fn main() {
    let _ = routes![handler];
}

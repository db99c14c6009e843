use logto_rocket::authenticated;
use rocket::{get, routes, uri};

#[authenticated]
#[get("/<id>")]
fn handler(id: u8) -> String {
    id.to_string()
}

fn main() {
    let _ = routes![handler];
    let _ = uri!(handler(1, 2));
}

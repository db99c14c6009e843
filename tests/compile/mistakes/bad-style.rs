use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/<Id>")]
fn camelCase(Id: u8) -> String {
    Id.to_string()
}

fn main() {
    let _ = routes![camelCase];
}

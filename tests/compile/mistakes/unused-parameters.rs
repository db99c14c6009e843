use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/<id>")]
fn handler(id: u8, mut user: &User) -> &'static str {
    ""
}

fn main() {
    let _ = routes![handler];
}

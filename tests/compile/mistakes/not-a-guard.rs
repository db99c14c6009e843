use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler(text: String) -> String {
    text
}

fn main() {
    let _ = routes![handler];
}

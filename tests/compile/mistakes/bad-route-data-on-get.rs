use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/", data = "<body>")]
fn handler(body: String) -> String {
    body
}

fn main() {
    let _ = routes![handler];
}

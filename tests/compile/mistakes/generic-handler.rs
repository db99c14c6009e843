use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler<T>() -> &'static str {
    ""
}

fn main() {
    let _ = routes![handler];
}

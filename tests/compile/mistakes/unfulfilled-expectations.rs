use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
#[expect(dead_code, unused_variables)]
fn handler() -> &'static str {
    ""
}

fn main() {
    let _ = routes![handler];
}

use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler() -> Page {
    Page::new()
}

fn main() {
    let _ = routes![handler];
}

use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated(resource = "api.example.com")]
#[get("/items")]
fn items() -> &'static str {
    "items"
}

fn main() {
    let _ = routes![items];
}

use logto_rocket::authenticated;
use rocket::{route, routes};

#[authenticated]
#[route(FLY, uri = "/")]
fn handler() -> &'static str {
    ""
}

fn main() {
    let _ = routes![handler];
}

use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated(redirct)]
#[get("/profile")]
fn profile() -> &'static str {
    "profile"
}

fn main() {
    let _ = routes![profile];
}

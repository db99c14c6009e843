use logto_rocket::authenticated;
use rocket::{get, routes};

#[get("/profile")]
#[authenticated]
fn profile() -> &'static str {
    "profile"
}

fn main() {
    let _ = routes![profile];
}

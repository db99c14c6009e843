use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("profile")]
fn profile() -> &'static str {
    "profile"
}

fn main() {
    let _ = routes![profile];
}

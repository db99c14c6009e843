use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated(fetch_user_info = "yes")]
#[get("/profile")]
fn profile() -> &'static str {
    "profile"
}

fn main() {
    let _ = routes![profile];
}

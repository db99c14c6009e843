use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated(redirect, fetch_user_info, redirect = "/welcome")]
#[get("/profile")]
fn profile() -> &'static str {
    "profile"
}

fn main() {
    let _ = routes![profile];
}

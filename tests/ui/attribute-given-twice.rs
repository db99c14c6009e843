use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated(redirect)]
#[authenticated(fetch_user_info)]
#[get("/profile")]
fn profile() -> &'static str {
    "profile"
}

fn main() {
    let _ = routes![profile];
}

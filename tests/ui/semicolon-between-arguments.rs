use logto_rocket::{UserInfo, authenticated};
use rocket::get;

#[authenticated(redirect; fetch_user_info)]
#[get("/profile")]
fn profile(info: &UserInfo) -> &str {
    info.subject()
}

fn main() {}

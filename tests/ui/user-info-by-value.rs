use logto_rocket::{UserInfo, authenticated};
use rocket::{get, routes};

#[authenticated(fetch_user_info)]
#[get("/profile")]
fn profile(user: UserInfo) -> &'static str {
    drop(user);
    "profile"
}

fn main() {
    let _ = routes![profile];
}

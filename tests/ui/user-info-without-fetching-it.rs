use logto_rocket::{UserInfo, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/profile")]
fn profile(info: &UserInfo) -> &'static str {
    let _ = info;
    "profile"
}

fn main() {
    let _ = routes![profile];
}

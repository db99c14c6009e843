use logto_rocket::{UserInfo, authenticated};
use rocket::{get, routes};

#[authenticated(redirect, fetch_user_info = false)]
#[get("/profile/<id>")]
fn profile(id: u64, info: Option<&UserInfo>) -> String {
    let _ = info;
    id.to_string()
}

fn main() {
    let _ = routes![profile];
}

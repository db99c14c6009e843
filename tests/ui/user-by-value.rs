use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/profile")]
fn profile(user: User) -> &'static str {
    drop(user);
    "profile"
}

fn main() {
    let _ = routes![profile];
}

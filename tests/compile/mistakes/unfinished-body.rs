use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler(user: &User) -> String {
    user.
}

fn main() {
    let _ = routes![handler];
}

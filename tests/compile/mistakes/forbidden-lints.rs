#![forbid(unsafe_code, unused_mut, unreachable_code)]

use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler(user: &User) -> String {
    user.subject().to_owned()
}

fn main() {
    let _ = routes![handler];
}

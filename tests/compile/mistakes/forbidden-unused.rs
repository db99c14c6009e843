#![forbid(unused)]

use logto_rocket::User;
use rocket::{get, routes};

#[logto_rocket::authenticated]
#[get("/")]
fn handler(user: &User) -> String {
    user.subject().to_owned()
}

fn main() {
    let _ = routes![handler];
}

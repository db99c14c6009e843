#![deny(warnings, unused, missing_docs, unreachable_pub)]

use logto_rocket::User;
use rocket::{get, routes};

#[logto_rocket::authenticated]
#[get("/")]
pub fn handler(user: &User) -> String {
    user.subject().to_owned()
}

fn main() {
    let _ = routes![handler];
}

#![warn(rust_2018_idioms)]

use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler(jar: &rocket::http::CookieJar) -> String {
    format!("{jar:?}")
}

fn main() {
    let _ = routes![handler];
}

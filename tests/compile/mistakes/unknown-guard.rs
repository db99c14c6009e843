use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler(guard: Missing, other: Option<Other<'_>>) -> &'static str {
    let _ = (guard, other);
    ""
}

fn main() {
    let _ = routes![handler];
}

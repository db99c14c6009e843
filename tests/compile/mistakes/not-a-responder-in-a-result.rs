use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler() -> Result<String, u8> {
    Err(1)
}

fn main() {
    let _ = routes![handler];
}

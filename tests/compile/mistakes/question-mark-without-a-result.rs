use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler() -> String {
    let id: u8 = "7".parse()?;
    id.to_string()
}

fn main() {
    let _ = routes![handler];
}

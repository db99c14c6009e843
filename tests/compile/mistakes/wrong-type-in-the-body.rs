use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler(user: &User) -> String {
    let length: u8 = user.subject().len();
    length.to_string()
}

fn main() {
    let _ = routes![handler];
}

use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler(user: &User) -> String {
    let name = user.subject() name.into()
}

fn main() {
    let _ = routes![handler];
}

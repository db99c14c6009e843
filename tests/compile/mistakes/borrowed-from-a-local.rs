use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler(user: &User) -> &str {
    let name = user.subject().to_owned();
    &name
}

fn main() {
    let _ = routes![handler];
}

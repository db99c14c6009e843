use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler(user: &User) -> &str {
    user.subject()
}

fn main() {
    handler(3);
    let _ = routes![handler];
}

use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/<id>")]
fn handler(id: &str, user: &User) -> &str {
    if id.is_empty() { user.subject() } else { id }
}

fn main() {
    let _ = routes![handler];
}

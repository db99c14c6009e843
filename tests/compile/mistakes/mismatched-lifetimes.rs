use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/<id>")]
fn handler<'a, 'b>(id: &'a str, user: &'b User) -> &'a str {
    if id.is_empty() { user.subject() } else { id }
}

fn main() {
    let _ = routes![handler];
}

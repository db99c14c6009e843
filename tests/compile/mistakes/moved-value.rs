use logto_rocket::{User, authenticated};
use rocket::{post, routes};

#[authenticated]
#[post("/", data = "<text>")]
fn handler(text: String, user: &User) -> String {
    drop(text);
    text + user.subject()
}

fn main() {
    let _ = routes![handler];
}

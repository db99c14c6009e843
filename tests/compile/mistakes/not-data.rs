use logto_rocket::authenticated;
use rocket::{post, routes};

#[authenticated]
#[post("/", data = "<body>")]
fn handler(body: std::rc::Rc<u8>) -> String {
    body.to_string()
}

fn main() {
    let _ = routes![handler];
}

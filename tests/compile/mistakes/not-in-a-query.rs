use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/?<id>")]
async fn handler(id: std::rc::Rc<u8>) -> String {
    id.to_string()
}

fn main() {
    let _ = routes![handler];
}

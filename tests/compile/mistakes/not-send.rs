use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
async fn handler() -> String {
    let text = std::rc::Rc::new(1);
    rocket::tokio::task::yield_now().await;
    text.to_string()
}

fn main() {
    let _ = routes![handler];
}

use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler() -> String {
    rocket::tokio::task::yield_now().await;
    String::new()
}

fn main() {
    let _ = routes![handler];
}

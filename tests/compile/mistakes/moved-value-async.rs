use logto_rocket::authenticated;
use rocket::{post, routes};

#[authenticated]
#[post("/", data = "<text>")]
async fn handler(text: String) -> String {
    let later = async move { text.len() };
    format!("{} {text}", later.await)
}

fn main() {
    let _ = routes![handler];
}

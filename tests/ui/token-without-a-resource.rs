use logto_rocket::{AccessToken, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/items")]
fn items(token: AccessToken) -> &'static str {
    let _ = token;
    "items"
}

fn main() {
    let _ = routes![items];
}

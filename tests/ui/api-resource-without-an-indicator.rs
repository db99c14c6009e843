use logto_rocket::{AccessToken, ApiResource};
use rocket::{get, routes};

#[derive(ApiResource)]
struct Items;

#[get("/items")]
fn items(token: AccessToken<Items>) -> &'static str {
    let _ = token;
    "items"
}

fn main() {
    let _ = routes![items];
}

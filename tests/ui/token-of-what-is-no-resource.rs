use logto_rocket::{AccessToken, authenticated};
use rocket::{get, routes};

struct Items;

#[authenticated]
#[get("/items")]
fn items(token: AccessToken<Items>) -> &'static str {
    let _ = token;
    "items"
}

fn main() {
    let _ = routes![items];
}

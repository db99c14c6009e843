use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler(jar: &CookieJar<'_>) -> Option<Json<u8>> {
    jar.get("a").map(|_| Json(1))
}

fn main() {
    let _ = routes![handler];
}

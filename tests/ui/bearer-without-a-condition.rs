use logto_rocket::authenticated;
use rocket::get;

#[authenticated(bearer, resource = "https://api.example.com")]
#[get("/items")]
fn items() -> &'static str {
    "items"
}

fn main() {
    let _ = rocket::routes![items];
}

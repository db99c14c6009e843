use logto_rocket::authenticated;
use rocket::get;

#[authenticated]
#[get("/profile")]
#[rocket::post("/profile")]
fn profile() -> &'static str {
    "profile"
}

fn main() {}

use logto_rocket::authenticated;
use rocket::get;

#[authenticated("/login")]
#[get("/profile")]
fn profile() -> &'static str {
    "profile"
}

fn main() {}

use logto_rocket::authenticated;
use rocket::get as g;

#[authenticated]
#[g("/profile")]
fn profile() -> &'static str {
    "profile"
}

fn main() {}

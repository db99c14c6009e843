use logto_rocket::authenticated;
use rocket::{catch, catchers};

#[authenticated]
#[catch(404)]
fn not_found() -> &'static str {
    "not found"
}

fn main() {
    let _ = catchers![not_found];
}

use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler() -> ! {
    panic!()
}

fn main() {
    let _ = routes![handler];
}

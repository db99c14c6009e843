use logto_rocket::{authenticated, public};
use rocket::{get, routes};

#[authenticated(redirect)]
#[public]
#[get("/profile")]
fn profile() -> &'static str {
    "profile"
}

#[public]
#[authenticated(redirect)]
#[get("/orders")]
fn orders() -> &'static str {
    "orders"
}

fn main() {
    let _ = routes![profile, orders];
}

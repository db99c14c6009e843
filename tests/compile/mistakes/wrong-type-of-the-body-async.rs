use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/")]
async fn handler(user: &User) -> String {
    user.subject()
}

fn main() {
    let _ = routes![handler];
}

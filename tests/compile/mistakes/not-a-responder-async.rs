use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/")]
async fn handler(user: &User) -> Vec<u16> {
    vec![user.subject().len() as u16]
}

fn main() {
    let _ = routes![handler];
}

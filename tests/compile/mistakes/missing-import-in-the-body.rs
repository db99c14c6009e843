use logto_rocket::{User, authenticated};
use rocket::{get, routes};

#[authenticated]
#[get("/")]
fn handler(user: &User) -> String {
    HashMap::from([(1, user.subject())])[&1].to_owned()
}

fn main() {
    let _ = routes![handler];
}

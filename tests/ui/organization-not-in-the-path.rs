use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated(redirect, organization = "<organisation>")]
#[get("/<organization>/items/<id>")]
fn items(organization: &str, id: u64) -> String {
    format!("{organization} {id}")
}

fn main() {
    let _ = routes![items];
}

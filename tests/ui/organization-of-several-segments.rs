use logto_rocket::authenticated;
use rocket::{get, routes};

#[authenticated(organization = "<org..>")]
#[get("/items/<org..>")]
fn items(org: std::path::PathBuf) -> String {
    org.display().to_string()
}

fn main() {
    let _ = routes![items];
}

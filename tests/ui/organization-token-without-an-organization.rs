use logto_rocket::{OrganizationToken, authenticated};
use rocket::{get, routes};

#[authenticated(redirect)]
#[get("/items/<id>")]
fn items(id: u64, token: Option<OrganizationToken>) -> String {
    let _ = token;
    id.to_string()
}

fn main() {
    let _ = routes![items];
}

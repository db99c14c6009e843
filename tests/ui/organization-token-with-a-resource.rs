use logto_rocket::{OrganizationToken, authenticated};
use rocket::{get, routes};

#[authenticated(organization = "<org>", resource = "https://api.example.com")]
#[get("/<org>/items")]
fn items(org: &str, token: OrganizationToken) -> &str {
    let _ = token;
    org
}

fn main() {
    let _ = routes![items];
}

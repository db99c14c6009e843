use logto_rocket::authenticated;
use rocket::get;

#[authenticated(organization = "{org}")]
#[get("/<org>/items")]
fn items(org: &str) -> &str {
    org
}

#[authenticated(organization = "org")]
#[get("/<org>/members")]
fn members(org: &str) -> &str {
    org
}

fn main() {}

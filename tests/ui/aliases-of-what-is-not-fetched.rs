use logto_rocket::{AccessToken, OrganizationToken, UserInfo, authenticated};
use rocket::{get, routes};

type Tok = AccessToken;
type Info<'r> = &'r UserInfo;
type Maybe = Option<OrganizationToken>;

#[authenticated]
#[get("/token")]
fn token(token: Tok) -> String {
    format!("{token:?}")
}

#[authenticated(resource = "https://api.example.com")]
#[get("/info/<id>")]
async fn info<'r>(id: &'r str, info: Info<'r>) -> &'r str {
    info.subject().min(id)
}

#[authenticated(organization = "<org>", resource = "https://api.example.com")]
#[get("/members/<org>")]
fn members(org: &str, token: Maybe) -> String {
    format!("{org} {token:?}")
}

fn main() {
    let _ = routes![token, info, members];
}

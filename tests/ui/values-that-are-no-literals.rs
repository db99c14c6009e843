use logto_rocket::authenticated;
use rocket::get;

const TO: &str = "/welcome";

#[authenticated(redirect = TO)]
#[get("/profile")]
fn profile() -> &'static str {
    "profile"
}

#[authenticated(redirect("/welcome"))]
#[get("/list")]
fn list() -> &'static str {
    "list"
}

fn main() {}

mod library {
    pub use logto_rocket as auth;
}

#[library::auth::authenticated(crate = library)]
#[rocket::get("/profile")]
fn profile() -> &'static str {
    "profile"
}

#[library::auth::authenticated(crate = libary::auth)]
#[rocket::get("/list")]
async fn list() -> &'static str {
    "list"
}

fn main() {}

use logto_rocket::authenticated;

#[authenticated(scopes("profile"), fetchUserInfo = true, redirect = 1)]
#[rocket::get("/profile/<_>")]
fn profile(_: u8) -> &'static str {
    "profile"
}

fn main() {}

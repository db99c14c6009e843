use logto_rocket::authenticated;

#[authenticated(wheels("four"), fetchUserInfo = true, redirect = 1)]
#[rocket::get("/profile/<_>")]
fn profile(_: u8) -> &'static str {
    "profile"
}

fn main() {}

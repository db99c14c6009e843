use logto_rocket::authenticated;

#[authenticated]
#[rocket::get("/profile/<id>")]
fn profile(_: u64) -> &'static str {
    "profile"
}

fn main() {}

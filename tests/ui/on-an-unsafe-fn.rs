use logto_rocket::authenticated;

#[authenticated]
#[rocket::get("/profile")]
unsafe fn profile() -> &'static str {
    "profile"
}

fn main() {}

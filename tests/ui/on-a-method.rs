use logto_rocket::authenticated;

struct Profile;

impl Profile {
    #[authenticated]
    #[rocket::get("/profile")]
    fn profile(&self) -> &'static str {
        "profile"
    }
}

fn main() {
    Profile.profile();
}

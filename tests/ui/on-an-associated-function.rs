use logto_rocket::authenticated;

struct Profile;

impl Profile {
    #[authenticated]
    #[rocket::get("/profile")]
    fn profile() -> &'static str {
        "profile"
    }
}

trait Pages {
    #[authenticated]
    #[rocket::get("/page")]
    fn page() -> &'static str {
        "page"
    }
}

fn main() {
    Profile::profile();
}

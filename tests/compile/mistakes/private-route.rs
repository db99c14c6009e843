use rocket::routes;

mod pages {
    #[logto_rocket::authenticated]
    #[rocket::get("/")]
    fn handler() -> &'static str {
        ""
    }
}

fn main() {
    let _ = routes![pages::handler];
}

//! Rocket's macros and ours, by `#[macro_use]`.

#[macro_use]
extern crate rocket;
#[macro_use]
extern crate logto_rocket;

mod pages {
    use logto_rocket::User;

    #[authenticated]
    #[get("/list")]
    pub fn list(u: &User) -> &str {
        u.subject()
    }
}

mod other {
    pub use crate::pages::*;

    #[authenticated]
    #[post("/save")]
    pub fn save() -> String {
        uri!(list).to_string()
    }
}

fn main() {
    let _ = routes![pages::list, other::save, other::list];
    let _ = (uri!(other::list), uri!(other::save));
}

//! A library whose routes others mount; its modules glob each other.

pub mod prelude {
    pub use logto_rocket::{User, authenticated};
    pub use rocket::{get, routes, uri};

    pub use crate::pages::*;
}

pub mod pages {
    use crate::prelude::*;

    #[logto_rocket::authenticated]
    #[get("/list/<id>?<q>")]
    pub fn list(id: u8, q: Option<&str>, u: &User) -> String {
        format!("{id} {q:?} {}", u.subject())
    }
}

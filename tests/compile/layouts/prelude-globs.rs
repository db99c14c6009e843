//! A prelude globs the pages, and the pages glob the prelude.

mod prelude {
    pub use logto_rocket::{User, authenticated};
    pub use rocket::{get, routes, uri};

    pub use crate::pages::*;
}

mod pages {
    use crate::prelude::*;

    #[logto_rocket::authenticated]
    #[get("/a/<id>?<q>")]
    pub fn list(id: u8, q: Option<&str>, u: &User) -> String {
        format!("{id} {q:?} {} {}", u.subject(), uri!(list(id, q)))
    }

    #[authenticated(redirect)]
    #[get("/b")]
    pub async fn index(u: &User) -> &str {
        u.subject()
    }
}

use prelude::*;

fn main() {
    let _ = routes![list, index, pages::list];
    let _ = (uri!(list(1, _)), uri!(list(id = 1, q = Some("a"))), uri!(pages::index), uri!(index));
}

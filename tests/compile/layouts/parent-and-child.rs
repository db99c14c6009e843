//! A child globs its parent, and the parent globs the child, three deep.

use logto_rocket::{User, authenticated};
use rocket::{get, post, routes, uri};

mod pages {
    use super::*;

    #[authenticated]
    #[get("/list")]
    pub fn list(u: &User) -> &str {
        u.subject()
    }

    pub mod inner {
        use super::*;

        #[authenticated(redirect = "/welcome")]
        #[post("/save/<id>", data = "<body>")]
        pub fn save(id: u8, body: String, _u: &User) -> String {
            body + &uri!("/base", save(id)).to_string() + &uri!(list).to_string()
        }
    }
    pub use inner::*;
}
pub use pages::*;

fn main() {
    let _ = routes![list, save, pages::inner::save];
    let _ = (uri!(list), uri!(save(1)), uri!(pages::save(id = 1)), uri!(pages::inner::save(2)));
}

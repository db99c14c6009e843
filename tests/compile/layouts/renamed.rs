//! logto-rocket under another name, which the routes' globs bring along.

mod prelude {
    pub mod auth {
        pub use logto_rocket::*;
    }
    pub use rocket::{get, routes, uri};

    pub use crate::pages::*;
}

mod pages {
    use crate::prelude::*;

    #[auth::authenticated(crate = crate::prelude::auth)]
    #[get("/list/<id>")]
    pub fn list(id: u8, u: &auth::User) -> String {
        format!("{id} {}", u.subject())
    }
}

use prelude::*;

fn main() {
    let _ = routes![list];
    let _ = uri!(list(1));
}

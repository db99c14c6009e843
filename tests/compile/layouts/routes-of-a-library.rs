//! Routes of another crate, named in every way.

mod pages {
    pub use library::pages::*;
    pub use rocket::{routes, uri};

    pub mod inner {
        pub use super::*;
    }
}

use pages::inner::*;

fn main() {
    let _ = routes![list, library::pages::list, ::library::prelude::list];
    let _ = (uri!(list(1, _)), uri!(library::pages::list(id = 1, q = Some("a"))));
    let _ = (uri!(pages::list(1, Some("a"))), uri!("/base", ::library::prelude::list(1, _), "#b"));
}

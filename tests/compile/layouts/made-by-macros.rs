//! Handlers made by a macro, in a module that is globbed both ways.

mod prelude {
    pub use logto_rocket::{User, authenticated};
    pub use rocket::{get, routes, uri};

    pub use crate::pages::*;
}

mod pages {
    use crate::prelude::*;

    macro_rules! page {
        ($name:ident, $path:literal, $ty:ty) => {
            #[authenticated]
            #[get($path)]
            pub fn $name(id: $ty, u: Option<&User>) -> String {
                format!("{id} {} {}", u.is_some(), uri!($name(0)))
            }
        };
    }

    page!(by_id, "/id/<id>", u8);
    page!(by_path, "/path?<id>", std::primitive::i64);
}

use prelude::*;

fn main() {
    let _ = routes![by_id, by_path];
    let _ = (uri!(by_id(1)), uri!(by_path(id = 2)));
}

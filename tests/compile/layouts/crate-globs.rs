//! The modules glob the crate, which globs them, only within the crate.

pub(crate) use logto_rocket::{User, authenticated};
pub(crate) use rocket::{get, routes, uri};

pub(crate) mod first {
    use std::path::PathBuf;

    use crate::*;

    #[authenticated]
    #[get("/one")]
    pub(crate) fn one(_u: &User) -> String {
        uri!(two("x", 1, PathBuf::new())).to_string()
    }
}

pub(crate) mod second {
    use std::path::PathBuf;

    use crate::*;

    #[authenticated]
    #[get("/two/<name>/<_>/<path..>")]
    pub(crate) fn two<'r>(name: &'r str, path: PathBuf, _u: &'r User) -> &'r str {
        assert!(path.is_relative());
        name
    }
}

pub(crate) use self::first::*;
pub(crate) use self::second::*;

fn main() {
    let _ = routes![one, two];
    let _ = uri!(one);
}

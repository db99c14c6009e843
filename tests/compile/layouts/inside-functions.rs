//! Routes inside functions, and one name in two modules and in functions.

use logto_rocket::authenticated;
use rocket::{Route, get, routes, uri};

mod one {
    use super::*;

    #[authenticated]
    #[get("/one")]
    pub fn same() -> &'static str {
        "one"
    }
}

mod two {
    use super::*;

    #[authenticated]
    #[get("/two/<id>")]
    pub fn same(id: u8) -> String {
        id.to_string()
    }
}

fn first() -> Vec<Route> {
    #[authenticated]
    #[get("/first/<id>?<rest>")]
    fn same(id: u8, rest: Option<u8>) -> String {
        format!("{id} {rest:?} {}", uri!(same(id, Some(1))))
    }
    let _ = uri!(same(1, _));
    routes![same]
}

fn second() -> Vec<Route> {
    #[authenticated(redirect)]
    #[get("/second")]
    async fn same() -> &'static str {
        "second"
    }
    {
        #[authenticated]
        #[get("/third")]
        fn same() -> &'static str {
            "third"
        }
        let _ = routes![same];
    }
    routes![same]
}

fn main() {
    let _ = (routes![one::same, two::same], first(), second());
    let _ = (uri!(one::same), uri!("/base", two::same(2), "?a#b"));
}

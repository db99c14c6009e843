//! Handlers that only their module sees, and hands out as routes.

#![deny(unreachable_pub, missing_docs, unnameable_types)]

mod pages {
    use logto_rocket::{User, authenticated};
    use rocket::{Route, get, routes, uri};

    #[authenticated]
    #[get("/list/<type>")]
    fn list(r#type: u8, _u: &User) -> String {
        uri!(list(r#type)).to_string()
    }

    #[authenticated]
    #[get("/show/<id>")]
    async fn show(id: u8) -> String {
        uri!(list(id)).to_string()
    }

    #[authenticated]
    #[rocket::delete("/<id>")]
    pub(super) fn r#delete(id: u8) -> String {
        uri!(show(id = id)).to_string()
    }

    pub(crate) fn routes() -> Vec<Route> {
        routes![list, show, r#delete]
    }
}

fn main() {
    let _ = pages::routes();
    let _ = rocket::uri!(pages::delete(3));
}

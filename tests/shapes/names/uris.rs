//! `uri!` inside and outside the handlers it names, and for routes inside functions.

use super::*;
use crate::support::App;

#[authenticated]
#[get("/link/<id>?<q>")]
fn link(id: u8, q: Option<&str>, _user: &User) -> String {
    ran(format!("{} {}", uri!(link(id, q)), uri!("/base", link(id = 1, q = _))))
}

#[rocket::async_test]
async fn uri_works_inside_the_handler_that_it_names() {
    let app = App::of(routes![link]).await;
    let answer = app.user(app.client().get("/link/7?q=a")).await;
    assert_eq!(answer.body, "/link/7?q=a /base/link/1");
}

#[test]
fn uri_works_as_without_the_attribute() {
    assert_eq!(uri!(itself(7)).to_string(), "/itself/7");
    assert_eq!(uri!(itself(itself = 7)).to_string(), "/itself/7");
    assert_eq!(uri!(r#fn(7, "x")).to_string(), "/raw/7?match=x");
    assert_eq!(uri!(same::two::same(7)).to_string(), "/two/7");
    assert_eq!(uri!("/base", crate::names::same::one::same).to_string(), "/base/one");
    assert_eq!(
        uri!("https://example.com", all, "?a#b").to_string(),
        "https://example.com/visible/all?a#b"
    );
}

#[test]
fn a_route_inside_a_block_does_not_clash_with_one_around_it() {
    #[authenticated]
    #[get("/outer")]
    fn local() {}

    assert_eq!(routes![local][0].uri.to_string(), "/outer");
    {
        #[authenticated(redirect)]
        #[get("/inner")]
        async fn local() -> &'static str {
            "inner"
        }
        assert_eq!(routes![local][0].uri.to_string(), "/inner");
    }
}

//! What a browser's cookies are worth.

use std::collections::BTreeMap;

use logto_tests::{Answer, Browser};
use rocket::http::{Cookie, Status};

/// Whether the application takes the browser for a stranger's, not alice's.
pub(crate) async fn is_stranger(browser: &Browser) -> bool {
    let (home, protected) = (browser.visit("/").await, browser.visit("/protected").await);
    assert_eq!(home.status, Status::Ok, "{home:?}");
    match home.body.as_str() {
        "Hello, stranger!" => assert_eq!(protected.status, Status::SeeOther, "{protected:?}"),
        "Hello, u-alice!" => assert_eq!(protected.status, Status::Ok, "{protected:?}"),
        other => panic!("who is {other}"),
    }
    home.body == "Hello, stranger!"
}

/// The cookies that an answer deletes.
pub(crate) fn deleted(answer: &Answer) -> BTreeMap<&str, &Cookie<'static>> {
    let ended = answer.cookies.iter().filter(|cookie| {
        cookie.value().is_empty() && cookie.max_age().is_some_and(|age| age.is_zero())
    });
    ended.map(|cookie| (cookie.name(), cookie)).collect()
}

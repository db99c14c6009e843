//! Handlers made by `macro_rules`.

use logto_rocket::{User, authenticated};
use rocket::{Route, get, routes, uri};

use crate::shape::Shape;
use crate::support::{name, ran};

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("a type fragment as a parameter", "/type/7", "7"),
    Shape::get("a type fragment as a guard", "/guard", "alice"),
    Shape::get("a type fragment with a type argument", "/option", "alice"),
    Shape::get("a parameter like the fn, from a macro", "/same/7", "7"),
    Shape::get("$crate in a type, and crate = $crate", "/inner/7", "7"),
    Shape::get("$crate with a path as a fragment", "/other/7/x", "7"),
    Shape::get("a repetition, the first", "/first", "first alice"),
    Shape::get("a repetition, the second", "/second", "second alice"),
    Shape::get("tokens passed on", "/forwarded/7", "7"),
    Shape::get("$crate in a fragment", "/dollar", "alice"),
    Shape::get("a name of the macro's own", "/own", "own"),
    Shape::get("an item fragment", "/item/7", "7 alice"),
    Shape::get("a visibility and a lifetime fragment", "/fragments/a", "a"),
    Shape::get("a literal as a rank, a block as a body", "/block", "block"),
    Shape::get("an attribute fragment", "/meta", "meta"),
];

pub(crate) fn routes() -> Vec<Route> {
    routes![
        by_type,
        by_guard,
        by_option,
        same_name,
        elsewhere::inner,
        elsewhere::other,
        first,
        second,
        forwarded,
        dollar,
        own,
        item,
        fragments,
        block,
        meta
    ]
}

macro_rules! handler {
    ($name:ident, $path:literal, $param:ident : $ty:ty, $ret:ty, $body:expr) => {
        #[authenticated]
        #[get($path)]
        fn $name($param: $ty) -> $ret {
            let $param: $ty = $param;
            ran($body)
        }
    };
}

handler!(by_type, "/type/<id>", id: u8, String, id.to_string());
handler!(by_guard, "/guard", user: &User, String, name(user).to_owned());
handler!(by_option, "/option", user: Option<&User>, Option<String>, user.map(|u| name(u).to_owned()));
handler!(same_name, "/same/<same_name>", same_name: u8, String, same_name.to_string());

macro_rules! inner {
    ($name:ident, $path:literal, $ty:ty) => {
        #[authenticated(crate = $crate::macros::logto)]
        #[get($path)]
        pub(crate) async fn $name(
            id: $ty,
            user: Option<$crate::macros::Guard<'_>>,
            list: Option<&User>,
            _more: rocket::http::uri::Segments<'_, rocket::http::uri::fmt::Path>,
        ) -> std::result::Result<String, $ty> {
            assert!(user.is_some() && list.is_some());
            Ok(ran(id.to_string()))
        }
    };
}

use logto_rocket as logto;
type Guard<'r> = &'r User;

mod elsewhere {
    use super::*;
    inner!(inner, "/inner/<id>/<_more..>", String);
    inner!(other, "/other/<id>/<_more..>", std::string::String);
}

macro_rules! twice {
    ($($name:ident $path:literal)*) => { $(
        #[authenticated]
        #[get($path)]
        fn $name(user: &User) -> String {
            ran(format!("{} {}", stringify!($name), name(user)))
        }
    )* };
}

twice!(first "/first" second "/second");

macro_rules! forward {
    ($($tokens:tt)*) => { $($tokens)* };
}

forward! {
    #[authenticated]
    #[get("/forwarded/<id>")]
    async fn forwarded(id: u8) -> String { ran(id.to_string()) }
}

macro_rules! dollar_crate {
    ($name:ident) => {
        dollar_crate!($name, $crate::macros::Guard<'_>, $crate::macros::Text);
    };
    ($name:ident, $guard:ty, $ret:ty) => {
        #[authenticated]
        #[get("/dollar")]
        fn $name(user: $guard) -> $ret {
            ran(name(user).to_owned())
        }
    };
}

type Text = String;

dollar_crate!(dollar);

macro_rules! named_inside {
    () => {
        #[authenticated]
        #[get("/own")]
        fn own() -> &'static str {
            ran("own")
        }
    };
}

named_inside!();

macro_rules! whole {
    ($item:item) => {
        $item
    };
}

whole! {
    #[authenticated]
    #[get("/item/<id>")]
    fn item(id: u8, user: &User) -> String {
        ran(format!("{id} {}", name(user)))
    }
}

macro_rules! fragments {
    ($vis:vis, $life:lifetime, $name:ident) => {
        #[authenticated]
        #[get("/fragments/<a>")]
        $vis fn $name<$life>(a: &$life str, _user: &$life User) -> &$life str {
            ran(a)
        }
    };
}

fragments!(pub(crate), 'r, fragments);

macro_rules! block {
    ($rank:literal $body:block) => {
        #[authenticated]
        #[get("/block", rank = $rank)]
        fn block(_user: &User) -> &'static str $body
    };
}

block!(3 { ran("block") });

macro_rules! meta {
    ($(#[$attr:meta])*) => {
        $(#[$attr])*
        fn meta() -> &'static str {
            ran("meta")
        }
    };
}

meta! {
    /// Documented.
    #[authenticated]
    #[get("/meta")]
    #[must_use]
}

#[test]
fn uri_knows_handlers_made_by_macros() {
    assert_eq!(uri!(by_type(7)).to_string(), "/type/7");
    assert_eq!(uri!(forwarded(7)).to_string(), "/forwarded/7");
    assert_eq!(uri!(item(7)).to_string(), "/item/7");
}

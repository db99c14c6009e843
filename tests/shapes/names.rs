//! Functions and parameters with awkward names, and shadowed names of the standard library.

mod uris;

use logto_rocket::{User, authenticated};
use rocket::{Route, get, routes, uri};

use crate::shape::Shape;
use crate::support::{name, ran};

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("a parameter like the fn", "/itself/7", "7"),
    Shape::get("parameters like Rocket's own variables", "/busy/1/2/3/4", "1234 alice"),
    Shape::get("parameters like the attribute's variables", "/gate/1/2", "12 alice"),
    Shape::get("raw identifiers", "/raw/7?match=x", "7 x alice"),
    Shape::get("camel case", "/camel/7", "7"),
    Shape::get("shadowed Result, Option, Box, core and others", "/shadow/7", "7"),
    Shape::get("one name in two modules, the first", "/one", "one"),
    Shape::get("one name in two modules, the second", "/two/2", "2"),
    Shape::get("crate = an absolute path", "/renamed", "renamed"),
    Shape::get("crate = self::", "/selfish", "selfish"),
    Shape::get("pub(crate)", "/visible/crate", "crate"),
    Shape::get("pub(in path)", "/visible/path", "path"),
    Shape::get("pub, used through a re-export", "/visible/all", "all"),
    Shape::get("inside a function", "/local/3", "3 alice"),
    Shape::get("a name like a type of the application", "/user", "alice"),
    Shape::get("a qualified attribute", "/qualified", "qualified"),
];

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = routes![
        itself,
        busy,
        gates,
        r#fn,
        camelCase,
        shadowed::shadow,
        same::one::same,
        same::two::same,
        renamed::handler,
        renamed::selfish,
        visible::to_crate,
        visible::to_path,
        all,
        user,
        qualified
    ];
    routes.extend(local_route());
    routes
}

#[authenticated]
#[get("/itself/<itself>")]
fn itself(itself: u8) -> String {
    ran(itself.to_string())
}

#[authenticated]
#[get("/busy/<req>/<request>/<rocket>/<data>")]
async fn busy(
    req: u8,
    request: u8,
    rocket: u8,
    data: u8,
    __req: &User,
    __data: Option<&User>,
    logto_rocket: &User,
) -> String {
    assert!(__data.is_some() && std::ptr::eq(__req, logto_rocket));
    ran(format!("{req}{request}{rocket}{data} {}", name(logto_rocket)))
}

#[authenticated]
#[get("/gate/<gate>/<policy>")]
fn gates(gate: u8, policy: u8, route: &User, private: &User) -> String {
    assert!(std::ptr::eq(route, private));
    ran(format!("{gate}{policy} {}", name(route)))
}

#[authenticated]
#[get("/raw/<type>?<match>")]
fn r#fn(r#type: u8, r#match: &str, r#in: &User) -> String {
    ran(format!("{} {} {}", r#type, r#match, name(r#in)))
}

#[authenticated]
#[get("/camel/<Id>")]
#[allow(non_snake_case)]
fn camelCase(Id: u8) -> String {
    ran(Id.to_string())
}

mod shadowed {
    #![allow(dead_code, non_camel_case_types)]

    use ::logto_rocket::authenticated;

    use crate::support::ran;

    pub(super) struct Option;
    pub(super) struct Result;
    pub(super) struct Box;
    pub(super) struct String;
    pub(super) struct Vec;
    pub(super) struct Policy;
    pub(super) struct Gate;
    pub(super) struct Route;
    pub(super) struct Ok;
    pub(super) struct str;
    pub(super) struct bool;
    pub(super) const POLICY: u8 = 0;
    pub(super) mod core {}
    pub(super) mod logto_rocket {}
    pub(super) mod __private {}

    #[authenticated]
    #[rocket::get("/shadow/<id>")]
    pub(super) fn shadow(id: u8) -> ::std::string::String {
        ran(::std::string::ToString::to_string(&id))
    }
}

mod same {
    pub(crate) mod one {
        #[logto_rocket::authenticated]
        #[rocket::get("/one")]
        pub(crate) fn same() -> &'static str {
            crate::support::ran("one")
        }
    }

    pub(crate) mod two {
        #[logto_rocket::authenticated]
        #[rocket::get("/two/<id>")]
        pub(in crate::names) fn same(id: u8) -> String {
            crate::support::ran(id.to_string())
        }
    }
}

mod renamed {
    pub(crate) use logto_rocket as auth;

    #[auth::authenticated(crate = crate::names::renamed::auth)]
    #[rocket::get("/renamed")]
    pub(crate) fn handler() -> &'static str {
        crate::support::ran("renamed")
    }

    #[auth::authenticated(crate = self::auth, fetch_user_info, redirect = false)]
    #[rocket::get("/selfish")]
    pub(super) fn selfish() -> &'static str {
        crate::support::ran("selfish")
    }
}

mod visible {
    use super::*;

    #[authenticated]
    #[get("/visible/crate")]
    pub(crate) fn to_crate() -> &'static str {
        ran("crate")
    }

    #[authenticated]
    #[get("/visible/path")]
    pub(in crate::names) async fn to_path() -> &'static str {
        ran("path")
    }

    pub(super) mod inner {
        #![allow(unreachable_pub)]

        #[logto_rocket::authenticated]
        #[rocket::get("/visible/all")]
        pub fn all() -> &'static str {
            crate::support::ran("all")
        }
    }
}

use visible::inner::*;

fn local_route() -> Vec<Route> {
    #[authenticated]
    #[get("/local/<id>")]
    fn local(id: u8, user: &User) -> String {
        ran(format!("{id} {}", name(user)))
    }

    assert_eq!(uri!(local(3)).to_string(), "/local/3");
    routes![local]
}

#[authenticated]
#[get("/user")]
fn user(user: &User) -> &str {
    ran(name(user))
}

#[logto_rocket::authenticated()]
#[::rocket::get("/qualified")]
fn qualified() -> &'static str {
    ran("qualified")
}

#[test]
fn the_route_has_the_name_of_the_function() {
    assert_eq!(routes![itself][0].name.as_deref(), Some("itself"));
}

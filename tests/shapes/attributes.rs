//! Attributes above, between and below.

#![allow(clippy::non_minimal_cfg)]

use logto_rocket::{User, authenticated};
use rocket::{Route, get, post, routes};

use crate::shape::Shape;
use crate::support::{name, ran};

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("docs in every place", "/documented/7", "7"),
    Shape::get("#[must_use]", "/must-use", "must use"),
    Shape::get("#[inline]", "/inline", "inline"),
    Shape::get("#[deprecated] above", "/deprecated", "old"),
    Shape::get("#[deprecated] between and below", "/deprecated/below", "older"),
    Shape::get("#[allow] and #[expect] below", "/lints/7", "7"),
    Shape::get("#[expect] above and between", "/expected/7", "7"),
    Shape::get("#[warn], #[deny] and #[forbid]", "/levels", "levels"),
    Shape::get("#[cfg] above", "/cfg/above", "above"),
    Shape::get("#[cfg] between", "/cfg/between", "between"),
    Shape::get("#[cfg] below", "/cfg/below", "below"),
    Shape::get("#[cfg] on a parameter", "/cfg/parameter/7", "7"),
    Shape::get("a route attribute in cfg_attr", "/chosen", "chosen"),
    Shape::get("a route attribute in nested cfg_attr", "/nested", "nested"),
    Shape::get("the attribute itself in cfg_attr", "/conditional", "conditional"),
    Shape::get("attributes of parameters", "/parameters/7", "7 alice"),
    Shape::get("a tool's attribute", "/tool", "tool"),
    Shape::get("attributes inside the body", "/inside", "inside"),
];

#[allow(deprecated)]
pub(crate) fn routes() -> Vec<Route> {
    routes![
        documented,
        must_use,
        inlined,
        old,
        older,
        lints,
        expected,
        levels,
        cfg_above,
        cfg_between,
        cfg_below,
        cfg_parameter,
        chosen,
        nested,
        conditional,
        parameters,
        tool,
        inside
    ]
}

/// Documented.
#[authenticated]
/// More.
#[get("/documented/<id>")]
/// Still more.
#[doc = "And more."]
fn documented(id: u8) -> String {
    //! Inside.
    ran(id.to_string())
}

#[authenticated]
#[get("/must-use")]
#[must_use = "a reason"]
fn must_use() -> &'static str {
    ran("must use")
}

#[inline]
#[authenticated]
#[get("/inline")]
#[cold]
async fn inlined() -> &'static str {
    ran("inline")
}

#[deprecated(note = "use another")]
#[authenticated]
#[get("/deprecated")]
fn old() -> &'static str {
    ran("old")
}

#[authenticated]
#[deprecated]
#[get("/deprecated/below")]
#[allow(deprecated)]
fn older() -> &'static str {
    ran("older")
}

#[authenticated]
#[get("/lints/<A>")]
#[expect(non_snake_case)]
#[allow(clippy::too_many_arguments, unused_variables)]
fn lints(A: u8, user: &User) -> String {
    ran(A.to_string())
}

#[expect(unused_variables)]
#[authenticated]
#[expect(unused_mut, clippy::needless_return)]
#[get("/expected/<id>")]
fn expected(id: u8, mut user: &User) -> String {
    return ran(id.to_string());
}

#[authenticated]
#[get("/levels")]
#[warn(clippy::pedantic)]
#[deny(unused)]
#[forbid(unsafe_code)]
fn levels() -> &'static str {
    ran("levels")
}

#[cfg(any())]
#[authenticated]
#[get("/absent")]
fn absent() -> Absent {}

#[authenticated]
#[cfg(any())]
#[get("/absent")]
fn absent() -> Absent {}

#[authenticated]
#[get("/absent")]
#[cfg_attr(all(), cfg(any()))]
fn absent() -> Absent {}

#[cfg(all())]
#[authenticated]
#[get("/cfg/above")]
fn cfg_above() -> &'static str {
    ran("above")
}

#[authenticated]
#[cfg(not(any()))]
#[get("/cfg/between")]
fn cfg_between() -> &'static str {
    ran("between")
}

#[authenticated]
#[get("/cfg/below")]
#[cfg(test)]
fn cfg_below() -> &'static str {
    ran("below")
}

#[authenticated]
#[get("/cfg/parameter/<id>")]
fn cfg_parameter(#[cfg(all())] id: u8, #[cfg_attr(all(), allow(unused))] user: &User) -> String {
    ran(id.to_string())
}

#[authenticated]
#[cfg_attr(all(), get("/chosen"))]
#[cfg_attr(any(), post("/chosen"))]
fn chosen() -> &'static str {
    ran("chosen")
}

#[authenticated]
#[cfg_attr(any(), post("/nested"))]
#[cfg_attr(all(), allow(unused), cfg_attr(all(), get("/nested"), inline))]
fn nested() -> &'static str {
    ran("nested")
}

#[cfg_attr(all(), authenticated)]
#[cfg_attr(any(), authenticated(redirect))]
#[cfg_attr(all(), get("/conditional"))]
fn conditional() -> &'static str {
    ran("conditional")
}

#[authenticated]
#[get("/parameters/<id>")]
fn parameters(#[allow(unused_mut)] mut id: u8, #[expect(unused_mut)] mut user: &User) -> String {
    ran(format!("{id} {}", name(user)))
}

#[authenticated]
#[rustfmt::skip]
#[get("/tool")]
#[clippy::cognitive_complexity = "30"]
fn tool()->&'static str { ran( "tool" ) }

#[authenticated]
#[get("/inside")]
fn inside() -> &'static str {
    #![allow(unused_assignments)]
    #[allow(unused_variables)]
    let unused = 1;
    ran("inside")
}

#[test]
fn a_cfg_removes_the_route_with_the_handler() {
    #[authenticated]
    #[cfg_attr(all(), post("/conditional"))]
    #[cfg(all())]
    #[doc = "Conditional."]
    fn present() {}

    assert_eq!(routes![present][0].method, rocket::http::Method::Post);
}

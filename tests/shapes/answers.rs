//! Everything that a handler may return.

use logto_rocket::{IdTokenClaims, User, UserInfo, authenticated};
use rocket::http::{ContentType, Status};
use rocket::response::content::RawHtml;
use rocket::response::{Debug, Redirect, Responder, status};
use rocket::serde::json::{Json, Value, json};
use rocket::{Either, Route, get, routes, uri};
use rocket_dyn_templates::{Template, context};

use crate::shape::Shape;
use crate::support::{name, ran};

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("impl Responder", "/opaque/a", "a alice"),
    Shape::get("impl Responder + use<'r>", "/captured/a", "alice"),
    Shape::get("impl Responder of two lifetimes", "/captures/a", "a"),
    Shape::get("an impl Responder that captures nothing", "/nothing", "nothing"),
    Shape::get("Some", "/some", "alice"),
    Shape::get("None", "/no", "").caught(404),
    Shape::get("Ok", "/ok", "alice"),
    Shape::get("Err", "/err", "refused").status(409),
    Shape::get("Either", "/either/7", "7"),
    Shape::get("Template", "/template", "Hello, alice!"),
    Shape::get("Json of a borrowed value", "/json", "true"),
    Shape::get("a JSON value", "/value", r#"{"name":"alice"}"#),
    Shape::get("a status and a content type", "/typed", "<b>alice</b>"),
    Shape::get("a redirect of its own", "/redirects", "").status(303),
    Shape::get("status::Accepted of a Json", "/accepted", "[1,2]").status(202),
    Shape::get("a derived Responder with a lifetime", "/derived/a", "a"),
    Shape::get("a boxed Responder of the application", "/debugged", "fine"),
    Shape::get("a Status alone", "/status", "").status(204),
    Shape::get("the claims", "/claims", "alice"),
    Shape::get("the user info, fetched before", "/info", "alice"),
];

pub(crate) fn routes() -> Vec<Route> {
    routes![
        opaque, captured, captures, nothing, some, no, ok, err, either, template, json_of, value,
        typed, redirects, accepted, derived, debugged, a_status, claims, info
    ]
}

#[authenticated]
#[get("/opaque/<a>")]
fn opaque<'r>(a: &'r str, user: &'r User) -> impl Responder<'r, 'static> {
    ran(format!("{a} {}", name(user)))
}

#[authenticated]
#[get("/captured/<a>")]
async fn captured<'r>(a: &'r str, user: &'r User) -> impl Responder<'r, 'r> + use<'r> {
    ran(if a.is_empty() { a } else { name(user) })
}

#[authenticated]
#[get("/captures/<a>")]
fn captures<'a, 'b: 'a>(a: &'a str, _user: &'b User) -> impl Responder<'a, 'a> + use<'a, 'b> {
    ran(a)
}

#[authenticated]
#[get("/nothing")]
fn nothing<'r>(_user: &User) -> impl Responder<'r, 'static> + use<'r> {
    ran("nothing")
}

#[authenticated]
#[get("/some")]
fn some(user: &User) -> Option<String> {
    ran(Some(name(user).to_owned()))
}

#[authenticated]
#[get("/no")]
fn no() -> Option<&'static str> {
    ran(None)
}

#[authenticated]
#[get("/ok")]
fn ok(user: &User) -> Result<String, status::Conflict<&'static str>> {
    ran(Ok(name(user).to_owned()))
}

#[authenticated]
#[get("/err")]
async fn err() -> Result<String, status::Conflict<&'static str>> {
    ran(Err(status::Conflict("refused")))
}

#[authenticated]
#[get("/either/<id>")]
fn either(id: u8, user: &User) -> Either<String, Json<String>> {
    ran(if id > 0 {
        Either::Left(id.to_string())
    } else {
        Either::Right(Json(name(user).to_owned()))
    })
}

#[authenticated]
#[get("/template")]
fn template(user: &User) -> Template {
    ran(Template::render("hello", context! { name: name(user) }))
}

#[authenticated]
#[get("/json")]
fn json_of(user: Option<&User>) -> Option<Json<bool>> {
    ran(Some(Json(user.is_some())))
}

#[authenticated]
#[get("/value")]
fn value(user: &User) -> Value {
    ran(json!({ "name": name(user) }))
}

#[authenticated]
#[get("/typed")]
fn typed(user: &User) -> (Status, (ContentType, String)) {
    ran((Status::Ok, (ContentType::HTML, format!("<b>{}</b>", name(user)))))
}

#[authenticated]
#[get("/redirects")]
fn redirects() -> Redirect {
    ran(Redirect::to(uri!("/answers", some)))
}

#[authenticated]
#[get("/accepted")]
fn accepted() -> status::Accepted<Json<[u8; 2]>> {
    ran(status::Accepted(Json([1, 2])))
}

#[derive(Responder)]
struct Page<'r> {
    inner: RawHtml<&'r str>,
}

#[authenticated]
#[get("/derived/<a>")]
fn derived<'r>(a: &'r str) -> Page<'r> {
    ran(Page { inner: RawHtml(a) })
}

#[authenticated]
#[get("/debugged")]
fn debugged() -> Result<&'static str, Debug<Box<dyn std::error::Error>>> {
    let text = String::from_utf8(b"fine".to_vec()).map_err(|e| Debug(e.into()))?;
    Ok(ran(if text == "fine" { "fine" } else { "strange" }))
}

#[authenticated]
#[get("/status")]
fn a_status() -> Status {
    ran(Status::NoContent)
}

#[authenticated]
#[get("/claims")]
fn claims(claims: &IdTokenClaims) -> &str {
    ran(claims.username().unwrap_or("nobody"))
}

#[authenticated(fetch_user_info)]
#[get("/info")]
fn info(info: &UserInfo, again: Option<&UserInfo>, user: &User) -> String {
    assert!(again.is_some() && user.info().is_some());
    ran(info.username().unwrap_or("nobody").to_owned())
}

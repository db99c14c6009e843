//! What comes in the body, and in a query that is a form.

use logto_rocket::{User, authenticated};
use rocket::data::{Capped, Data, ToByteUnit};
use rocket::form::{Form, FromForm, Lenient, Strict};
use rocket::fs::TempFile;
use rocket::http::Status;
use rocket::serde::json::{Json, Value};
use rocket::tokio::io::AsyncReadExt;
use rocket::{Route, delete, get, patch, post, put, routes};

use crate::shape::Shape;
use crate::support::{name, ran};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data; boundary=X";
const UPLOAD: &str = "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
                      Content-Type: text/plain\r\n\r\nfour\r\n--X--\r\n";

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("Json", "/json", "alice 3").sending(JSON, "[1, 2]"),
    Shape::get("Json that borrows", "/borrowed", "a alice").sending(JSON, r#"{"q":"a"}"#),
    Shape::get("a JSON value", "/value", "1").sending(JSON, r#"{"n":1}"#),
    Shape::get("Form", "/form", "a alice").sending(FORM, "q=a"),
    Shape::get("Form and a query form", "/forms?q=a", "a b alice").sending(FORM, "q=b"),
    Shape::get("Form of a collection", "/list", "[1, 2]").sending(FORM, "n=1&n=2"),
    Shape::get("Lenient, as an optional body", "/lenient", "a").sending(FORM, "q=a&x=y"),
    Shape::get("Strict, as a Result", "/strict", "refused").sending(FORM, "q=a&x=y"),
    Shape::get("a query form", "/search?q=a&page=2", "a 2 alice"),
    Shape::get("several query forms", "/searches?one.q=a&two.q=b", "a b"),
    Shape::get("Data", "/data", "5 alice").sending("text/plain", "bytes"),
    Shape::get("Data as the first parameter", "/stream", "5").sending("text/plain", "bytes"),
    Shape::get("TempFile", "/file", "4 alice").sending("text/plain", "four"),
    Shape::get("TempFile in a multipart form", "/upload", "a 4").sending(MULTIPART, UPLOAD),
    Shape::get("Capped", "/capped", "true").sending("text/plain", "text"),
    Shape::get("a String", "/text", "text alice").sending("text/plain", "text"),
    Shape::get("a borrowed str", "/str", "text").sending("text/plain", "text"),
    Shape::get("a Vec by PUT", "/bytes", "4").sending("text/plain", "text").by(PUT),
    Shape::get("a body by PATCH", "/patched", "p").sending("text/plain", "p").by(PATCH),
    Shape::get("a DELETE", "/deleted/7", "").by(DELETE).status(204),
    Shape::get("a redirecting POST", "/api", "sent").sending(JSON, "1"),
    Shape::get("a POST of any origin", "/any-origin", "sent").sending(JSON, "1"),
];

const PUT: rocket::http::Method = rocket::http::Method::Put;
const PATCH: rocket::http::Method = rocket::http::Method::Patch;
const DELETE: rocket::http::Method = rocket::http::Method::Delete;

pub(crate) fn routes() -> Vec<Route> {
    routes![
        json, borrowed, value, form, forms, list, lenient, strict, search, searches, data, stream,
        file, upload, capped, text, str_of, bytes, patched, deleted, api, any_origin
    ]
}

#[derive(FromForm, serde::Deserialize)]
struct Search<'r> {
    q: &'r str,
}

#[authenticated]
#[post("/json", data = "<body>", format = "json")]
fn json(user: &User, mut body: Json<Vec<u8>>) -> String {
    body.push(1);
    ran(format!("{} {}", name(user), body.len()))
}

#[authenticated]
#[post("/borrowed", data = "<body>")]
fn borrowed<'r>(body: Json<Search<'r>>, user: &'r User) -> String {
    ran(format!("{} {}", body.into_inner().q, name(user)))
}

#[authenticated]
#[post("/value", format = "application/json", data = "<body>")]
fn value(body: Json<Value>) -> String {
    ran(body.into_inner()["n"].to_string())
}

#[authenticated]
#[post("/form", data = "<form>")]
fn form(form: Form<Search<'_>>, user: &User) -> String {
    ran(format!("{} {}", form.into_inner().q, name(user)))
}

#[authenticated]
#[post("/forms?<search..>", data = "<form>")]
async fn forms(search: Search<'_>, form: Form<Search<'_>>, user: &User) -> String {
    ran(format!("{} {} {}", search.q, form.into_inner().q, name(user)))
}

#[derive(FromForm)]
struct Numbers {
    n: Vec<u8>,
}

#[authenticated]
#[post("/list", data = "<numbers>")]
fn list(numbers: Form<Numbers>) -> String {
    ran(format!("{:?}", numbers.into_inner().n))
}

#[authenticated]
#[post("/lenient", data = "<form>")]
fn lenient<'r>(form: Option<Form<Lenient<Search<'r>>>>) -> Option<&'r str> {
    ran(form.map(|form| form.into_inner().into_inner().q))
}

#[authenticated]
#[post("/strict", data = "<form>")]
fn strict<'r>(form: Result<Form<Strict<Search<'r>>>, rocket::form::Errors<'r>>) -> &'r str {
    ran(form.map_or("refused", |form| form.into_inner().into_inner().q))
}

#[authenticated]
#[get("/search?<q>&<page>")]
fn search(q: Option<&str>, page: u8, user: &User) -> String {
    ran(format!("{} {page} {}", q.unwrap_or_default(), name(user)))
}

#[authenticated]
#[get("/searches?<one>&<two>")]
fn searches(one: Search<'_>, two: Search<'_>) -> String {
    ran([one.q, two.q].join(" "))
}

#[authenticated]
#[post("/data", data = "<data>")]
async fn data(user: &User, data: Data<'_>) -> Result<String, Status> {
    let text = data.open(1.kibibytes()).into_string().await;
    let text = text.map_err(|_| Status::BadRequest)?;
    Ok(ran(format!("{} {}", text.len(), name(user))))
}

#[authenticated]
#[post("/stream", data = "<data>")]
async fn stream(mut data: Data<'_>, _user: &User) -> String {
    ran(data.peek(5).await.len().to_string())
}

#[authenticated]
#[post("/file", data = "<file>")]
async fn file(file: TempFile<'_>, user: &User) -> String {
    let mut text = String::new();
    let mut reader = file.open().await.expect("a file");
    reader.read_to_string(&mut text).await.expect("text");
    ran(format!("{} {}", text.len(), name(user)))
}

#[derive(FromForm)]
struct Upload<'r> {
    file: TempFile<'r>,
}

#[authenticated]
#[post("/upload", data = "<upload>")]
fn upload(upload: Form<Upload<'_>>, _user: &User) -> String {
    let Upload { file } = upload.into_inner();
    ran(format!("{} {}", file.name().unwrap_or_default(), file.len()))
}

#[authenticated]
#[post("/capped", data = "<text>")]
fn capped(text: Capped<String>) -> String {
    ran(text.is_complete().to_string())
}

#[authenticated]
#[post("/text", data = "<text>")]
fn text(text: String, user: &User) -> String {
    ran(text + " " + name(user))
}

#[authenticated]
#[post("/str", data = "<text>")]
fn str_of(text: &str) -> &str {
    ran(text)
}

#[authenticated]
#[put("/bytes", data = "<bytes>", rank = 2)]
fn bytes(bytes: &[u8]) -> String {
    ran(bytes.len().to_string())
}

#[authenticated]
#[patch("/patched", data = "<text>")]
fn patched(text: &str) -> String {
    ran(text.to_owned())
}

#[authenticated]
#[delete("/deleted/<_id>")]
fn deleted(_id: u8) -> Status {
    ran(Status::NoContent)
}

// A POST that does not accept HTML comes from a script, so nobody is redirected.
#[authenticated(redirect)]
#[post("/api", data = "<_number>")]
fn api(_number: Json<u8>) -> &'static str {
    ran("sent")
}

#[authenticated(redirect, allow_cross_origin)]
#[post("/any-origin", data = "<_number>")]
fn any_origin(_number: Json<u8>) -> &'static str {
    ran("sent")
}

//! What the attribute promises beyond the answer.

mod denied;
mod forwards;
mod launch;

use logto_rocket::{IdTokenClaims, Policy, authenticated, protect};
use rocket::fs::FileServer;
use rocket::http::{Method, Status};
use rocket::{get, post, routes};

use crate::support::{App, bare_rocket, ran, rocket, runs};

#[authenticated]
#[get("/direct/<id>")]
fn direct(id: u64, claims: &IdTokenClaims) -> String {
    format!("{id} {}", claims.subject())
}

#[authenticated(redirect)]
#[get("/direct/<id>", rank = 2)]
async fn direct_async(mut id: u64) -> Result<String, Status> {
    id += 1;
    Ok(id.to_string())
}

#[rocket::async_test]
async fn a_handler_is_called_like_the_function_it_is() {
    let claims = r#"{"iss":"i","sub":"bob","aud":"a","exp":2,"iat":1}"#;
    let claims: IdTokenClaims = serde_json::from_str(claims).expect("claims");
    assert_eq!(direct(1, &claims), "1 bob");
    assert_eq!(direct_async(1).await, Ok("2".into()));
    let as_pointer: fn(u64, &IdTokenClaims) -> String = direct;
    assert_eq!(as_pointer(2, &claims), "2 bob");
}

#[authenticated]
#[get("/page")]
fn page() -> &'static str {
    ran("a page")
}

#[authenticated(redirect)]
#[get("/sent")]
fn sent() -> &'static str {
    ran("a page")
}

#[rocket::async_test]
async fn head_is_answered_like_get_without_the_body() {
    let app = App::of(routes![page, sent]).await;
    for (path, status, location) in
        [("/page", 401, None), ("/sent", 303, Some("/sign-in?return_to=%2Fsent"))]
    {
        let answer = app.stranger(app.client().req(Method::Head, path)).await;
        assert_eq!((answer.status.code, answer.header("location")), (status, location));
        assert_eq!((answer.body.as_str(), runs()), ("", 0), "{path}");
    }
    let answer = app.user(app.client().head("/page")).await;
    assert_eq!((answer.status, answer.body.as_str(), runs()), (Status::Ok, "", 1));
}

#[get("/plain/<id>")]
fn plain(id: u8) -> String {
    ran(id.to_string())
}

#[post("/plain", data = "<text>")]
fn plain_post(text: String) -> String {
    ran(text)
}

#[rocket::async_test]
async fn routes_are_protected_without_the_macro() {
    let routes = protect(routes![plain, plain_post], Policy::new().redirect());
    let files = FileServer::from(concat!(env!("CARGO_MANIFEST_DIR"), "/shapes/templates"));
    let files = protect(files, Policy::new());
    let app = App::launch(rocket().await.mount("/", routes).mount("/files", files)).await;

    let answer = app.stranger(app.client().get("/plain/7")).await;
    assert_eq!(answer.location(), "/sign-in?return_to=%2Fplain%2F7");
    let answer = app.stranger(app.client().post("/plain").body("text")).await;
    assert_eq!(answer.status, Status::Unauthorized);
    let answer = app.stranger(app.client().get("/files/hello.html.j2")).await;
    assert_eq!((answer.status, runs()), (Status::Unauthorized, 0));

    assert_eq!(app.user(app.client().get("/plain/7")).await.body, "7");
    assert_eq!(app.user(app.client().post("/plain").body("text")).await.body, "text");
    let answer = app.user(app.client().get("/files/hello.html.j2")).await;
    assert_eq!(answer.body, "Hello, {{ name }}!");
}

#[rocket::async_test]
async fn routes_protected_without_the_macro_fail_closed_without_the_fairing() {
    let routes = protect(routes![plain], Policy::new());
    let app = App::launch(bare_rocket().await.mount("/", routes)).await;
    for answer in [
        app.stranger(app.client().get("/plain/7")).await,
        app.user(app.client().get("/plain/7")).await,
    ] {
        assert_eq!((answer.status, runs()), (Status::InternalServerError, 0));
    }
}

#[rocket::async_test]
async fn an_organization_that_no_route_has_is_a_panic_where_it_was_protected() {
    let policy = Policy::new().organization("<org>");
    let panic = std::panic::catch_unwind(|| protect(routes![plain], policy)).expect_err("a panic");
    let message = panic.downcast_ref::<String>().expect("a message");
    assert_eq!(message, "no parameter in the path of `/plain/<id>` is the organization");
}

#[test]
fn a_protected_route_shows_what_the_route_attribute_says() {
    #[authenticated]
    #[post("/shown/<id>?<q>", rank = 3, format = "json", data = "<body>")]
    fn shown(id: u8, q: u8, body: String) -> String {
        format!("{id} {q} {body}")
    }

    let route = &routes![shown][0];
    assert_eq!(route.name.as_deref(), Some("shown"));
    assert_eq!((route.method, route.rank), (Method::Post, 3));
    assert_eq!(route.uri.to_string(), "/shown/<id>?<q>");
    assert_eq!(route.format, Some(rocket::http::MediaType::JSON));
}

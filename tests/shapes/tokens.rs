//! Tokens for API resources and organizations, as guards and by the attribute.

use logto_rocket::{
    AccessToken, ApiResource, Error, OrganizationToken, Policy, User, UserInfo, authenticated,
    protect,
};
use rocket::http::Method;
use rocket::{Route, get, post, route, routes};

use crate::shape::Shape;
use crate::support::{name, ran};

pub(crate) const SHAPES: &[Shape] = &[
    Shape::get("AccessToken<R> alone", "/alone", "read:items write:items"),
    Shape::get("AccessToken<R> before a segment", "/before/7", "7 read:items write:items"),
    Shape::get("AccessToken<R> between guards", "/between/7?q=8", "7 8 alice true"),
    Shape::get("AccessToken<R> behind a body", "/behind", "text true")
        .sending("text/plain", "text"),
    Shape::get("Option<AccessToken<R>>", "/optional", "true"),
    Shape::get("Result<AccessToken<R>>", "/result", "read:items write:items"),
    Shape::get("two resources", "/two", "read:items write:items, "),
    Shape::get("a token that outlives the request", "/moved", "read:items write:items"),
    Shape::get("AccessToken", "/resource", "read:items write:items"),
    Shape::get("Option and Result of AccessToken", "/resource/forms", "true true"),
    Shape::get("a resource and no token", "/resource/none", "none"),
    Shape::get("a resource, user info and a redirect", "/resource/info", "alice true")
        .redirecting("/sign-in?return_to=%2Ftokens%2Fresource%2Finfo"),
    Shape::get("OrganizationToken of the path", "/acme/8wz3nrme4n02", "write:data read:data"),
    Shape::get("an encoded organization", "/encoded/8wz3nrme4n0%32", "8wz3nrme4n02"),
    Shape::get("OrganizationToken of a literal", "/literal/7", "7 write:data read:data"),
    Shape::get("Option and Result of OrganizationToken", "/forms/nyb79mqzrg8c", "true true"),
    Shape::get("an organization in the middle", "/in/a/nyb79mqzrg8c/b/c?x=d", "a b/c d true"),
    Shape::get("an organization that the handler ignores", "/ignored/nyb79mqzrg8c", "ignored"),
    Shape::get("a resource in an organization", "/both/nyb79mqzrg8c", "read:items"),
    Shape::get("AccessToken<R> in an organization", "/typed/nyb79mqzrg8c", "read:items true"),
    Shape::get("#[route] with an organization", "/keyed/nyb79mqzrg8c", "nyb79mqzrg8c true")
        .by(Method::Put),
    Shape::get("a macro's path and organization", "/made/nyb79mqzrg8c", "true"),
    Shape::get("a raw name", "/raw/nyb79mqzrg8c", "nyb79mqzrg8c true"),
    Shape::get("a parameter with the function's name", "/named/nyb79mqzrg8c", "nyb79mqzrg8c"),
    Shape::get("in a function", "/inner/nyb79mqzrg8c", "true"),
    Shape::get("by protect()", "/protected/nyb79mqzrg8c", "read:items true"),
];

pub(crate) fn routes() -> Vec<Route> {
    let policy = Policy::new().resource("https://api.example.com").organization("<org>");
    let mut routes = routes![
        alone,
        before,
        between,
        behind,
        optional,
        result,
        two,
        moved,
        resource,
        resource_forms,
        resource_none,
        resource_info,
        acme,
        encoded,
        literal,
        forms,
        in_the_middle,
        ignored,
        both,
        typed,
        keyed,
        made,
        r#type,
        named
    ];
    routes.extend(inner());
    routes.extend(protect(routes![protected], policy));
    routes
}

#[derive(ApiResource)]
#[resource("https://api.example.com", scopes("read:items", "write:items"))]
pub(crate) struct Items;

#[derive(ApiResource)]
#[resource("https://other.example.com")]
enum Other {}

fn scopes<R>(token: &AccessToken<R>) -> String {
    token.scopes().collect::<Vec<_>>().join(" ")
}

#[authenticated]
#[get("/alone")]
fn alone(token: AccessToken<Items>) -> String {
    ran(scopes(&token))
}

#[authenticated]
#[get("/before/<id>")]
async fn before(token: AccessToken<self::Items>, id: u8) -> String {
    ran(format!("{id} {}", scopes(&token)))
}

#[authenticated]
#[get("/between/<id>?<q>")]
fn between(id: u8, user: &User, token: AccessToken<Items>, q: u8) -> String {
    ran(format!("{id} {q} {} {}", name(user), token.has_scope("read:items")))
}

#[authenticated]
#[post("/behind", data = "<body>")]
async fn behind(body: String, token: AccessToken<Items>) -> String {
    ran(format!("{body} {}", token.has_scope("read:items")))
}

#[authenticated]
#[get("/optional")]
fn optional(token: Option<AccessToken<Items>>) -> String {
    ran(token.is_some().to_string())
}

#[authenticated]
#[get("/result")]
fn result(token: logto_rocket::Result<AccessToken<Items>>) -> Result<String, Error> {
    ran(token.map(|token| scopes(&token)))
}

#[authenticated]
#[get("/two")]
fn two(items: AccessToken<Items>, other: AccessToken<Other>) -> String {
    ran(format!("{}, {}", scopes(&items), scopes(&other)))
}

#[authenticated]
#[get("/moved")]
async fn moved(token: AccessToken<Items>) -> String {
    let copy = token.clone();
    let task = rocket::tokio::spawn(async move { scopes(&copy) });
    ran(task.await.unwrap_or_default())
}

#[authenticated(resource = "https://api.example.com")]
#[get("/resource")]
fn resource(token: AccessToken) -> String {
    ran(scopes(&token))
}

#[authenticated(resource = "https://api.example.com")]
#[get("/resource/forms")]
fn resource_forms(
    one: Option<logto_rocket::AccessToken>,
    two: Result<AccessToken, Error>,
) -> String {
    ran(format!("{} {}", one.is_some(), two.is_ok()))
}

#[authenticated(resource = "https://api.example.com")]
#[get("/resource/none")]
fn resource_none() -> &'static str {
    ran("none")
}

#[authenticated(redirect, fetch_user_info, resource = "https://api.example.com")]
#[get("/resource/info")]
async fn resource_info(info: &UserInfo, token: AccessToken) -> String {
    let name = info.username().value().unwrap_or_default();
    ran(format!("{name} {}", token.has_scope("read:items")))
}

#[authenticated(organization = "<org>")]
#[get("/acme/<org>")]
fn acme(org: &str, token: OrganizationToken) -> String {
    let _ = org;
    ran(scopes(&token))
}

#[authenticated(organization = "<org>")]
#[get("/encoded/<org>")]
fn encoded(org: &str) -> String {
    ran(org.to_owned())
}

#[authenticated(organization = "8wz3nrme4n02")]
#[get("/literal/<id>")]
fn literal(id: u8, token: OrganizationToken) -> String {
    ran(format!("{id} {}", scopes(&token)))
}

#[authenticated(organization = "<org>")]
#[get("/forms/<org>")]
fn forms(
    org: &str,
    one: Option<OrganizationToken>,
    two: logto_rocket::Result<OrganizationToken>,
) -> String {
    let _ = org;
    ran(format!("{} {}", one.is_some(), two.is_ok()))
}

#[authenticated(organization = "<org>")]
#[get("/in/<one>/<org>/<rest..>?<x>")]
fn in_the_middle(
    one: &str,
    org: &str,
    rest: std::path::PathBuf,
    x: &str,
    token: OrganizationToken,
) -> String {
    let _ = org;
    ran(format!("{one} {} {x} {}", rest.display(), token.has_scope("read:data")))
}

#[authenticated(organization = "<_org>")]
#[get("/ignored/<_org>")]
fn ignored(_org: &str) -> &'static str {
    ran("ignored")
}

#[authenticated(resource = "https://api.example.com", organization = "<org>")]
#[get("/both/<org>")]
fn both(org: String, token: AccessToken) -> String {
    drop(org);
    ran(scopes(&token))
}

#[authenticated(organization = "<org>")]
#[get("/typed/<org>")]
fn typed(org: &str, items: AccessToken<Items>, token: OrganizationToken) -> String {
    let _ = org;
    ran(format!("{} {}", scopes(&items), token.has_scope("read:data")))
}

#[authenticated(organization = "<org>")]
#[route(PUT, uri = "/keyed/<org>", rank = 3)]
fn keyed(org: &str, token: OrganizationToken) -> String {
    ran(format!("{org} {}", token.has_scope("read:data")))
}

macro_rules! handler {
    ($name:ident, $path:literal, $organization:literal, $param:ident, $token:ty) => {
        #[authenticated(organization = $organization)]
        #[get($path)]
        fn $name($param: &str, token: $token) -> String {
            let _ = $param;
            ran(token.has_scope("read:data").to_string())
        }
    };
}

handler!(made, "/made/<org>", "<org>", org, OrganizationToken);

#[authenticated(organization = "<fn>")]
#[get("/raw/<fn>")]
fn r#type(r#fn: &str, token: OrganizationToken) -> String {
    ran(format!("{} {}", r#fn, token.has_scope("read:data")))
}

#[authenticated(organization = "<named>")]
#[get("/named/<named>")]
fn named(named: &str) -> String {
    ran(named.to_owned())
}

fn inner() -> Vec<Route> {
    #[authenticated(organization = "<org>")]
    #[get("/inner/<org>")]
    fn inner(org: &str, token: OrganizationToken) -> String {
        let _ = org;
        ran(token.has_scope("read:data").to_string())
    }
    routes![inner]
}

#[get("/protected/<org>")]
fn protected(org: &str, token: AccessToken) -> String {
    let _ = org;
    ran(format!("{} {}", scopes(&token), token.has_scope("read:items")))
}

use logto_rocket::authenticated;
use rocket::get;

#[authenticated(bearer, any_client)]
#[get("/a")]
fn without_a_resource() {}

#[authenticated(bearer, redirect, resource = "https://api.example.com", scopes("a"))]
#[get("/b")]
fn redirecting() {}

#[authenticated(scopes("a"))]
#[get("/c")]
fn scopes_of_nothing() {}

#[authenticated(organization_roles("owner"))]
#[get("/d")]
fn roles_in_no_organization() {}

#[authenticated(clients("app"))]
#[get("/e")]
fn clients_of_sessions() {}

fn main() {}

//! One application for many organizations: each has a notice board at its own address.
//!
//! If no endpoint is configured, it signs in with `logto-dev`, without a Logto account.

mod notices;
mod pages;
mod tenants;
#[cfg(test)]
mod tests;

use logto_dev::Provider;
use logto_rocket::{Logto, OrganizationToken, User, UserScope, authenticated};
use rocket::figment::Figment;
use rocket::form::Form;
use rocket::http::Status;
use rocket::response::Redirect;
use rocket::response::content::{RawCss, RawHtml};
use rocket::{
    Build, FromForm, Request, Rocket, State, catch, catchers, get, launch, post, routes, uri,
};

use crate::notices::Notices;

/// The permissions of organizations. Logto grants those of the user's roles in the
/// organization.
const PERMISSIONS: [&str; 2] = ["read:notices", "post:notices"];

#[get("/")]
fn home(user: Option<&User>) -> RawHtml<String> {
    pages::home(user)
}

/// The user info has the names of organizations; the ID token has only their ids.
#[authenticated(redirect, fetch_user_info)]
#[get("/orgs")]
fn choose(user: &User) -> RawHtml<String> {
    pages::choose(user)
}

/// For members. The token's scopes are what the user may do in this organization.
#[expect(clippy::needless_pass_by_value, reason = "Rocket gives guards by value")]
#[authenticated(redirect, fetch_user_info, organization = "<org>", scopes("read:notices"))]
#[get("/orgs/<org>")]
fn board(
    org: &str,
    user: &User,
    token: OrganizationToken,
    notices: &State<Notices>,
) -> RawHtml<String> {
    pages::board(org, user, &token, &notices.of(org))
}

#[derive(FromForm)]
struct NewNotice<'f> {
    // Bytes: `maxlength="200"` on the page counts UTF-16 units, of three bytes at most.
    #[field(validate = len(1..=600))]
    text: &'f str,
}

/// The page offers the form to users with the scope; this route decides.
#[authenticated(organization = "<org>", scopes("post:notices"))]
#[post("/orgs/<org>/notices", data = "<notice>")]
fn post_notice(
    org: &str,
    notice: Form<NewNotice<'_>>,
    user: &User,
    notices: &State<Notices>,
) -> Redirect {
    notices.add(org, notice.into_inner().text, user.display_name());
    Redirect::to(uri!(board(org)))
}

/// For owners, by the roles in the ID token: this needs no access token.
#[authenticated(redirect, fetch_user_info, organization = "<org>", organization_roles("owner"))]
#[get("/orgs/<org>/owner")]
fn owner(org: &str, user: &User, notices: &State<Notices>) -> RawHtml<String> {
    pages::owner(org, user, &notices.of(org))
}

#[authenticated(organization = "<org>", organization_roles("owner"))]
#[post("/orgs/<org>/clear")]
fn clear(org: &str, notices: &State<Notices>) -> Redirect {
    notices.clear(org);
    Redirect::to(uri!(board(org)))
}

#[get("/style.css")]
fn style() -> RawCss<&'static str> {
    RawCss(include_str!("style.css"))
}

#[catch(default)]
fn failure(status: Status, _: &Request<'_>) -> RawHtml<String> {
    pages::failure(status)
}

fn application(figment: Figment) -> Rocket<Build> {
    let about = [UserScope::Organizations, UserScope::OrganizationRoles].map(UserScope::as_str);
    // `join`: `Rocket.toml` and the environment come first.
    let figment = figment
        .join(("logto.scopes", [about, PERMISSIONS].concat()))
        .join(("logto_dev", tenants::of_logto_dev()));
    rocket::custom(figment)
        .attach(Provider::fairing())
        .attach(Logto::fairing())
        .manage(Notices::default())
        .mount("/", routes![home, choose, board, post_notice, owner, clear, style])
        .register("/", catchers![failure])
}

#[launch]
fn rocket() -> _ {
    application(rocket::Config::figment())
}

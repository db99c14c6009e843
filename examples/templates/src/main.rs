//! Pages from templates, all of which know the user.
//!
//! If no endpoint is configured, it signs in with `logto-dev`, without a Logto account.

mod page;
#[cfg(test)]
mod tests;

use logto_dev::Provider;
use logto_rocket::{Logto, UserInfo, UserScope, authenticated};
use rocket::figment::Figment;
use rocket::fs::{FileServer, relative};
use rocket::http::Status;
use rocket::{Build, Request, Rocket, catch, catchers, get, launch, routes};
use rocket_dyn_templates::{Template, context};

use crate::page::Page;

#[get("/")]
fn home(page: Page<'_>) -> Template {
    page.render("home", context! {})
}

/// Handlers pass only their own values; the user is added for them.
#[authenticated(redirect, fetch_user_info)]
#[get("/profile")]
fn profile(page: Page<'_>, info: &UserInfo) -> Template {
    page.render("profile", context! { info })
}

#[authenticated]
#[get("/members")]
fn members(page: Page<'_>) -> Template {
    page.render("members", context! {})
}

#[authenticated(redirect, roles("items-admin"))]
#[get("/admin")]
fn admin(page: Page<'_>) -> Template {
    page.render("admin", context! {})
}

/// A page for each failure. Scripts get the 401 of a protected route as JSON, unless there is
/// a catcher for exactly 401.
#[catch(default)]
async fn failure(status: Status, request: &Request<'_>) -> Option<Template> {
    let page = request.guard::<Page<'_>>().await.succeeded()?;
    let template = match status.code {
        code @ (401 | 403 | 404 | 503) => format!("error/{code}"),
        _ => "error/other".into(),
    };
    Some(page.render(template, context! { status: status.reason_lossy() }))
}

fn application(figment: Figment) -> Rocket<Build> {
    let scopes = [UserScope::Email, UserScope::Roles].map(UserScope::as_str);
    // `join`: `Rocket.toml` and the environment come first.
    let figment =
        figment.join(("logto.scopes", scopes)).join(("template_dir", relative!("templates")));
    rocket::custom(figment)
        .attach(Provider::fairing())
        .attach(Logto::fairing())
        .attach(Template::fairing())
        .mount("/", routes![home, profile, members, admin])
        .mount("/static", FileServer::from(relative!("static")))
        .register("/", catchers![failure])
}

#[launch]
fn rocket() -> _ {
    application(rocket::Config::figment())
}

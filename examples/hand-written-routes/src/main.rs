//! Routes for sign-in, callback and sign-out, written by hand: none is mounted by the fairing.
//!
//! If no endpoint is configured, it signs in with `logto-dev`, without a Logto account.

mod pages;
mod sign_in;
mod sign_out;
#[cfg(test)]
mod tests;

use logto_dev::Provider;
use logto_rocket::{Logto, LogtoClient, Redirect, User, authenticated};
use rocket::figment::Figment;
use rocket::figment::util::map;
use rocket::http::CookieJar;
use rocket::response::content::{RawCss, RawHtml};
use rocket::{Build, Rocket, get, launch, routes};

use crate::sign_in::IsOpened;

/// A public page. It silently signs in users who are signed in at Logto.
#[get("/")]
async fn home(
    user: Option<&User>,
    is_opened: IsOpened,
    jar: &CookieJar<'_>,
    logto: LogtoClient<'_>,
) -> Result<RawHtml<String>, Redirect> {
    if user.is_none() && is_opened.0 && !sign_in::was_tried(jar) {
        // While Logto is down, and for a prefetch, this page is still there.
        if let Ok(redirect) = sign_in::silently(&logto, jar).await {
            return Err(redirect);
        }
    }
    Ok(pages::home(user, &logto))
}

/// `redirect` leads strangers to the path of `routes.sign_in`, whoever mounts that route.
#[expect(clippy::needless_pass_by_value, reason = "Rocket gives guards by value")]
#[authenticated(redirect)]
#[get("/profile")]
fn profile(user: &User, logto: LogtoClient<'_>) -> RawHtml<String> {
    pages::profile(user, &logto)
}

#[get("/style.css")]
fn style() -> RawCss<&'static str> {
    RawCss(include_str!("style.css"))
}

fn application(figment: Figment) -> Rocket<Build> {
    // As `[default.logto.routes]` in Rocket.toml. Each route stays at its usual path, which is
    // what users and Logto are sent to, and is left to the application.
    let routes = map![
        "sign_in" => false,
        "sign_up" => false,
        "callback" => false,
        "sign_out" => false,
        "backchannel_logout" => false,
    ];
    rocket::custom(figment.merge(("logto.routes", routes)))
        .attach(Provider::fairing())
        .attach(Logto::fairing())
        .mount("/", routes![home, profile, style])
        .mount("/", sign_in::routes())
        .mount("/", sign_out::routes())
}

#[launch]
fn rocket() -> _ {
    application(rocket::Config::figment())
}

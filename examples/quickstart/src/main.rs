//! The sample of `logto-rocket`: a public page, protected pages and an API.
//!
//! If no endpoint is configured, it signs in with `logto-dev`, so it runs without a Logto
//! account.

mod pages;
#[cfg(test)]
mod tests;
mod tokens;

use logto_dev::Provider;
use logto_rocket::{
    Error, IdTokenClaims, Logto, LogtoClient, User, UserInfo, UserScope, authenticated,
};
use rocket::figment::Figment;
use rocket::http::Status;
use rocket::response::content::RawCss;
use rocket::serde::json::{Json, Value, json};
use rocket::{Build, Request, Rocket, catch, catchers, get, launch, routes};

use crate::pages::Page;

/// Scopes beyond `openid`, `offline_access` and `profile`, so that the pages have something to
/// show.
const SCOPES: [UserScope; 8] = [
    UserScope::Email,
    UserScope::Phone,
    UserScope::Address,
    UserScope::CustomData,
    UserScope::Identities,
    UserScope::Roles,
    UserScope::Organizations,
    UserScope::OrganizationRoles,
];

/// Permissions of `logto-dev`'s API and organizations. Logto leaves out unknown ones.
const PERMISSIONS: [&str; 4] = ["read:items", "write:items", "read:data", "write:data"];

/// The API of `logto-dev`. Logto refuses a sign-in that asks for an unknown one.
const RESOURCE: &str = "https://api.example.com";

#[get("/")]
fn home(user: Option<&User>) -> Page {
    pages::home(user)
}

#[authenticated(redirect)]
#[get("/protected")]
fn protected(user: &User) -> Page {
    pages::claims(user)
}

#[authenticated]
#[get("/protected/no-redirect")]
fn no_redirect(user: &User) -> Page {
    pages::claims(user)
}

#[authenticated(redirect, fetch_user_info)]
#[get("/protected/userinfo")]
fn user_info(user: &User, info: &UserInfo) -> Page {
    pages::user_info(user, info)
}

#[authenticated]
#[get("/api/me")]
fn api_me(claims: &IdTokenClaims) -> Json<&IdTokenClaims> {
    Json(claims)
}

#[authenticated(fetch_user_info)]
#[get("/api/userinfo")]
fn api_user_info(info: &UserInfo) -> Json<&UserInfo> {
    Json(info)
}

#[authenticated(redirect, fetch_user_info)]
#[get("/protected/organizations")]
async fn organizations(
    user: &User,
    info: &UserInfo,
    logto: LogtoClient<'_>,
) -> Result<Page, Error> {
    let organizations = tokens::of_organizations(info, &logto).await?;
    Ok(pages::organizations(user, &organizations))
}

#[authenticated]
#[get("/api/token?<resource>&<organization>&<show>")]
async fn api_token(
    resource: Option<&str>,
    organization: Option<&str>,
    show: Option<u8>,
    logto: LogtoClient<'_>,
) -> Result<Json<Value>, Error> {
    let audience = tokens::audience(resource, organization);
    let token = logto.access_token(audience).await?;
    Ok(Json(tokens::described(token.as_ref(), show == Some(1))))
}

#[get("/style.css")]
fn style() -> RawCss<&'static str> {
    RawCss(include_str!("style.css"))
}

/// Every failure without its own catcher. Scripts get the 401 of a protected route as JSON
/// unless there is a catcher for exactly 401.
#[catch(default)]
fn failure(status: Status, _: &Request<'_>) -> Page {
    pages::failure(status)
}

#[catch(default)]
fn api_failure(status: Status, _: &Request<'_>) -> Json<Value> {
    Json(json!({ "error": status.reason_lossy() }))
}

fn application(figment: Figment) -> Rocket<Build> {
    let scopes = [&SCOPES.map(UserScope::as_str)[..], &PERMISSIONS].concat();
    // `join`: `logto.scopes` in Rocket.toml and LOGTO_SCOPES come first.
    rocket::custom(figment.join(("logto.scopes", scopes)))
        .attach(Provider::fairing())
        .attach(Logto::fairing())
        .mount("/", routes![home, protected, no_redirect, user_info, organizations, style])
        .mount("/", routes![api_me, api_user_info, api_token])
        .register("/", catchers![failure])
        .register("/api", catchers![api_failure])
}

/// Asks for `logto-dev`'s API if there is no Logto to ask for another.
fn with_resource(figment: Figment) -> Figment {
    let configured = ["LOGTO_ENDPOINT", "LOGTO_RESOURCES"].map(std::env::var_os);
    match configured.iter().any(Option::is_some) || figment.contains("logto.endpoint") {
        true => figment,
        false => figment.join(("logto.resources", [RESOURCE])),
    }
}

/// Makes a key for the cookies if none is configured, so that the sample runs in the `release`
/// profile too. Your own application should have one: with this, sessions end when the process
/// does.
fn with_cookie_secret(figment: Figment) -> Figment {
    let variables = ["LOGTO_COOKIE_SECRET", "LOGTO_COOKIE_SECRET_FILE"].map(std::env::var_os);
    let configured = variables.iter().any(Option::is_some)
        || figment.contains("logto.cookie_secret")
        || figment.contains("secret_key");
    let mut key = [0; 32];
    if configured || getrandom::fill(&mut key).is_err() {
        return figment;
    }
    let text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    figment.merge(("logto.cookie_secret", text))
}

#[launch]
fn rocket() -> _ {
    application(with_resource(with_cookie_secret(rocket::Config::figment())))
}

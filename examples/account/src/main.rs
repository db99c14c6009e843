//! A page where users see the data that Logto has about them, and change their name.
//!
//! If no endpoint is configured, it runs with `logto-dev`, without a Logto account.

mod logto;
mod pages;
#[cfg(test)]
mod tests;

use logto_dev::Provider;
use logto_rocket::{Audience, Error, Logto, LogtoClient, User, UserScope, authenticated};
use rocket::figment::Figment;
use rocket::form::Form;
use rocket::http::Status;
use rocket::response::{Redirect, content::RawCss};
use rocket::{
    Build, Either, FromForm, Request, Rocket, State, catch, catchers, get, launch, post, routes,
    uri,
};

use crate::logto::{AccountApi, Failure};
use crate::pages::Page;

/// The longest name that Logto accepts.
const LONGEST: usize = 128;

#[derive(FromForm)]
struct NewName<'r> {
    name: &'r str,
}

/// The user as the session has it.
#[get("/")]
fn home(user: Option<&User>) -> Page {
    pages::home(user)
}

/// The user as Logto has it now.
#[authenticated(redirect)]
#[get("/account?<changed>")]
async fn account(
    changed: bool,
    logto: LogtoClient<'_>,
    api: &State<AccountApi>,
) -> Result<Page, Problem> {
    let account = api.read(&token(&logto).await?).await?;
    Ok(pages::account(&account, changed))
}

/// The attribute refuses a form from another site.
#[authenticated(redirect)]
#[post("/account", data = "<form>")]
async fn change(
    form: Form<NewName<'_>>,
    logto: LogtoClient<'_>,
    api: &State<AccountApi>,
) -> Result<Either<Redirect, (Status, Page)>, Problem> {
    let name = form.name.trim();
    if let Some(why) = problem_of(name) {
        return Ok(Either::Right((Status::UnprocessableEntity, pages::wrong(name, why))));
    }
    api.rename(&token(&logto).await?, name).await?;
    // The session still has the claims of the sign-in. A refresh brings new ones.
    if let Err(error) = logto.refresh_access_token(Audience::logto()).await {
        rocket::warn!("the session keeps the old name until its next refresh: {error}");
    }
    Ok(Either::Left(Redirect::to(uri!(account(true)))))
}

fn problem_of(name: &str) -> Option<&'static str> {
    match name {
        "" => Some("Enter a name."),
        name if name.chars().count() > LONGEST => Some("Use at most 128 characters."),
        name if name.chars().any(char::is_control) => Some("Use letters, digits and signs only."),
        _ => None,
    }
}

/// The user's own token for Logto. It is opaque, and no other API accepts it.
async fn token(logto: &LogtoClient<'_>) -> Result<String, Problem> {
    let token = logto.access_token(Audience::logto()).await?;
    let token = token.ok_or(Status::Unauthorized)?;
    Ok(token.secret().to_owned())
}

/// Why a page is not there: Logto's token, the Account API, or the session.
#[derive(rocket::Responder)]
enum Problem {
    Session(Status),
    Token(Error),
    Api((Status, Page)),
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        Self::Session(status)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::Token(error)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        rocket::warn!("the Account API: {failure}");
        let (status, message) = failure.explained();
        Self::Api((status, pages::failure(status, message)))
    }
}

#[get("/style.css")]
fn style() -> RawCss<&'static str> {
    RawCss(include_str!("style.css"))
}

#[catch(default)]
fn failed(status: Status, _: &Request<'_>) -> Page {
    pages::failure(status, pages::explanation(status))
}

fn application(figment: Figment) -> Rocket<Build> {
    // For the address, which the page shows. `join`: `Rocket.toml` and the environment come first.
    rocket::custom(figment.join(("logto.scopes", [UserScope::Email.as_str()])))
        .attach(Provider::fairing())
        .attach(Logto::fairing())
        .attach(AccountApi::fairing())
        .mount("/", routes![home, account, change, style])
        .register("/", catchers![failed])
}

#[launch]
fn rocket() -> _ {
    application(rocket::Config::figment())
}

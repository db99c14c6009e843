//! Sign-out: here and at Logto, here only, and elsewhere, as Logto reports it.

use logto_rocket::{Logto, LogtoClient, Redirect, Result};
use rocket::form::Form;
use rocket::http::CookieJar;
use rocket::{FromForm, Route, State, post, routes};

use crate::sign_in;

pub(crate) fn routes() -> Vec<Route> {
    routes![sign_out, sign_out_here, backchannel_logout]
}

/// POST only: no link, image or prefetch signs out. `LogtoClient::sign_out()` answers a form
/// from another origin with 403, like the route that the fairing would mount.
#[post("/sign-out")]
async fn sign_out(logto: LogtoClient<'_>) -> Result<Redirect> {
    logto.sign_out().await
}

/// The user stays signed in at Logto. The public page must not sign them in again at once.
#[post("/sign-out/here")]
async fn sign_out_here(jar: &CookieJar<'_>, logto: LogtoClient<'_>) -> Result<Redirect> {
    let redirect = logto.sign_out_here().await?;
    sign_in::try_no_more(jar);
    Ok(redirect)
}

#[derive(FromForm)]
struct LogoutToken<'f> {
    logout_token: &'f str,
}

/// Logto calls this itself when a user signs out there or in another application.
#[post("/backchannel-logout", data = "<body>")]
async fn backchannel_logout(body: Form<LogoutToken<'_>>, logto: &State<Logto>) -> Result<()> {
    logto.handle_backchannel_logout(body.logout_token).await
}

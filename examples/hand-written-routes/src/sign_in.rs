//! Sign-in, sign-up, silent sign-in, and the callback.

use std::convert::Infallible;

use logto_rocket::{
    Error, ErrorKind, FirstScreen, LogtoClient, Prompt, Redirect, Result, SignInOptions,
};
use rocket::http::{Cookie, CookieJar, SameSite, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::content::RawHtml;
use rocket::{Responder, Route, get, response, routes, uri};

use crate::pages;

pub(crate) fn routes() -> Vec<Route> {
    routes![sign_in, sign_up, silent, callback]
}

/// Strangers come here from pages with `redirect`, which add `return_to`.
#[get("/sign-in?<return_to>&<hint>")]
async fn sign_in(
    return_to: Option<&str>,
    hint: Option<&str>,
    logto: LogtoClient<'_>,
) -> Result<Redirect> {
    let options = SignInOptions::new().first_screen(FirstScreen::SignIn);
    let options = match hint {
        Some(hint) => options.login_hint(hint),
        None => options,
    };
    begin(&logto, options, return_to).await
}

#[get("/sign-up?<return_to>")]
async fn sign_up(return_to: Option<&str>, logto: LogtoClient<'_>) -> Result<Redirect> {
    begin(&logto, SignInOptions::new().first_screen(FirstScreen::Register), return_to).await
}

/// Begins a sign-in that ends at `return_to`. Anybody can write a link with another site in it:
/// anything but a path of this site fails, and the user goes home instead.
async fn begin(
    logto: &LogtoClient<'_>,
    options: SignInOptions,
    return_to: Option<&str>,
) -> Result<Redirect> {
    if let Some(path) = return_to {
        match logto.sign_in(options.clone().post_redirect_path(path)).await {
            Err(error) if error.kind() == ErrorKind::InvalidOptions => {}
            begun => return begun,
        }
    }
    logto.sign_in(options).await
}

/// The button of the public page that asks Logto once more.
#[get("/silent")]
async fn silent(jar: &CookieJar<'_>, logto: LogtoClient<'_>) -> Result<Redirect> {
    silently(&logto, jar).await
}

/// Signs in users who are signed in at Logto, without asking.
pub(crate) async fn silently(logto: &LogtoClient<'_>, jar: &CookieJar<'_>) -> Result<Redirect> {
    try_no_more(jar);
    logto.sign_in(SignInOptions::new().prompt([Prompt::None]).post_redirect_path("/")).await
}

const TRIED: &str = "tried";

/// Without this cookie, a stranger would go from the page to Logto and back forever. It lasts
/// until the browser is closed, and is `Lax`, as a strict one would not come back from Logto.
pub(crate) fn try_no_more(jar: &CookieJar<'_>) {
    jar.add(Cookie::build((TRIED, "1")).same_site(SameSite::Lax).http_only(true));
}

pub(crate) fn was_tried(jar: &CookieJar<'_>) -> bool {
    jar.get(TRIED).is_some()
}

/// Whether the browser says that a person opens a page with this request. A crawler, a script
/// or a prefetch sees the public page and is not sent to Logto.
pub(crate) struct IsOpened(pub(crate) bool);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IsOpened {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let header = |name| request.headers().get_one(name);
        let is_page = header("Sec-Fetch-Dest") == Some("document");
        Outcome::Success(Self(is_page && header("Sec-Purpose").is_none()))
    }
}

/// Where Logto sends the browser back.
#[get("/callback")]
async fn callback(logto: LogtoClient<'_>) -> Result<Redirect, NotSignedIn> {
    logto.handle_sign_in_callback().await.map_err(|error| NotSignedIn::new(&error, &logto))
}

/// The answer to a callback that does not sign in.
#[derive(Responder)]
enum NotSignedIn {
    /// A silent sign-in, and nobody is signed in at Logto: the public page is for strangers too.
    Home(Box<response::Redirect>),
    /// A page, never a redirect to another sign-in: with a browser that drops cookies, that
    /// would never end.
    Page((Status, RawHtml<String>)),
}

impl NotSignedIn {
    fn new(error: &Error, logto: &LogtoClient<'_>) -> Self {
        if error.kind() == ErrorKind::InteractionRequired {
            return Self::Home(Box::new(response::Redirect::to(uri!(crate::home))));
        }
        // It has no code and no token.
        log::warn!("a callback did not sign in: {error}");
        Self::Page((error.status(), pages::not_signed_in(error.kind(), logto)))
    }
}

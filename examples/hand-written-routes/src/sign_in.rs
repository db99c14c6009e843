//! Sign-in, sign-up, silent sign-in, and the callback.

use std::convert::Infallible;

use logto_rocket::{
    Error, ErrorKind, FirstScreen, LogtoClient, Prompt, Redirect, Result, SignInOptions,
};
use rocket::http::{Cookie, CookieJar, SameSite, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::content::RawHtml;
use rocket::{Responder, Route, get, response, routes};

use crate::pages;

pub(crate) fn routes() -> Vec<Route> {
    routes![sign_in, sign_up, silent, callback]
}

/// Strangers come here from pages with `redirect`, which add `return_to`. Anybody can write a
/// link with another site in it: what is not a path of this site is ignored.
#[get("/sign-in?<return_to>&<hint>")]
async fn sign_in(
    return_to: Option<&str>,
    hint: Option<&str>,
    logto: LogtoClient<'_>,
) -> Result<Redirect> {
    let options = SignInOptions::new().first_screen(FirstScreen::SignIn).return_to(return_to);
    let options = match hint {
        Some(hint) => options.login_hint(hint),
        None => options,
    };
    logto.sign_in(options).await
}

#[get("/sign-up?<return_to>")]
async fn sign_up(return_to: Option<&str>, logto: LogtoClient<'_>) -> Result<Redirect> {
    let options = SignInOptions::new().first_screen(FirstScreen::Register);
    logto.sign_in(options.return_to(return_to)).await
}

/// The button of the public page that asks Logto once more.
#[get("/silent")]
async fn silent(jar: &CookieJar<'_>, logto: LogtoClient<'_>) -> Result<Redirect> {
    silently(&logto, jar).await
}

/// Signs in users who are signed in at Logto, without asking.
pub(crate) async fn silently(logto: &LogtoClient<'_>, jar: &CookieJar<'_>) -> Result<Redirect> {
    let options = SignInOptions::new().prompt([Prompt::None]).post_redirect_path("/");
    let redirect = logto.sign_in(options).await?;
    try_no_more(jar);
    Ok(redirect)
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

/// Whether a browser says that it opens a page with this request. A crawler says nothing of the
/// kind, and sees the public page. Scripts and prefetches `sign_in()` refuses by itself.
pub(crate) struct IsOpened(pub(crate) bool);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for IsOpened {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let destination = request.headers().get_one("Sec-Fetch-Dest");
        Outcome::Success(Self(destination == Some("document")))
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
    /// A silent sign-in, and nobody is signed in at Logto: the page that began it is for
    /// strangers too.
    Back(Box<response::Redirect>),
    /// A page, never a redirect to another sign-in: with a browser that drops cookies that
    /// would not end.
    Page((Status, RawHtml<String>)),
}

impl NotSignedIn {
    fn new(error: &Error, logto: &LogtoClient<'_>) -> Self {
        if error.kind() == ErrorKind::InteractionRequired {
            let page = error.return_to().unwrap_or("/").to_owned();
            return Self::Back(Box::new(response::Redirect::to(page)));
        }
        // It has no code and no token.
        rocket::warn!("a callback did not sign in: {error}");
        Self::Page((error.status(), pages::not_signed_in(error, logto)))
    }
}

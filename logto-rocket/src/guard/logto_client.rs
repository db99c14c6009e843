mod sessions;
mod tokens;

use std::fmt;
use std::sync::Arc;

use rocket::http::uri::Origin;
use rocket::outcome::Outcome as RocketOutcome;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::{Ignite, Rocket, Sentinel};

use super::{abort_without_sign_in, id_token_claims, not_attached, user};
use crate::claims::{IdTokenClaims, User, UserInfo};
#[cfg(doc)]
use crate::error::ErrorKind;
use crate::error::{Error, Result};
use crate::location::Redirect;
use crate::logto::Logto;
use crate::options::SignInOptions;
use crate::request::Visit;
use crate::sign_out::SignedOut;

/// A request guard for all operations of Logto's SDKs, on this request's session.
///
/// Use it to write your own routes where the fairing's do not fit, and to ask about the
/// user without requiring one. See the chapter [`guide::recipes`](crate::guide::recipes).
///
/// # Request Guard
///
/// The guard always succeeds; its methods say what failed. An application without
/// [`Logto`](crate::Logto) attached does not launch.
///
/// A request that presented an access token to a route with `bearer` has no session: the
/// methods see no user, whatever the cookies say, and end no session.
///
/// # Example
///
/// Hand-written routes instead of the fairing's (switch those off with `routes.sign_in =
/// false` and so on):
///
/// ```rust
/// use logto_rocket::{Error, FirstScreen, LogtoClient, Redirect, SignInOptions};
/// use rocket::get;
///
/// #[get("/sign-in?<return_to>")]
/// async fn sign_in(
///     return_to: Option<&str>, logto: LogtoClient<'_>,
/// ) -> Result<Redirect, Error> {
///     let options = SignInOptions::new().first_screen(FirstScreen::SignIn);
///     logto.sign_in(options.return_to(return_to)).await
/// }
///
/// #[get("/callback")]
/// async fn callback(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
///     logto.handle_sign_in_callback().await
/// }
///
/// #[get("/sign-out")]
/// async fn sign_out(logto: LogtoClient<'_>) -> Result<Redirect, Error> {
///     logto.sign_out().await
/// }
///
/// #[get("/")]
/// async fn home(logto: LogtoClient<'_>) -> Result<String, Error> {
///     Ok(match logto.user().await? {
///         Some(user) => format!("Hello, {}!", user.name().unwrap_or("you")),
///         None => "Hello, stranger.".into(),
///     })
/// }
/// ```
pub struct LogtoClient<'r> {
    logto: &'r Logto,
    visit: Visit<'r>,
    uri: &'r Origin<'r>,
}

impl<'r> LogtoClient<'r> {
    /// Begins a sign-in and returns the redirect to Logto.
    ///
    /// The user returns to `return_to` of the options, which may come from the query, else to
    /// their `post_redirect_path`, else to that of the configuration, else to the home page.
    ///
    /// In a GET route it acts only for a person who opens a page: not for HEAD, a prefetch,
    /// an image, a frame or a script. There, a browser on a host other than that of
    /// `base_url`, such as `127.0.0.1` in place of `localhost`, is first sent to the same
    /// address on the right one, with `moved` in the query. In a POST route, forms and
    /// scripts may ask for it too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotNavigation`] (403) if the request is not from a person opening a
    /// page, [`ErrorKind::Unreachable`] or [`ErrorKind::InvalidAnswer`] if Logto's
    /// metadata is not available, [`ErrorKind::InvalidOptions`] if the options contradict
    /// the protocol, [`ErrorKind::SignInLoop`] if this browser has just signed in several
    /// times and came back without its session.
    pub async fn sign_in(&self, options: SignInOptions) -> Result<Redirect> {
        Ok(Redirect::to(self.logto.begin_sign_in(self.visit, &options).await?))
    }

    /// The address of a link to sign in, after which the user goes to `return_to`: a path on
    /// this site, or its full address. Anything else is ignored, so it may come from a query;
    /// without it the user goes to `post_redirect_path` of the configuration, else home.
    ///
    /// It is the path of [`Routes::sign_in`](crate::Routes::sign_in), with `return_to` as its
    /// query parameter. A landing page (`redirect = "/welcome"`) receives `return_to`, and
    /// passes it on like this:
    ///
    /// ```rust
    /// use logto_rocket::LogtoClient;
    /// use rocket::{get, response::content::RawHtml};
    ///
    /// #[get("/welcome?<return_to>")]
    /// fn welcome(return_to: Option<&str>, logto: LogtoClient<'_>) -> RawHtml<String> {
    ///     let link = logto.sign_in_link(return_to).replace('&', "&amp;");
    ///     RawHtml(format!(r#"<a href="{link}">Sign in</a>"#))
    /// }
    /// ```
    pub fn sign_in_link(&self, return_to: Option<&str>) -> String {
        let return_to = return_to.and_then(|path| self.logto.site().return_path(path));
        self.logto.sign_in_location(return_to.as_ref())
    }

    /// The address of a link to sign up, to [`Routes::sign_up`](crate::Routes::sign_up), with
    /// `return_to` as in [`sign_in_link()`](Self::sign_in_link).
    pub fn sign_up_link(&self, return_to: Option<&str>) -> String {
        let return_to = return_to.and_then(|path| self.logto.site().return_path(path));
        self.logto.route_location(&self.logto.config().routes.sign_up, return_to.as_ref())
    }

    /// The address of a link or form to sign out: the path of
    /// [`Routes::sign_out`](crate::Routes::sign_out), after that of `base_url`.
    pub fn sign_out_link(&self) -> String {
        self.logto.route_location(&self.logto.config().routes.sign_out, None)
    }

    /// Completes the sign-in of this request's callback and returns the redirect
    /// to where the user was going.
    ///
    /// # Errors
    ///
    /// [`Error::return_to()`] says where the user was going, for a link to sign in again. Never
    /// redirect to another sign-in: with a browser that drops cookies that would never end.
    ///
    /// [`ErrorKind::SignInNotFound`], [`ErrorKind::InvalidCallback`],
    /// [`ErrorKind::Cancelled`] or [`ErrorKind::Refused`] if the callback does not sign
    /// in, [`ErrorKind::InteractionRequired`] if a silent sign-in found no user,
    /// [`ErrorKind::SignInRefused`] if [`Hooks`](crate::Hooks) refuse the user,
    /// [`ErrorKind::Hook`] if a hook fails with [`Error::hook()`],
    /// [`ErrorKind::InvalidIdToken`], [`ErrorKind::InvalidAnswer`] or
    /// [`ErrorKind::Unreachable`] if Logto's answer does not sign in, [`ErrorKind::Store`]
    /// or [`ErrorKind::SessionTooLarge`] if the session cannot be kept.
    pub async fn handle_sign_in_callback(&self) -> Result<Redirect> {
        let query = self.visit.state.callback_query(self.uri);
        let completed = self.logto.complete_sign_in(self.visit, query).await?;
        Ok(Redirect::to(self.logto.site().page(&completed.return_to)))
    }

    /// Ends the session here and returns the redirect that ends it at Logto, which sends
    /// the user on to `post_sign_out_path`. If Logto cannot be reached, the redirect goes
    /// there directly.
    ///
    /// In a GET route it acts only for a person who opens a page: not for HEAD, a
    /// prefetch, an image, a frame or a script. In a POST route, scripts may ask for it
    /// too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CrossSite`] if a page on another site sent the request, or, with a
    /// method other than GET, HEAD or OPTIONS, a page of another origin that is not one
    /// of [`trusted_origins`](crate::Config::trusted_origins),
    /// [`ErrorKind::NotNavigation`] if the request is not from a person opening a page,
    /// [`ErrorKind::Store`] if the session cannot be ended. The session continues.
    pub async fn sign_out(&self) -> Result<Redirect> {
        match self.logto.sign_out(self.visit).await? {
            SignedOut::ToLogto(location) => Ok(Redirect::to(location)),
            SignedOut::HereOnly => Ok(Redirect::to(self.logto.after_sign_out())),
        }
    }

    /// Ends the session only here and returns the redirect to `post_sign_out_path`. The
    /// user stays signed in at Logto, and so in other applications: the next sign-in here
    /// needs no password. The refresh token is revoked.
    ///
    /// It also acts for scripts and frames of this site, with any method but HEAD: an
    /// application may have its own reasons to end a session.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::CrossSite`] as in [`sign_out()`](Self::sign_out),
    /// [`ErrorKind::NotNavigation`] for HEAD, and for a browser that prefetches or
    /// prerenders, [`ErrorKind::Store`] if the session cannot be ended. The session
    /// continues.
    pub async fn sign_out_here(&self) -> Result<Redirect> {
        self.logto.sign_out_here(self.visit).await?;
        Ok(Redirect::to(self.logto.after_sign_out()))
    }

    /// The application's Logto, for operations independent of this request.
    pub fn logto(&self) -> &'r Logto {
        self.logto
    }

    /// Whether a user is signed in. Only checks the session, unless `session.revalidate`
    /// requires asking Logto again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if the session cannot be read.
    pub async fn is_authenticated(&self) -> Result<bool> {
        Ok(self.logto.session(self.visit).await?.is_some())
    }

    /// The signed-in user; `None` for a stranger.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if the session cannot be read.
    pub async fn user(&self) -> Result<Option<&'r User>> {
        user(self.logto, self.visit).await
    }

    /// The claims of the ID token; `None` for a stranger.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if the session cannot be read.
    pub async fn id_token_claims(&self) -> Result<Option<&'r IdTokenClaims>> {
        id_token_claims(self.logto, self.visit).await
    }

    /// The verified ID token itself, while it is remembered: `None` for a stranger, an
    /// hour after sign-in or refresh, and after a restart if instances share nothing.
    /// Secret.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if the session cannot be read.
    pub async fn id_token(&self) -> Result<Option<Arc<str>>> {
        match self.logto.session(self.visit).await? {
            Some(session) => Ok(self.logto.id_token(&session).await),
            None => Ok(None),
        }
    }

    /// Asks Logto for the user info, once per request; `None` for a stranger. An expired
    /// access token is refreshed first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::SessionEnded`] if Logto ended the session, which ends it here too,
    /// [`ErrorKind::NotAuthenticated`] if the access token has expired and there is no
    /// refresh token, [`ErrorKind::Unreachable`], [`ErrorKind::Refused`],
    /// [`ErrorKind::InvalidAnswer`] and [`ErrorKind::InvalidUserInfo`] if Logto does not
    /// answer or its answer cannot be used, [`ErrorKind::Store`] if the session cannot be
    /// read.
    pub async fn fetch_user_info(&self) -> Result<Option<&'r UserInfo>> {
        self.logto.user_info(self.visit).await
    }
}

impl fmt::Debug for LogtoClient<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogtoClient").field(self.logto).finish()
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for LogtoClient<'r> {
    type Error = Error;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Error> {
        match Logto::of(request) {
            Some(logto) => {
                let visit = Visit::of(request);
                RocketOutcome::Success(Self { logto, visit, uri: request.uri() })
            }
            None => not_attached(),
        }
    }
}

impl Sentinel for LogtoClient<'_> {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        abort_without_sign_in(rocket, "the guard `LogtoClient`")
    }
}

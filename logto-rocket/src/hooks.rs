//! Hooks for the events in a session's life.

use rocket::request::Request;
use rocket::response::Response;

use crate::claims::User;
use crate::error::{Error, Result};
use crate::location::Site;
use crate::sender::{self, Origins};

/// Code to run when a user has signed in or out, when their tokens were refreshed, and
/// when something failed.
///
/// Attach it with [`LogtoFairing::hooks()`](crate::LogtoFairing::hooks). Every method has a
/// default that does nothing. Each receives the request, which gives access to the
/// application's state, database pools and guards, including
/// [`LogtoClient`](crate::LogtoClient), as `request.guard::<LogtoClient>()`. See the
/// chapter [`guide::hooks`](crate::guide::hooks).
///
/// # Example
///
/// ```rust
/// use std::collections::HashSet;
/// use std::sync::Mutex;
///
/// use logto_rocket::{AfterSignIn, Error, Hooks, Logto, User};
/// use rocket::{Request, State};
///
/// #[derive(Default)]
/// struct Members(Mutex<HashSet<String>>); // or a database pool
///
/// struct Provisioning;
///
/// #[rocket::async_trait]
/// impl Hooks for Provisioning {
///     async fn after_sign_in(&self, request: &Request<'_>, user: &User) -> Result<AfterSignIn, Error> {
///         if user.roles().unwrap_or_default().contains(&"blocked") {
///             return Ok(AfterSignIn::Refuse("Your account is blocked here.".into()));
///         }
///         let members = request.rocket().state::<Members>().expect("it is managed");
///         let is_new = members.0.lock().unwrap().insert(user.subject().into());
///         Ok(if is_new { AfterSignIn::RedirectTo("/welcome".into()) } else { AfterSignIn::Continue })
///     }
/// }
///
/// # fn app() -> rocket::Rocket<rocket::Build> {
/// rocket::build().manage(Members::default()).attach(Logto::fairing().hooks(Provisioning))
/// # }
/// ```
#[rocket::async_trait]
pub trait Hooks: Send + Sync + 'static {
    /// A user has signed in, and the request has their session. The browser does not have
    /// it yet: the hook may refuse it, or change where the user goes. Runs once for every
    /// sign-in, by the mounted routes or by
    /// [`handle_sign_in_callback()`](crate::LogtoClient::handle_sign_in_callback);
    /// duplicate callbacks share its decision. If the request that runs it is dropped,
    /// for example because its client disconnects, the next callback runs it again.
    ///
    /// # Errors
    ///
    /// An error fails the sign-in with its status. A session that the browser had before
    /// stays. If your database is down, return [`Error::hook()`]: 503 Service Unavailable.
    async fn after_sign_in(&self, request: &Request<'_>, user: &User) -> Result<AfterSignIn> {
        let _ = (request, user);
        Ok(AfterSignIn::Continue)
    }

    /// A user has signed out here. Logto does not know yet: the answer sends the browser
    /// there.
    async fn after_sign_out(&self, request: &Request<'_>, user: &User) {
        let _ = (request, user);
    }

    /// Logto issued new tokens for the session of this request, possibly with new claims.
    /// Runs once for every refresh, in the request that asked for it; not if its client
    /// has already disconnected.
    async fn after_refresh(&self, request: &Request<'_>, user: &User) {
        let _ = (request, user);
    }

    /// Something failed in a mounted route or before a protected handler, and this is the
    /// answer; `None` leaves it to the application's catchers and then to pages of this
    /// crate. An answer of 200 gets the status of the error. Strangers are not an error,
    /// and answers to Logto's logout tokens do not come here.
    async fn on_error<'r>(&self, request: &'r Request<'_>, error: &Error) -> Option<Response<'r>> {
        let _ = (request, error);
        None
    }
}

/// How a sign-in continues, decided by [`Hooks::after_sign_in()`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterSignIn {
    /// To where the user was going.
    Continue,
    /// To this path on this site.
    RedirectTo(String),
    /// Not at all: the new session ends, and the user gets this reason with 403
    /// Forbidden. An earlier session of the browser stays.
    Refuse(String),
}

/// A request for hooks, independent of its lifetime: up to Rocket 0.5.1 a request's
/// lifetime cannot be shortened.
#[rocket::async_trait]
pub(crate) trait Hooked: Send + Sync {
    /// The `Cookie` headers as received: of several cookies with one name Rocket keeps
    /// the last.
    fn cookie_headers(&self) -> Vec<&str>;
    /// The browser's `User-Agent`.
    fn user_agent(&self) -> Option<&str>;
    /// Like [`Site::moved()`].
    fn moved(&self, site: &Site) -> Option<String>;
    /// Like [`sender::check_sign_in()`].
    fn check_sign_in(&self, was_head: bool) -> Result<()>;
    /// Like [`sender::check_sign_out()`].
    fn check_sign_out(&self, origins: &Origins, was_head: bool) -> Result<()>;
    /// Like [`sender::check_sign_out_here()`].
    fn check_sign_out_here(&self, origins: &Origins, was_head: bool) -> Result<()>;
    async fn after_sign_in(&self, hooks: &dyn Hooks, user: &User) -> Result<AfterSignIn>;
    async fn after_sign_out(&self, hooks: &dyn Hooks, user: &User);
    async fn after_refresh(&self, hooks: &dyn Hooks, user: &User);
}

#[rocket::async_trait]
impl Hooked for Request<'_> {
    fn cookie_headers(&self) -> Vec<&str> {
        self.headers().get("Cookie").collect()
    }

    fn user_agent(&self) -> Option<&str> {
        self.headers().get_one("User-Agent")
    }

    fn moved(&self, site: &Site) -> Option<String> {
        site.moved(self)
    }

    fn check_sign_in(&self, was_head: bool) -> Result<()> {
        sender::check_sign_in(self, was_head)
    }

    fn check_sign_out(&self, origins: &Origins, was_head: bool) -> Result<()> {
        sender::check_sign_out(self, origins, was_head)
    }

    fn check_sign_out_here(&self, origins: &Origins, was_head: bool) -> Result<()> {
        sender::check_sign_out_here(self, origins, was_head)
    }

    async fn after_sign_in(&self, hooks: &dyn Hooks, user: &User) -> Result<AfterSignIn> {
        hooks.after_sign_in(self, user).await
    }

    async fn after_sign_out(&self, hooks: &dyn Hooks, user: &User) {
        hooks.after_sign_out(self, user).await;
    }

    async fn after_refresh(&self, hooks: &dyn Hooks, user: &User) {
        hooks.after_refresh(self, user).await;
    }
}

/// The hooks of an application that has none.
pub(crate) struct NoHooks;

impl Hooks for NoHooks {}

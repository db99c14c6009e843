//! The answers to strangers and to failures.

mod callback;
mod drain;
mod page;

use std::borrow::Cow;
use std::io::Cursor;

use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder};
use rocket::route::Outcome;
use rocket::{Config, Response};

pub(crate) use self::callback::was_left;
pub(crate) use self::drain::drain;
pub(crate) use self::page::Page;
use crate::error::{Error, ErrorKind};
use crate::location::{Redirect, ReturnPath};
use crate::logto::Logto;
use crate::request::RequestState;
use crate::sender::Navigation;
use crate::warning;

/// Seconds after which a client may try again if Logto did not answer.
pub(crate) const RETRY_AFTER: &str = "5";

/// Where a stranger is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stranger {
    /// Nowhere.
    Unauthorized,
    /// To the sign-in route, and back afterwards.
    SignIn,
    /// To a page of this site.
    Page(&'static str),
}

/// Our own answer, or the status for the application's catcher.
pub(crate) enum Answer {
    Redirect(Redirect),
    Json(Status, Cow<'static, str>),
    Page(Page),
    Catcher(Status),
}

/// Answers a stranger: 303 if a person navigates and the route redirects, else 401.
pub(crate) fn stranger(logto: &Logto, request: &Request<'_>, stranger: Stranger) -> Answer {
    let location = match (stranger, Navigation::of(request)) {
        (Stranger::Unauthorized, _) | (_, Navigation::No) => return unauthorized(request),
        (Stranger::Page(path), _) => {
            logto.site().page_returning(path, ReturnPath::of(request).as_ref())
        }
        (Stranger::SignIn, _) => logto.sign_in_location(ReturnPath::of(request).as_ref()),
    };
    Answer::Redirect(Redirect::to(location))
}

/// 401: by the application's own catcher, else a page with a link to sign in if a person
/// navigates to HTML, else JSON.
pub(crate) fn unauthorized(request: &Request<'_>) -> Answer {
    let navigates = Navigation::of(request) != Navigation::No;
    if navigates
        && Navigation::accepts_html(request)
        && let Some(logto) = Logto::of(request)
    {
        if has_catcher(request, |code| code.is_none_or(|code| code == 401)) {
            return Answer::Catcher(Status::Unauthorized);
        }
        let sign_in = logto.sign_in_location(ReturnPath::of(request).as_ref());
        let page = Page::new(Status::Unauthorized, "Sign in to continue", "You are not signed in.");
        return Answer::Page(page.link(sign_in, "Sign in"));
    }
    if has_catcher(request, |code| code == Some(401)) {
        return Answer::Catcher(Status::Unauthorized);
    }
    Answer::Json(Status::Unauthorized, "Not authenticated".into())
}

/// 401 for a request without an access token if there is no other way in: by the
/// application's own catcher, else JSON.
pub(crate) fn no_token(request: &Request<'_>) -> Answer {
    match has_catcher(request, |code| code == Some(401)) {
        true => Answer::Catcher(Status::Unauthorized),
        false => Answer::Json(Status::Unauthorized, "Not authenticated".into()),
    }
}

/// Answers a failure: by the application's catcher for its status, or by its
/// default catcher, else by ours.
pub(crate) fn failure(request: &Request<'_>, error: &Error) -> Answer {
    let status = error.status();
    warning::warn("a request failed", error);
    let state = RequestState::of(request);
    state.fail(error);
    if error.kind() == ErrorKind::NotAllowed && state.is_by_token() {
        state.challenge("Bearer error=\"insufficient_scope\"".to_owned());
    }
    if has_catcher(request, |code| code.is_none_or(|code| code == status.code)) {
        return Answer::Catcher(status);
    }
    if !Navigation::accepts_html(request) {
        return Answer::Json(status, message_in(request, error));
    }
    Answer::Page(page(request, error))
}

/// The page for a failure, with a link to the same page again, or home if that was a form;
/// for a callback, to another sign-in.
pub(crate) fn page(request: &Request<'_>, error: &Error) -> Page {
    if let (Some(return_to), Some(logto)) = (error.return_to(), Logto::of(request)) {
        return callback::page(logto, request, error, return_to);
    }
    let title = match error.kind() {
        ErrorKind::SignInLoop => "Sign-in keeps repeating",
        ErrorKind::CrossSite | ErrorKind::NotNavigation => "Request refused",
        _ if error.status() == Status::Forbidden => "No access",
        _ => "Something went wrong",
    };
    let page = Page::new(error.status(), title, message_in(request, error));
    let Some(logto) = Logto::of(request) else { return page };
    match ReturnPath::of(request) {
        Some(again) => page.link(logto.site().page(&again), "Try again"),
        // A form cannot be sent again for the user.
        None => page.link(logto.site().page(&ReturnPath::root()), "Home"),
    }
}

/// Answers a failure as the application renders it, else with `answer`.
pub(crate) async fn rendered<'r>(
    logto: &Logto,
    request: &'r Request<'_>,
    error: &Error,
    answer: Answer,
) -> Outcome<'r> {
    let Some(mut response) = logto.hooks().on_error(request, error).await else {
        return answer.outcome(request);
    };
    // A failure must not pass for a success, be cached, or leak its address.
    if response.status() == Status::Ok {
        response.set_status(error.status());
    }
    response.set_header(Header::new("Cache-Control", "private, no-store"));
    response.set_header(Header::new("Referrer-Policy", "no-referrer"));
    Outcome::Success(response)
}

/// The message about a failure for a person.
pub(crate) fn message(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Unreachable => {
            "The sign-in service is not responding. Please try again shortly."
        }
        ErrorKind::Store => "Your session is not available right now. Please try again shortly.",
        ErrorKind::Hook => {
            "Something in this application is not working right now. Please try again shortly."
        }
        ErrorKind::SessionTooLarge => {
            "Your session is too large for your browser's cookies: you have too many organizations \
             or roles. Trying again will not help. Please contact the operator of this application."
        }
        ErrorKind::Denied => match error.description() {
            Some(said) if said.contains("MFA") => {
                "This organization requires a second factor. Please set one up in your account and \
                 sign in again."
            }
            Some(said) if said.contains("not a member") => {
                "You are not a member of this organization."
            }
            _ => "You do not have access to this, or not in this organization.",
        },
        ErrorKind::NotAllowed => "You are not allowed to do this.",
        ErrorKind::InvalidAccessToken => "The access token is not valid here, or has expired.",
        ErrorKind::InvalidRequest => "The request has no readable access token.",
        ErrorKind::InteractionRequired => "Please sign in to continue.",
        ErrorKind::Cancelled => "The sign-in was cancelled.",
        ErrorKind::NotGranted => {
            "Your sign-in does not cover this. Please sign out, sign in again and retry."
        }
        ErrorKind::SignInLoop => {
            "You signed in several times in a row, but no session was kept. Either this browser \
             rejects the session's cookie, or the application runs in several processes that do \
             not share sessions or whose clocks differ, or the sign-in service ends your session \
             immediately."
        }
        ErrorKind::InvalidIdToken => {
            "The sign-in service's response could not be verified. If this happens again, the \
             clock of this application may be wrong."
        }
        ErrorKind::CrossSite => "A page on another site sent this request.",
        ErrorKind::NotNavigation => "Only a link or a form can do this. Nothing has changed.",
        ErrorKind::InvalidLogoutToken => "This is not a logout token from the sign-in service.",
        ErrorKind::InvalidSubjectToken => "The token is no longer valid.",
        ErrorKind::InvalidOptions => "The application asked for an impossible sign-in.",
        ErrorKind::SessionEnded => "You have been signed out. Please sign in again.",
        _ => "The sign-in service's response could not be used.",
    }
}

/// The same, and in the `debug` profile what was missing, or why a token is invalid.
fn message_in(request: &Request<'_>, error: &Error) -> Cow<'static, str> {
    let message = message(error);
    let is_debug = request.rocket().config().profile == Config::DEBUG_PROFILE;
    match error.kind() {
        ErrorKind::NotAllowed | ErrorKind::InvalidAccessToken | ErrorKind::InvalidRequest
            if is_debug && !error.detail().is_empty() =>
        {
            format!("{message} ({})", error.detail()).into()
        }
        _ => message.into(),
    }
}

/// Whether the application has a catcher for such a code that covers the request.
fn has_catcher(request: &Request<'_>, code: impl Fn(Option<u16>) -> bool) -> bool {
    let path = request.uri().path();
    let covers = |base: &str| {
        let base = base.trim_end_matches('/');
        path.as_str()
            .strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    request.rocket().catchers().any(|c| code(c.code) && covers(c.base.path().as_str()))
}

impl Answer {
    pub(crate) fn outcome<'r>(self, request: &'r Request<'_>) -> Outcome<'r> {
        match self.respond_to(request) {
            Ok(response) => Outcome::Success(response),
            Err(status) => Outcome::Error(status),
        }
    }
}

impl<'r> Responder<'r, 'static> for Answer {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match self {
            Self::Redirect(redirect) => redirect.respond_to(request),
            Self::Json(status, error) => Ok(json(status, &error)),
            Self::Page(page) => page.respond_to(request),
            Self::Catcher(status) => Err(status),
        }
    }
}

/// `{"error": "..."}`, as Logto's Python SDK answers.
fn json(status: Status, error: &str) -> Response<'static> {
    let body = serde_json::json!({ "error": error }).to_string();
    Response::build()
        .status(status)
        .header(ContentType::JSON)
        .header(Header::new("Cache-Control", "private, no-store"))
        .sized_body(body.len(), Cursor::new(body))
        .finalize()
}

/// Answers with [`Error::status()`], through the application's catcher for it if there is
/// one.
impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let answer =
            if self.is_stranger() { unauthorized(request) } else { failure(request, &self) };
        answer.respond_to(request)
    }
}

//! What strangers and failures get.

mod navigation;
mod page;

use std::io::Cursor;

use rocket::Response;
use rocket::http::{ContentType, Header, Status};
use rocket::request::Request;
use rocket::response::{self, Responder};
use rocket::route::Outcome;

pub(crate) use self::navigation::Navigation;
pub(crate) use self::page::Page;
use crate::error::{Error, ErrorKind};
use crate::guard::Redirect;
use crate::location::ReturnPath;
use crate::state::Logto;
use crate::state::marker::Marker;

/// Seconds after which a client may try again when Logto did not answer.
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

/// Answers a stranger: 303 to a person who navigates where the route redirects,
/// else 401 by the application's catcher, else 401 in JSON.
pub(crate) fn stranger<'r>(
    logto: &Logto,
    request: &'r Request<'_>,
    stranger: Stranger,
) -> Outcome<'r> {
    let location = match (stranger, Navigation::of(request)) {
        (Stranger::Unauthorized, _) | (_, Navigation::No) => None,
        (Stranger::Page(path), _) => Some(logto.site().page_returning(path, None)),
        (Stranger::SignIn, Navigation::Page) => Some(sign_in(logto, ReturnPath::of(request))),
        (Stranger::SignIn, Navigation::Form) => Some(sign_in(logto, None)),
    };
    match location {
        Some(location) => respond(request, Redirect(location)),
        None => unauthorized(request),
    }
}

fn sign_in(logto: &Logto, return_to: Option<ReturnPath>) -> String {
    logto.site().page_returning(&logto.sign_in_path(), return_to.as_ref())
}

/// 401, by the application's own catcher for it or as JSON.
pub(crate) fn unauthorized<'r>(request: &'r Request<'_>) -> Outcome<'r> {
    if has_catcher(request, |code| code == Some(401)) {
        return Outcome::Error(Status::Unauthorized);
    }
    respond(request, Json(Status::Unauthorized, "Not authenticated"))
}

/// Answers a failure: by the application's catcher for its status, or by its
/// default catcher, else by ours.
pub(crate) fn failure<'r>(request: &'r Request<'_>, error: &Error) -> Outcome<'r> {
    let code = error.status().code;
    log::warn!("logto: {error}");
    Marker::of(request).fail(error);
    if has_catcher(request, |given| given.is_none_or(|given| given == code)) {
        return Outcome::Error(error.status());
    }
    if !Navigation::accepts_html(request) {
        return respond(request, Json(error.status(), message(error)));
    }
    respond(request, Page::new(error.status(), "Something went wrong", message(error)))
}

/// What a person is told of a failure.
pub(crate) fn message(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Unreachable => "The sign-in service does not answer. Please try again shortly.",
        ErrorKind::Store => "Your session cannot be read right now. Please try again shortly.",
        ErrorKind::SessionTooLarge => "There is more to keep of you than fits into cookies.",
        ErrorKind::InvalidOptions => "The application asked for a sign-in that cannot be.",
        _ => "The sign-in service gave an answer that cannot be used.",
    }
}

/// Whether the application has a catcher of such a code that covers the request.
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

/// Makes an outcome of a responder that cannot fail.
pub(crate) fn respond<'r>(
    request: &'r Request<'_>,
    responder: impl Responder<'r, 'static>,
) -> Outcome<'r> {
    match responder.respond_to(request) {
        Ok(response) => Outcome::Success(response),
        Err(status) => Outcome::Error(status),
    }
}

/// `{"error": "..."}`, as Logto's Python SDK answers.
struct Json(Status, &'static str);

impl<'r> Responder<'r, 'static> for Json {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let body = serde_json::json!({ "error": self.1 }).to_string();
        Ok(Response::build()
            .status(self.0)
            .header(ContentType::JSON)
            .header(Header::new("Cache-Control", "private, no-store"))
            .sized_body(body.len(), Cursor::new(body))
            .finalize())
    }
}

/// Answers with [`Error::status()`], through the application's catcher for it
/// where there is one.
impl<'r> Responder<'r, 'static> for Error {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let outcome = match self.kind() {
            ErrorKind::NotAuthenticated | ErrorKind::SessionEnded => unauthorized(request),
            _ => failure(request, &self),
        };
        match outcome {
            Outcome::Success(response) => Ok(response_of(response)),
            _ => Err(self.status()),
        }
    }
}

/// Our own answers borrow nothing of the request.
fn response_of(response: Response<'_>) -> Response<'static> {
    let mut owned = Response::build();
    owned.status(response.status());
    for header in response.headers().iter() {
        owned.header(Header::new(header.name().to_string(), header.value().to_owned()));
    }
    owned.finalize()
}

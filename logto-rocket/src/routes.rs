//! Sign-in, sign-up, callback, sign-out and back-channel logout.

mod backchannel;

use rocket::Data;
use rocket::http::{Method, Status};
use rocket::request::Request;
use rocket::route::{Handler, Outcome, Route};

use crate::answer::{self, Answer, Navigation, Page};
use crate::error::{Error, ErrorKind};
use crate::location::{Redirect, ReturnPath};
use crate::options::{FirstScreen, SignInOptions};
use crate::state::marker::{Marker, Visit};
use crate::state::{FailedCallback, Logto, SignedOut, is_cross_site};

/// One of the routes that the fairing mounts.
#[derive(Clone, Copy, Debug)]
enum Endpoint {
    SignIn,
    SignUp,
    Callback,
    SignOut,
    BackchannelLogout,
}

/// The routes that the configuration leaves to the fairing, at their paths below
/// the base.
pub(crate) fn routes(logto: &Logto) -> Vec<Route> {
    let routes = &logto.inner.checked.config.routes;
    let all = [
        (Method::Get, &routes.sign_in, Endpoint::SignIn),
        (Method::Get, &routes.sign_up, Endpoint::SignUp),
        (Method::Get, &routes.callback, Endpoint::Callback),
        (Method::Get, &routes.sign_out, Endpoint::SignOut),
        (Method::Post, &routes.sign_out, Endpoint::SignOut),
        (Method::Post, &routes.backchannel_logout, Endpoint::BackchannelLogout),
    ];
    let mounted = all.into_iter().filter(|(_, path, _)| path.mount);
    mounted
        .map(|(method, path, endpoint)| {
            let mut route = Route::new(method, &path.path, endpoint);
            route.name = Some(format!("logto {endpoint:?}").into());
            route
        })
        .collect()
}

#[rocket::async_trait]
impl Handler for Endpoint {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let Some(logto) = Logto::of(request) else {
            return Outcome::Error(Status::InternalServerError);
        };
        let answered = match self {
            Self::SignIn => sign_in(logto, request, &SignInOptions::new()).await,
            Self::SignUp => {
                let options = SignInOptions::new().first_screen(FirstScreen::Register);
                sign_in(logto, request, &options).await
            }
            Self::Callback => callback(logto, request).await,
            Self::SignOut => sign_out(logto, request).await,
            Self::BackchannelLogout => {
                return Outcome::Success(backchannel::answer(logto, request, data).await);
            }
        };
        match answered {
            Ok(answer) => answer.outcome(request),
            Err(Failure { error, answer }) => {
                answer::rendered(logto, request, &error, answer).await
            }
        }
    }
}

/// What failed, and the answer to it where the application has none of its own.
struct Failure {
    error: Error,
    answer: Answer,
}

impl Failure {
    fn new(request: &Request<'_>, error: Error) -> Self {
        Self { answer: answer::failure(request, &error), error }
    }
}

async fn sign_in(
    logto: &Logto,
    request: &Request<'_>,
    options: &SignInOptions,
) -> Result<Answer, Failure> {
    if Navigation::of(request) != Navigation::Page {
        return Ok(answer::unauthorized(request));
    }
    let query = Query::of(request);
    if let Some(host) = request.host()
        && !query.moved
        && !logto.site().is_host(&host.to_string())
    {
        let location = moved(logto, request, query.return_to.as_deref());
        return Ok(Answer::Redirect(Redirect::to(location)));
    }
    let return_to = query.return_to.and_then(|path| logto.site().return_path(&path));
    match logto.begin_sign_in(Visit::of(request), options, return_to).await {
        Ok(location) => Ok(Answer::Redirect(Redirect::to(location))),
        Err(error) => Err(Failure::new(request, error)),
    }
}

/// The parameters of `/sign-in` that mean something; no other one does.
#[derive(Default)]
struct Query {
    return_to: Option<String>,
    /// The browser was already sent to the base URL. A proxy that rewrites `Host`
    /// would else send it there forever.
    moved: bool,
}

impl Query {
    fn of(request: &Request<'_>) -> Self {
        let mut given = Self::default();
        let query = request.uri().query().map(|query| query.as_str()).unwrap_or_default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "return_to" => given.return_to = Some(value.into_owned()),
                "moved" => given.moved = true,
                _ => {}
            }
        }
        given
    }
}

/// This page on the host of the base URL: cookies set on another one, as
/// `127.0.0.1` for `localhost`, would not be sent to the callback.
fn moved(logto: &Logto, request: &Request<'_>, return_to: Option<&str>) -> String {
    let mut location = logto.site().url(request.uri().path().as_str());
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("moved", "1");
    if let Some(return_to) = return_to {
        query.append_pair("return_to", return_to);
    }
    location.push('?');
    location.push_str(&query.finish());
    location
}

async fn callback(logto: &Logto, request: &Request<'_>) -> Result<Answer, Failure> {
    let query = Marker::of(request).callback.get().map(String::as_str).unwrap_or_default();
    match logto.complete_sign_in(Visit::of(request), query).await {
        Ok(completed) => {
            let location = logto.site().page(&completed.return_to);
            Ok(Answer::Redirect(Redirect::to(location)))
        }
        Err(failed) => {
            Marker::of(request).fail(&failed.error);
            let answer = Answer::Page(failed_page(logto, &failed));
            Err(Failure { error: failed.error, answer })
        }
    }
}

/// The page of a failed callback. Never a redirect: with a browser that drops
/// cookies or a clock that is wrong it would never end.
fn failed_page(logto: &Logto, failed: &FailedCallback) -> Page {
    log::warn!("logto: a callback did not sign in: {}", failed.error);
    let (title, message) = match failed.error.kind() {
        ErrorKind::SignInRefused => ("Sign-in refused", failed.error.detail()),
        ErrorKind::Cancelled => ("Sign-in cancelled", "You left before it was finished."),
        ErrorKind::SignInNotFound => (
            "Sign-in expired",
            "This sign-in took too long, was used already, or was begun in another browser.",
        ),
        ErrorKind::InvalidCallback => {
            ("Sign-in failed", "The answer of the sign-in service does not fit your sign-in.")
        }
        _ => ("Sign-in failed", answer::message(&failed.error)),
    };
    Page::new(failed.error.status(), title, message.to_owned())
        .link(logto.sign_in_location(Some(&failed.return_to)), "Sign in again")
}

async fn sign_out(logto: &Logto, request: &Request<'_>) -> Result<Answer, Failure> {
    if is_cross_site(request) {
        return Err(cross_site());
    }
    match logto.sign_out(Visit::of(request)).await {
        Ok(SignedOut::ToLogto(location)) => Ok(Answer::Redirect(Redirect::to(location))),
        Ok(SignedOut::HereOnly) => Ok(Answer::Page(signed_out_here(logto))),
        Err(error) => Err(Failure::new(request, error)),
    }
}

fn cross_site() -> Failure {
    let error = Error::new(ErrorKind::CrossSite, "");
    let message = "Another site asked to sign you out. You are still signed in.";
    let answer = Answer::Page(Page::new(error.status(), "Not signed out", message));
    Failure { error, answer }
}

fn signed_out_here(logto: &Logto) -> Page {
    let message = "You are signed out of this application. The sign-in service does not answer, \
                   so you may still be signed in there.";
    let home = logto.site().page(&ReturnPath::root());
    Page::new(Status::Ok, "Signed out", message).link(home, "Continue")
}

//! Sign-in, sign-up, callback, sign-out, back-channel logout, and metadata of resources.

mod backchannel;
mod resource_metadata;

use rocket::Data;
use rocket::http::{Method, Status};
use rocket::request::Request;
use rocket::route::{Handler, Outcome, Route};

pub(crate) use self::resource_metadata::metadata_routes;
use crate::answer::{self, Answer, Page};
use crate::error::{Error, ErrorKind};
use crate::location::{Redirect, ReturnPath};
use crate::logto::Logto;
use crate::mark;
use crate::options::{FirstScreen, SignInOptions};
use crate::request::{RequestState, Visit};
use crate::sign_in::FailedCallback;
use crate::sign_out::SignedOut;
use crate::warning;

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
/// the base. In an API there are none.
pub(crate) fn routes(logto: &Logto) -> Vec<Route> {
    if !logto.signs_in() {
        return Vec::new();
    }
    let routes = &logto.config().routes;
    let all = [
        (Method::Get, &routes.sign_in, Endpoint::SignIn),
        (Method::Get, &routes.sign_up, Endpoint::SignUp),
        (Method::Get, &routes.callback, Endpoint::Callback),
        (Method::Get, &routes.sign_out, Endpoint::SignOut),
        (Method::Post, &routes.sign_out, Endpoint::SignOut),
        (Method::Post, &routes.backchannel_logout, Endpoint::BackchannelLogout),
    ];
    all.into_iter()
        .filter(|(_, path, _)| path.mount)
        .map(|(method, path, endpoint)| {
            let mut route = Route::new(method, &path.path, endpoint);
            route.name = Some(format!("logto {endpoint:?}").into());
            mark::open(route)
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
            Self::SignIn => sign_in(logto, request, SignInOptions::new()).await,
            Self::SignUp => {
                let options = SignInOptions::new().first_screen(FirstScreen::Register);
                sign_in(logto, request, options).await
            }
            Self::Callback => callback(logto, request).await,
            Self::SignOut => {
                let answered = sign_out(logto, request).await;
                answer::drain(logto, request, data).await;
                answered
            }
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
    options: SignInOptions,
) -> Result<Answer, Failure> {
    let options = options.return_to(return_to(request).as_deref());
    match logto.begin_sign_in(Visit::of(request), &options).await {
        Ok(location) => Ok(Answer::Redirect(Redirect::to(location))),
        Err(error) if error.kind() == ErrorKind::NotNavigation => Ok(not_begun(request)),
        Err(error) if error.kind() == ErrorKind::SignInLoop => {
            warning::warn("a sign-in was not begun", &error);
            let answer = Answer::Page(answer::page(request, &error));
            Err(Failure { error, answer })
        }
        Err(error) => Err(Failure::new(request, error)),
    }
}

/// A request that only looks: a link checker's is not to be told of a broken link.
fn not_begun(request: &Request<'_>) -> Answer {
    match RequestState::of(request).is_head() {
        true => Answer::Page(Page::new(Status::Ok, "Sign in", "Open this address to sign in.")),
        false => answer::unauthorized(request),
    }
}

/// The last `return_to` in the query.
fn return_to(request: &Request<'_>) -> Option<String> {
    let query = request.uri().query()?;
    let pairs = url::form_urlencoded::parse(query.as_str().as_bytes());
    pairs.filter(|(name, _)| name == "return_to").last().map(|(_, value)| value.into_owned())
}

async fn callback(logto: &Logto, request: &Request<'_>) -> Result<Answer, Failure> {
    let query = RequestState::of(request).callback_query(request.uri());
    match logto.complete_sign_in(Visit::of(request), query).await {
        Ok(completed) => {
            let location = logto.site().page(&completed.return_to);
            Ok(Answer::Redirect(Redirect::to(location)))
        }
        Err(failed) => {
            RequestState::of(request).fail(&failed.error);
            let answer = Answer::Page(failed_page(logto, request, &failed));
            // Anybody can link to it: no hook is told that a user left.
            match was_left(&failed.error) {
                true => Ok(answer),
                false => Err(Failure { error: failed.error, answer }),
            }
        }
    }
}

/// Whether a callback said nothing, as where Logto's consent page is left.
fn was_left(error: &Error) -> bool {
    error.kind() == ErrorKind::Cancelled && error.oauth_error().is_none()
}

/// The page of a failed callback. Never a redirect: with a browser that drops
/// cookies or a clock that is wrong it would never end.
fn failed_page(logto: &Logto, request: &Request<'_>, failed: &FailedCallback) -> Page {
    warning::warn("a callback did not sign in", &failed.error);
    let (title, message) = match failed.error.kind() {
        ErrorKind::SignInRefused => ("Sign-in refused", failed.error.detail().to_owned()),
        ErrorKind::Cancelled if was_left(&failed.error) => {
            ("Sign-in cancelled", "You left before it was finished.".into())
        }
        ErrorKind::Cancelled => {
            let message = "You left before it was finished, or you may not use this application.";
            ("Sign-in cancelled", message.into())
        }
        ErrorKind::SignInNotFound => ("Sign-in expired", lost(logto, request)),
        ErrorKind::SessionTooLarge => ("Too much to keep", answer::message(&failed.error).into()),
        ErrorKind::InvalidCallback => {
            let message = "The answer of the sign-in service does not fit your sign-in.";
            ("Sign-in failed", message.into())
        }
        _ => ("Sign-in failed", answer::message(&failed.error).into()),
    };
    Page::new(failed.error.status(), title, message)
        .link(logto.sign_in_location(Some(&failed.return_to)), "Sign in again")
        .link(logto.site().page(&ReturnPath::root()), "Home")
}

/// How a sign-in came to be unknown. A browser without any cookie may be one that lost
/// them: by its settings, or as it began at another address.
fn lost(logto: &Logto, request: &Request<'_>) -> String {
    if request.cookies().iter().next().is_some() {
        let message = "This sign-in took too long, was used already, or was begun in another \
                       browser.";
        return message.into();
    }
    format!(
        "Your browser sent no cookie of this sign-in. It took too long, or was begun in another \
         browser or at another address than {}, or your browser blocks the cookies of this site.",
        logto.site().url("")
    )
}

async fn sign_out(logto: &Logto, request: &Request<'_>) -> Result<Answer, Failure> {
    match logto.sign_out(Visit::of(request)).await {
        Ok(SignedOut::ToLogto(location)) => Ok(Answer::Redirect(Redirect::to(location))),
        Ok(SignedOut::HereOnly) => Ok(Answer::Page(signed_out_here(logto))),
        Err(error) if error.kind() == ErrorKind::CrossSite => Err(cross_site(logto, error)),
        Err(error) => Err(Failure::new(request, error)),
    }
}

fn cross_site(logto: &Logto, error: Error) -> Failure {
    warning::warn("a sign-out was refused", &error);
    let message = "Another site asked to sign you out. You are still signed in.";
    let home = logto.site().page(&ReturnPath::root());
    let page = Page::new(error.status(), "Not signed out", message).link(home, "Continue");
    let answer = Answer::Page(page);
    Failure { error, answer }
}

fn signed_out_here(logto: &Logto) -> Page {
    let message = "You are signed out of this application. The sign-in service does not answer, \
                   so you may still be signed in there.";
    let home = logto.site().page(&ReturnPath::root());
    Page::new(Status::Ok, "Signed out", message).link(home, "Continue")
}

#[cfg(test)]
mod tests {
    use rocket::figment::Figment;
    use rocket::local::blocking::Client;

    use super::*;
    use crate::transaction::Transaction;

    /// A25: the user took two hours on Logto's pages, and the browser kept the cookie.
    #[test]
    fn a_sign_in_that_took_too_long_ends_on_a_page_that_leads_to_the_same_place() {
        let figment = Figment::from(rocket::Config::debug_default())
            .merge(("log_level", "off"))
            .merge(("logto.endpoint", "http://127.0.0.1:9"))
            .merge(("logto.app_id", "app"));
        let rocket = rocket::custom(figment).attach(Logto::fairing());
        let client = Client::untracked(rocket).expect("a client");
        let logto = client.rocket().state::<Logto>().expect("it is managed");
        let transactions = logto.sign_ins().transactions();
        let page = ReturnPath::parse("/page?tab=a").expect("a path");
        let transaction = Transaction::long_ago(&page);
        let request = client.get("/");
        let cookies = transactions.add(request.inner().cookies(), &transaction);

        let callback = format!("/callback?code=a&iss=b&state={}", transaction.state);
        let answer = client.get(callback).cookies(cookies).dispatch();
        assert_eq!(answer.status(), Status::BadRequest);
        let removal = answer.headers().get_one("set-cookie").expect("the cookie is removed");
        assert!(removal.contains("Max-Age=0"), "{removal}");
        let body = answer.into_string().expect("a page");
        assert!(body.contains("took too long"), "{body}");
        assert!(body.contains("/sign-in?return_to=%2Fpage%3Ftab%3Da"), "{body}");
    }
}

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

/// The routes that the fairing mounts, at their paths below the base. An API has none.
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

/// What failed, and the answer if the application has none of its own.
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
            warning::warn("a sign-in could not be started", &error);
            let answer = Answer::Page(answer::page(request, &error));
            Err(Failure { error, answer })
        }
        Err(error) => Err(Failure::new(request, error)),
    }
}

/// A request that does not navigate: a link checker must not report a broken link.
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
        Err(error) => {
            warning::warn("a callback did not sign in", &error);
            let answer = Answer::Page(answer::page(request, &error));
            // Anybody can link to it, so hooks are not notified that a user left.
            match answer::was_left(&error) {
                true => Ok(answer),
                false => Err(Failure { error, answer }),
            }
        }
    }
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
    let message = "You are signed out of this application. The sign-in service is not responding, \
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

//! The page of a callback that did not sign in.

use rocket::request::Request;

use super::{Page, message};
use crate::error::{Error, ErrorKind};
use crate::location::ReturnPath;
use crate::logto::Logto;

/// Whether a callback had no parameters, as when the user leaves Logto's consent page.
pub(crate) fn was_left(error: &Error) -> bool {
    error.kind() == ErrorKind::Cancelled && error.oauth_error().is_none()
}

/// The page, with links home and to sign in again, which leads to `return_to`. Never a
/// redirect: with a browser that drops cookies or a wrong clock it would never end.
pub(super) fn page(logto: &Logto, request: &Request<'_>, error: &Error, return_to: &str) -> Page {
    let (title, message) = match error.kind() {
        ErrorKind::SignInRefused => ("Sign-in refused", error.detail().to_owned()),
        ErrorKind::Cancelled if was_left(error) => {
            ("Sign-in cancelled", "You left before it was finished.".into())
        }
        ErrorKind::Cancelled => {
            let message = "You left before it was finished, or you may not use this application.";
            ("Sign-in cancelled", message.into())
        }
        ErrorKind::SignInNotFound => ("Sign-in expired", lost(logto, request)),
        ErrorKind::SessionTooLarge => ("Session too large", message(error).into()),
        ErrorKind::InvalidCallback => {
            let message = "The sign-in service's response does not match your sign-in.";
            ("Sign-in failed", message.into())
        }
        _ => ("Sign-in failed", message(error).into()),
    };
    let return_to = logto.site().return_path(return_to);
    let page = Page::new(error.status(), title, message);
    let again = logto.sign_in_location(return_to.as_ref());
    let home = logto.site().page(&ReturnPath::root());
    match error.kind() {
        // Another sign-in ends the same, until the operator has changed something.
        ErrorKind::SessionTooLarge => page.link(home, "Home").link(again, "Sign in again"),
        _ => page.link(again, "Sign in again").link(home, "Home"),
    }
}

/// Why a sign-in is unknown. A browser without any cookie may have lost them: by its
/// settings, or because it began at another address.
fn lost(logto: &Logto, request: &Request<'_>) -> String {
    if request.cookies().iter().next().is_some() {
        let message = "This sign-in took too long, was already used, or was started in another \
                       browser.";
        return message.into();
    }
    format!(
        "Your browser sent no cookie for this sign-in. It took too long, or was started in \
         another browser or at an address other than {}, or your browser blocks cookies from this \
         site.",
        logto.site().url("")
    )
}

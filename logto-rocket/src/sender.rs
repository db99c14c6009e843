//! Who sent a request, and for what purpose.

mod authorization;
mod navigation;
mod origins;

use rocket::http::Method;
use rocket::request::Request;

pub(crate) use self::authorization::access_token;
pub(crate) use self::navigation::Navigation;
pub(crate) use self::origins::{Origins, origin_of};
use crate::error::{Error, ErrorKind, Result};

/// Checks that a person asks to sign in with this request: by opening a page, or by a form
/// or script whose method says that it begins something. `was_head` if it was a HEAD
/// request, which Rocket turns into GET.
///
/// # Errors
///
/// [`ErrorKind::NotNavigation`]: a link checker, a prefetch or an image would begin sign-ins
/// that are never completed. Other sites may ask, as identity providers do.
pub(crate) fn check_sign_in(request: &Request<'_>, was_head: bool) -> Result<()> {
    let opens_page = || !was_head && Navigation::of(request) == Navigation::Page;
    match !is_safe(request.method()) || opens_page() {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::NotNavigation, "link to the sign-in, or send a POST")),
    }
}

/// Checks that a person asks to be signed out with this request: by opening a page, or by
/// a form or script of ours whose method says that it changes something. `was_head` if it
/// was a HEAD request, which Rocket turns into GET.
///
/// # Errors
///
/// [`ErrorKind::NotNavigation`], and those of [`check_sign_out_here()`].
pub(crate) fn check_sign_out(
    request: &Request<'_>,
    origins: &Origins,
    was_head: bool,
) -> Result<()> {
    check_sign_out_here(request, origins, was_head)?;
    match !is_safe(request.method()) || Navigation::of(request) == Navigation::Page {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::NotNavigation, "link to the sign-out, or send a POST")),
    }
}

/// Checks that neither another site nor a browser on its own initiative sent this
/// request.
///
/// # Errors
///
/// [`ErrorKind::CrossSite`] for another site: `<img src="/sign-out">` there would sign
/// every visitor out. A browser that does not name the site is trusted. Methods that
/// change something are for `origins` only. [`ErrorKind::NotNavigation`] for HEAD, and for
/// anything that a browser fetches before a click.
pub(crate) fn check_sign_out_here(
    request: &Request<'_>,
    origins: &Origins,
    was_head: bool,
) -> Result<()> {
    if !is_safe(request.method()) {
        return origins.check(request);
    }
    if request.headers().get_one("Sec-Fetch-Site") == Some("cross-site") {
        return Err(Error::new(ErrorKind::CrossSite, ""));
    }
    if was_head {
        return Err(Error::new(ErrorKind::NotNavigation, "HEAD changes nothing"));
    }
    if navigation::is_ahead(request) {
        return Err(Error::new(ErrorKind::NotNavigation, "it came before a click"));
    }
    Ok(())
}

/// Whether requests with this method must not change anything.
fn is_safe(method: Method) -> bool {
    matches!(method, Method::Get | Method::Head | Method::Options)
}

//! What every answer gets from us: the cookies, and the last word on caching.

use rocket::Response;
use rocket::http::{Cookie, Header, Status};
use rocket::request::Request;
use rocket::response::Responder as _;

use crate::answer::{Page, RETRY_AFTER, message};
use crate::state::Logto;
use crate::state::marker::{Carry, Marker};

/// Writes our cookies on every answer. Cookies of the jar are lost when a
/// catcher answers, and a rotated refresh token must never be lost.
pub(super) fn finish<'r>(request: &'r Request<'_>, response: &mut Response<'r>) {
    let Some(logto) = Logto::of(request) else { return };
    let answer = Marker::of(request).take_answer();
    let mut cookies = answer.transactions;
    match session_cookies(logto, request, answer.carry) {
        Ok(written) => cookies.extend(written),
        Err(error) => {
            log::error!("logto: {error}");
            let page = Page::new(error.status(), "Something went wrong", message(&error));
            if let Ok(page) = page.respond_to(request) {
                *response = page;
            }
        }
    }
    let writes = !cookies.is_empty();
    for cookie in &cookies {
        response.adjoin_header(cookie);
    }
    if writes || answer.consulted {
        keep_private(response, writes);
    }
    if let Some(failure) = answer.failure
        && response.status() == Status::ServiceUnavailable
        && failure.is_transient()
    {
        response.set_header(Header::new("Retry-After", RETRY_AFTER));
    }
}

/// What the answer does to the session's cookies. A session that was ended since the
/// request began is not carried: the answer of a slow handler would bring it back.
fn session_cookies(
    logto: &Logto,
    request: &Request<'_>,
    carry: Carry,
) -> crate::Result<Vec<Cookie<'static>>> {
    let (sessions, jar) = (&logto.inner.sessions, request.cookies());
    match carry {
        Carry::Nothing => Ok(Vec::new()),
        Carry::Removal => Ok(sessions.remove(jar)),
        Carry::Session(session) => match logto.to_carry(session) {
            Some(session) => sessions.write(jar, &session),
            None => Ok(Vec::new()),
        },
    }
}

/// Keeps caches from giving one user's answer to another. What an application
/// says itself holds if it is as strict, and never on an answer with our cookies.
fn keep_private(response: &mut Response<'_>, writes: bool) {
    let (mut strict, mut varies) = (false, false);
    // One pass: each look-up by name would hash it anew, on every answer.
    for header in response.headers().iter() {
        let names = |word: &str| {
            header.value().split(',').any(|part| part.trim().eq_ignore_ascii_case(word))
        };
        if header.name() == "Cache-Control" {
            strict |= names("no-store") || names("private") && !writes;
        } else if header.name() == "Vary" {
            varies |= names("Cookie");
        }
    }
    if !strict {
        response.set_header(Header::new("Cache-Control", "private, no-store"));
    }
    if !varies {
        response.adjoin_header(Header::new("Vary", "Cookie"));
    }
}
